"""`ENGINTEL_LOG_URL`: every option is checked, everything wrong is named, and no password is ever told."""

import subprocess
import sys
from pathlib import Path

import pytest

from adapters import catalog
from adapters.log.aws import read_address as read_aws
from adapters.log.catalog import make_stream
from adapters.log.kafka_address import read_address
from adapters.log.kafka_topics import client_configuration
from domain.errors import Misconfigured
from server.settings import Settings, load_settings

SECRET = "hunter2-never-shown"


def test_a_plain_address_needs_no_options() -> None:
    """A broker on this machine; its port may be left out."""
    address = read_address("kafka://127.0.0.1,[::1]:9093")

    assert address.servers == "127.0.0.1:9092,[::1]:9093"
    assert address.configuration["security.protocol"] == "plaintext"
    assert address.create


def test_a_user_means_tls_and_scram_unless_said_otherwise() -> None:
    """A password never goes over a wire in the clear by default; it is percent-decoded."""
    configuration = read_address("kafka://a%40b:p%2Fw%3A%25@k1:9092,k2:9093").configuration

    assert configuration["security.protocol"] == "sasl_ssl"
    assert configuration["sasl.mechanisms"] == "SCRAM-SHA-512"
    assert configuration["sasl.username"] == "a@b"
    assert configuration["sasl.password"] == "p/w:%"


def test_certificates_are_files(tmp_path: Path) -> None:
    """What is named has to be there."""
    ca = tmp_path / "ca.pem"
    ca.touch()
    configuration = read_address(f"kafka://k?security=SSL&ca={ca}&certificate={ca}&key={ca}").configuration

    assert configuration["ssl.ca.location"] == str(ca)
    assert configuration["ssl.key.location"] == str(ca)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis://x", "expected it to begin with kafka://, sqs://, kinesis://"),
        ("kafka", "expected it to begin with"),
        ("kafka://", "broker 1 is not host:port"),
        ("kafka://h:0", "broker 1 is not host:port"),
        ("kafka://h:99999", "broker 1 is not host:port"),
        ("kafka://h,,i", "broker 2 is not host:port"),
        (f"kafka://{SECRET}@h", "needs a user and a password"),
        (f"kafka://u:{SECRET}/x@h", "nothing may stand between"),
        (f"kafka://u:{SECRET}#x@h", "nothing may stand between"),
        (f"kafka://u:{SECRET}?x@h", ""),
        (f"kafka://u:[{SECRET}@h", ""),
        ("kafka://h?securty=ssl", "has no option securty; there are security, mechanism"),
        ("kafka://h?security=tls", "security is 'tls': expected plaintext or ssl"),
        ("kafka://h?security=", "security is empty"),
        ("kafka://h?security=ssl&security=ssl", "security is given twice"),
        ("kafka://h?ca=/nowhere", "ca names '/nowhere', which is not a file"),
        ("kafka://h?mechanism=MD5", "mechanism is 'MD5'"),
        ("kafka://h?mechanism=PLAIN", "PLAIN needs a user and a password"),
        (f"kafka://u:{SECRET}@h?security=plaintext", "knows no users"),
        (f"kafka://u:{SECRET}@h?mechanism=AWS_MSK_IAM&region=x", "takes no user"),
        ("kafka://h?mechanism=AWS_MSK_IAM", "needs the option region"),
        ("kafka://h?partitions=0", "partitions is '0': expected 1 to 10000"),
        ("kafka://h?timeout=soon", "timeout is 'soon': expected 1 to 300"),
        ("kafka://h?create=maybe", "create is 'maybe': expected yes or no"),
        ("kafka://h?prefix=a b", "prefix may have letters"),
        (f"sqs://key:{SECRET}@q", "takes no user"),
        ("sqs://", "expected sqs:// and a name"),
        ("sqs://q.fifo", "expected sqs:// and a name"),
        ("sqs://q?endpoint=ftp://h", "endpoint is not an address"),
        ("sqs://q?visibility=1", "visibility is '1': expected 2 to 43200"),
        ("kinesis://q?visibility=9", "has no option visibility"),
    ],
)
def test_what_will_not_do_is_named(url: str, told: str) -> None:
    """One line that says which option, what was expected, and never the password."""
    with pytest.raises(Misconfigured) as caught:
        make_stream(url, "acme")

    assert told in str(caught.value)
    assert str(caught.value).startswith("ENGINTEL_LOG_URL will not do")
    assert SECRET not in str(caught.value)


def test_secrets_are_in_no_representation() -> None:
    """Whatever is logged of settings and addresses tells no password."""
    url = f"kafka://u:{SECRET}@h"

    assert SECRET not in repr(read_address(url))
    assert SECRET not in repr(Settings(log_url=url))
    assert load_settings({"ENGINTEL_LOG_URL": url}).log_url == url


def test_a_driver_that_is_missing_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """What to install is said."""
    monkeypatch.setattr(catalog, "find_spec", lambda _: None)

    with pytest.raises(Misconfigured, match=r"pip install 'engintel\[kafka\]'"):
        make_stream("kafka://h", "acme")
    with pytest.raises(Misconfigured, match=r"pip install 'engintel\[aws\]'"):
        make_stream("sqs://q", "acme")


def test_drivers_are_imported_late() -> None:
    """A server without a stream never loads them."""
    code = "import sys, server.bootstrap; print({'confluent_kafka', 'boto3'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"


def test_an_aws_address_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    """The endpoint may be a stand-in or one inside a private network."""
    address = read_aws("kinesis://engintel-events?region=eu-central-1&endpoint=http://127.0.0.1:5000&create=yes", 128)

    assert (address.name, address.region, address.create) == ("engintel-events", "eu-central-1", True)
    assert address.endpoint == "http://127.0.0.1:5000"


def test_msk_signs_in_with_a_token_of_the_aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The signer makes it here, without asking anybody; the driver is told until when it holds."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATESTING")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    address = read_address("kafka://b-1.example:9098,b-2.example:9098?mechanism=AWS_MSK_IAM&region=eu-central-1")
    configuration = client_configuration(address)

    token, until = configuration["oauth_cb"]("")

    assert configuration["security.protocol"] == "sasl_ssl"
    assert configuration["sasl.mechanisms"] == "OAUTHBEARER"
    assert len(token) > 100
    assert SECRET not in token
    assert until > 1_700_000_000

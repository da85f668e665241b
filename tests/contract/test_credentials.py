"""Who a connection is made as: a secret that AWS keeps and rotates, or a token that AWS signs."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest

from adapters.postgres.address import read_address
from adapters.postgres.credentials import Token
from adapters.postgres.database import Database
from domain.errors import Misconfigured, StoreUnavailable
from server.settings import load_settings
from tests.contract.guests import shown
from tests.engines.certificates import Authority
from tests.engines.postgres import PASSWORD, Guarded
from tests.engines.relay import Relay, relayed

REGION = "eu-central-1"


@pytest.fixture
def keeper(aws: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of Secrets Manager, as moto plays it; the environment says where."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws)
    monkeypatch.setenv("AWS_REGION", REGION)
    client = boto3.session.Session().client("secretsmanager", region_name=REGION)
    yield client
    client.close()


@pytest.fixture
def secret(keeper: Any, org: str) -> str:
    """A name that no other test uses."""
    del keeper
    return f"engintel/{org}"


@pytest.fixture
def relay(guarded: Guarded, tmp_path: Path) -> Iterator[Relay]:
    """The server's port, with TLS."""
    with relayed(guarded.socket_path, Authority(tmp_path).sign("127.0.0.1")) as started:
        yield started


def as_rds_writes_it(user: str, password: str) -> str:
    """The JSON of a database's secret."""
    return json.dumps({"engine": "postgres", "host": "127.0.0.1", "username": user, "password": password})


async def test_a_rotated_password_is_read_anew_without_a_restart(
    guarded: Guarded, relay: Relay, keeper: Any, secret: str
) -> None:
    """Open connections live on; the next one is refused, reads the secret again and is in."""
    guest = await guarded.invite()
    keeper.create_secret(Name=secret, SecretString=as_rds_writes_it(guest, PASSWORD))
    url = f"postgresql://127.0.0.1:{relay.port}/{guest}?secret={secret}"

    async with Database(url, Path()).open() as database:
        async with database.owner() as connection:
            assert await connection.fetchval("SELECT current_user") == guest
        await guarded.run(f"ALTER ROLE {guest} PASSWORD 'the-next-one'")
        keeper.put_secret_value(SecretId=secret, SecretString=as_rds_writes_it(guest, "the-next-one"))
        relay.cut()

        async with database.owner() as connection:
            assert await connection.fetchval("SELECT current_user") == guest


async def test_rotation_to_another_user_is_followed(guarded: Guarded, relay: Relay, keeper: Any, secret: str) -> None:
    """RDS can rotate between two users, so that one is always good."""
    first, second = await guarded.invite(), await guarded.invite()
    keeper.create_secret(Name=secret, SecretString=as_rds_writes_it(first, PASSWORD))

    async with Database(f"postgresql://127.0.0.1:{relay.port}/postgres?secret={secret}", Path()).open() as database:
        async with database.owner() as connection:
            assert await connection.fetchval("SELECT current_user") == first
        keeper.put_secret_value(SecretId=secret, SecretString=as_rds_writes_it(second, PASSWORD))
        await guarded.run(f"ALTER ROLE {first} NOLOGIN")
        relay.cut()

        async with database.owner() as connection:
            assert await connection.fetchval("SELECT current_user") == second


async def test_a_secret_that_stays_wrong_is_told_without_what_is_in_it(
    guarded: Guarded, relay: Relay, keeper: Any, secret: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Between two steps of a rotation it is wrong for a moment: that is the store's trouble, and tried again."""
    guest = await guarded.invite()
    keeper.create_secret(Name=secret, SecretString=as_rds_writes_it(guest, "out-of-date"))

    async with Database(f"postgresql://127.0.0.1:{relay.port}/{guest}?secret={secret}", Path()).open() as database:
        with pytest.raises(StoreUnavailable, match="refuses the password of") as refused:
            async with database.owner():
                pass
        keeper.put_secret_value(SecretId=secret, SecretString=as_rds_writes_it(guest, PASSWORD))
        async with database.owner() as connection:
            assert await connection.fetchval("SELECT current_user") == guest

    assert "out-of-date" not in shown(refused.value, caplog)


@pytest.mark.parametrize("text", ["hush-hush", '{"username": "ada"}', '["hush-hush"]', '{"password": "hush-hush"}'])
async def test_a_secret_of_something_else_is_told_as_that(
    relay: Relay, keeper: Any, secret: str, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    """And nothing of it is shown."""
    keeper.create_secret(Name=secret, SecretString=text)

    async with Database(f"postgresql://127.0.0.1:{relay.port}/x?secret={secret}", Path()).open() as database:
        with pytest.raises(Misconfigured, match='expected JSON with "username" and "password"') as refused:
            async with database.owner():
                pass

    assert "hush-hush" not in shown(refused.value, caplog)


async def test_a_secret_that_is_not_there_is_told_by_its_name(relay: Relay, secret: str) -> None:
    """With what to look at."""
    async with Database(f"postgresql://127.0.0.1:{relay.port}/x?secret={secret}", Path()).open() as database:
        with pytest.raises(Misconfigured, match=f"ENGINTEL_DATABASE_URL names the secret '{secret}'") as refused:
            async with database.owner():
                pass

    assert "check its name, and AWS_REGION" in str(refused.value)


async def test_a_token_opens_the_database_and_each_connection_gets_its_own(
    guarded: Guarded, relay: Relay, keeper: Any
) -> None:
    """A token is good for fifteen minutes, so that the one of an hour ago opens nothing.

    The server here takes any password from this guest; what it is sent is looked at before.
    """
    guest = await guarded.invite()
    await guarded.run(f"REVOKE guests FROM {guest}")
    url = f"postgresql://{guest}@127.0.0.1:{relay.port}/{guest}?auth=iam&sslmode=require&region={REGION}"
    token = Token(read_address(url))

    first = await token.current()
    async with Database(url, Path()).open() as database, database.owner() as connection:
        assert await connection.fetchval("SELECT current_user") == guest

    assert first.password is not None
    asked = parse_qs(urlsplit(f"https://{first.password}").query)
    assert first.password.startswith(f"127.0.0.1:{relay.port}/?")
    assert (asked["Action"], asked["DBUser"], asked["X-Amz-Expires"]) == (["connect"], [guest], ["900"])
    assert f"/{REGION}/rds-db/aws4_request" in asked["X-Amz-Credential"][0]
    assert relay.secured
    assert first.password not in repr(first)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://ada@127.0.0.1/x?auth=iam", "auth=iam sends a token that opens the database: add sslmode"),
        ("postgresql://127.0.0.1/x?auth=iam&sslmode=require", "auth=iam needs the user and the host"),
        ("postgresql://ada@127.0.0.1/x?auth=iam&sslmode=require&secret=x", "two ways in: keep one of them"),
        ("postgresql://ada@127.0.0.1/x?auth=kerberos", "auth is 'kerberos': expected iam or password"),
        ("postgresql://ada@127.0.0.1/x?pool=none", "pool is 'none': expected 1 to 500"),
        ("postgresql://ada@127.0.0.1/x?pool=4&pool=5", "pool is given twice"),
        ("postgresql://ada@127.0.0.1/x?sslmode=secure", "sslmode is 'secure': expected disable, allow, prefer"),
        ("postgresql://ada@127.0.0.1/x?sslrootcert=/none.pem", "sslrootcert is '/none.pem', which cannot be read"),
        ("postgresql://ada@127.0.0.1/x?sslmode=require&sslrootcert=system", "wants sslmode=verify-full"),
        (
            "postgresql://ada@engintel.cluster-c1.eu-central-1.rds.amazonaws.com/x",
            "download https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem and give sslrootcert=",
        ),
    ],
)
def test_a_url_that_will_not_do_is_told_by_its_option(
    url: str, why: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """At once, and not with the first connection."""
    monkeypatch.setenv("HOME", str(tmp_path))

    with pytest.raises(Misconfigured, match=re.escape(why)) as refused:
        read_address(url)

    assert str(refused.value).startswith("ENGINTEL_DATABASE_URL will not do: ")


def test_a_host_of_amazon_s_is_verified_unless_said_otherwise(tmp_path: Path) -> None:
    """Nobody means an unverified database across a network; its region stands in its name."""
    bundle = Authority(tmp_path).bundle
    aurora = "postgresql://ada@engintel.cluster-c1.eu-central-1.rds.amazonaws.com/x"

    assert "sslmode=verify-full" in read_address(f"{aurora}?sslrootcert={bundle}").dsn
    assert "sslmode=require" in read_address(f"{aurora}?sslmode=require").dsn
    assert read_address(f"{aurora}?sslrootcert=system").system_roots
    assert read_address(f"{aurora}?sslrootcert={bundle}").pooled is None
    proxy = "postgresql://ada@engintel.proxy-c1.eu-central-1.rds.amazonaws.com/x?sslrootcert=system"
    assert read_address(proxy).pooled
    assert read_address(f"{proxy}&pooler=no").pooled is False


def test_settings_are_read_from_secrets_once_each(keeper: Any, secret: str) -> None:
    """One secret holds several; each is asked for once, and what is not secret is left as it is."""
    keeper.create_secret(Name=secret, SecretString=json.dumps({"github": "gh-hush", "jira": "jira-hush", "pin": 12}))
    keeper.create_secret(Name=f"{secret}/plain", SecretString="plain-hush\n")

    settings = load_settings(
        {
            "ENGINTEL_GITHUB_TOKEN": f"aws-sm://{secret}#github",
            "ENGINTEL_JIRA_TOKEN": f"aws-sm://{secret}#jira",
            "ENGINTEL_HTTP_TOKEN": f"aws-sm://{secret}#pin",
            "ENGINTEL_SLACK_TOKEN": f"aws-sm://{secret}/plain",
            "ENGINTEL_JIRA_USER": f"aws-sm://{secret}#jira",
        }
    )

    assert (settings.github_token, settings.jira_token, settings.http_token) == ("gh-hush", "jira-hush", "12")
    assert settings.slack_token == "plain-hush"
    assert settings.jira_user == f"aws-sm://{secret}#jira"
    assert "hush" not in repr(settings)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("aws-sm://{secret}#nothing", "names the key 'nothing' of the secret '{secret}' of AWS Secrets Manager, which"),
        ("aws-sm://{secret}#list", "which is no text: expected the value as text"),
        ("aws-sm://{secret}#empty", "which is no text: expected the value as text"),
        ("aws-sm://{secret}/none#x", "there is none of that name in this account and region"),
        ("aws-sm://{secret}/plain#x", "which is no JSON object: expected one, or leave #x out"),
        ("aws-sm://", "expected aws-sm://SECRET#KEY"),
        ("aws-sm://{secret}#", "expected aws-sm://SECRET#KEY"),
        ("aws-sm://arn:aws:secretsmanager:eu-central-1:123456789012:secret:none#x", "there is none of that name"),
    ],
)
def test_a_secret_that_cannot_be_had_is_told_without_values(
    keeper: Any, secret: str, value: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    """By its name, its key and the setting that names it."""
    keeper.create_secret(Name=secret, SecretString=json.dumps({"github": "hush-1", "list": ["hush-2"], "empty": " "}))
    keeper.create_secret(Name=f"{secret}/plain", SecretString="hush-3")

    with pytest.raises(Misconfigured, match=re.escape(why.format(secret=secret))) as refused:
        load_settings({"ENGINTEL_GITHUB_TOKEN": value.format(secret=secret)})

    assert str(refused.value).startswith("ENGINTEL_GITHUB_TOKEN ")
    assert "hush" not in shown(refused.value, caplog)


def test_a_keeper_that_is_away_is_told_as_that(monkeypatch: pytest.MonkeyPatch, keeper: Any) -> None:
    """A retry may help, which it would not if the name was wrong."""
    del keeper
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")

    with pytest.raises(StoreUnavailable, match="AWS Secrets Manager store is not available: it does not answer"):
        load_settings({"ENGINTEL_GITHUB_TOKEN": "aws-sm://engintel/prod#github"})


def test_without_the_client_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not installed with the program."""
    monkeypatch.setattr("adapters.secrets.aws.find_spec", lambda _: None)

    with pytest.raises(Misconfigured, match=re.escape("pip install 'engintel[aws]'")):
        load_settings({"ENGINTEL_GITHUB_TOKEN": "aws-sm://engintel/prod#github"})

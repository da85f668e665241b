"""What `ENGINTEL_EVENTS_URL` may say of a ClickHouse, and how it is told what will not do."""

import pytest

from adapters.events.clickhouse_address import MEMORY_MB, TIMEOUT, read_folder, read_server
from domain.errors import Misconfigured


def test_a_server_is_read_with_everything_that_it_says() -> None:
    """Secrets are percent-decoded, and never shown."""
    place = read_server(
        "clickhouses://eng%40acme:p%2Fw%23@ch.acme.dev:9440/events?ca=/etc/ca.pem&create=yes&hot_days=400&rollup_days=1000"
        "&timeout=7&memory_mb=500"
    )

    assert (place.host, place.port, place.secure, place.database) == ("ch.acme.dev", 9440, True, "events")
    assert (place.user, place.password, place.ca, place.create) == ("eng@acme", "p/w#", "/etc/ca.pem", True)
    assert (place.limits.timeout, place.limits.memory) == (7, 500_000_000)
    assert (place.limits.hot_days, place.limits.rollup_days) == (400, 1000)
    assert place.name == "ClickHouse at ch.acme.dev:9440/events"
    assert "p/w#" not in repr(place)


@pytest.mark.parametrize(
    ("url", "port", "secure"),
    [
        ("clickhouse://ch", 8123, False),
        ("clickhouse://ch?secure=yes", 8443, True),
        ("clickhouses://ch", 8443, True),
        ("clickhouses://ch?secure=no", 8123, False),
        ("clickhouse://[::1]:81", 81, False),
    ],
)
def test_what_is_left_out_is_as_clickhouse_has_it(url: str, port: int, secure: bool) -> None:
    """Ports, user, database, and limits."""
    place = read_server(url)

    assert (place.port, place.secure, place.user, place.database) == (port, secure, "default", "engintel")
    assert (place.limits.timeout, place.limits.memory) == (TIMEOUT, MEMORY_MB * 1_000_000)
    assert not place.create


def test_a_folder_is_read() -> None:
    """Where the engine in this process keeps its files."""
    place = read_folder("chdb:///var/lib/my%20events?hot_days=30&rollup_days=30")

    assert (place.path, place.name) == ("/var/lib/my events", "chdb in /var/lib/my events")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("clickhouse://", "expected one host"),
        ("clickhouse://a,b/x", "expected one host"),
        ("clickhouse://a:0", "expected one host"),
        ("clickhouse://a/b/c", "expected one name, the database"),
        ("clickhouse://a?ca=/x", "there is none without secure=yes"),
        ("clickhouse://a?rollup_days=10", "rollup_days must be hot_days or more"),
        ("clickhouse://a?hot_days=20&rollup_days=10", "rollup_days must be hot_days or more"),
        ("clickhouse://a?hot_days=0", "hot_days is '0'"),
        ("clickhouse://a?secure=maybe", "secure is 'maybe': expected yes or no"),
        ("clickhouse://a?hot_days=1&hot_days=2", "hot_days is given twice"),
        ("clickhouse://a?vacuum=1", "has no option vacuum"),
    ],
)
def test_a_server_that_will_not_do_is_told(url: str, says: str) -> None:
    """By the name of the variable, and without what stands in it."""
    with pytest.raises(Misconfigured, match="ENGINTEL_EVENTS_URL") as wrong:
        read_server(url)

    assert says in str(wrong.value)


@pytest.mark.parametrize("url", ["chdb://", "chdb:///", "chdb://relative/folder", "chdb://user:pw@/x"])
def test_a_folder_that_will_not_do_is_told(url: str) -> None:
    """It has to be absolute."""
    with pytest.raises(Misconfigured, match="the absolute path of a folder"):
        read_folder(url)

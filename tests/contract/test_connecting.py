"""Getting into a PostgreSQL across a network: whom it believes, and what it says when it cannot get in."""

import argparse
import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.postgres.database import Database
from domain.errors import EngintelError, Misconfigured, StoreUnavailable
from server.cli.doctor import doctor
from tests.contract.guests import shown, url_of
from tests.engines.certificates import Authority, self_signed
from tests.engines.postgres import PASSWORD, Guarded
from tests.engines.relay import Relay, relayed

HOST = "127.0.0.1"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who signs the server's certificate."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def relay(guarded: Guarded, authority: Authority) -> Iterator[Relay]:
    """The server's port, where TLS is spoken with a good certificate."""
    with relayed(guarded.socket_path, authority.sign(HOST)) as started:
        yield started


@pytest.fixture
async def guest(guarded: Guarded) -> str:
    """Somebody with a password."""
    return await guarded.invite()


async def entered(url: str) -> str:
    """Who one is, once in."""
    async with Database(url, Path()).open() as database, database.owner() as connection:
        return str(await connection.fetchval("SELECT current_user"))


async def refusal(url: str, kind: type[EngintelError] = StoreUnavailable) -> EngintelError:
    """How one is not let in: an error of ours, in one line."""
    with pytest.raises(kind) as refused:
        await entered(url)
    assert "\n" not in str(refused.value)
    return refused.value


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full", "prefer"])
async def test_tls_is_spoken_as_libpq_would(relay: Relay, guest: str, authority: Authority, mode: str) -> None:
    """With a certificate that is right, and the authority named, every mode gets in, and nothing is said in clear."""
    assert await entered(url_of(guest, relay.port, f"sslmode={mode}&sslrootcert={authority.bundle}")) == guest

    assert relay.secured


async def test_without_tls_nobody_asks_for_a_certificate(relay: Relay, guest: str) -> None:
    """`disable` means what it says."""
    assert await entered(url_of(guest, relay.port, "sslmode=disable")) == guest

    assert not relay.secured


async def test_an_expired_certificate_is_told_as_that(
    relay: Relay, guest: str, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    """The operator of the database has to renew it, and nobody else can."""
    relay.present(authority.sign(HOST, days=(-30, -1)))

    refused = await refusal(url_of(guest, relay.port, f"sslmode=verify-full&sslrootcert={authority.bundle}"))

    assert str(refused) == (
        f"The PostgreSQL store is not available: the certificate of {HOST}:{relay.port} has expired. Renew it there"
    )
    assert PASSWORD not in shown(refused, caplog)


async def test_a_self_signed_certificate_is_told_as_that(
    relay: Relay, guest: str, authority: Authority, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It may be right; then it is to be given as what to believe."""
    alone = self_signed(tmp_path, HOST)
    relay.present(alone)

    refused = await refusal(url_of(guest, relay.port, f"sslmode=verify-full&sslrootcert={authority.bundle}"))

    assert f"the certificate of {HOST}:{relay.port} is self-signed" in str(refused)
    assert PASSWORD not in shown(refused, caplog)
    assert await entered(url_of(guest, relay.port, f"sslmode=verify-full&sslrootcert={alone.certificate}")) == guest


async def test_a_certificate_of_somebody_else_s_authority_is_told_as_that(
    relay: Relay, guest: str, tmp_path: Path
) -> None:
    """Most often the wrong bundle was given."""
    other = Authority(tmp_path, "Somebody else")

    refused = await refusal(url_of(guest, relay.port, f"sslmode=verify-ca&sslrootcert={other.bundle}"))

    assert "is signed by an authority that is not among those to believe" in str(refused)


async def test_a_certificate_of_another_host_is_taken_by_verify_ca_alone(
    relay: Relay, guest: str, authority: Authority
) -> None:
    """As libpq does it."""
    relay.present(authority.sign("elsewhere.example"))
    bundle = f"sslrootcert={authority.bundle}"

    refused = await refusal(url_of(guest, relay.port, f"sslmode=verify-full&{bundle}"))

    assert f"the certificate of {HOST}:{relay.port} is another host's" in str(refused)
    assert await entered(url_of(guest, relay.port, f"sslmode=verify-ca&{bundle}")) == guest


async def test_a_server_without_tls_is_told_as_that(guarded: Guarded, guest: str) -> None:
    """And the password is not sent to it."""
    with relayed(guarded.socket_path) as plain:
        refused = await refusal(url_of(guest, plain.port, "sslmode=require"))

    assert f"{HOST}:{plain.port} speaks no TLS, and sslmode wants it" in str(refused)


async def test_a_wrong_password_is_told_without_it(relay: Relay, guest: str, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the wrong one nor anything that was sent in its place."""
    refused = await refusal(url_of(guest, relay.port, password="almost-right"))

    assert f"{HOST}:{relay.port} refuses the password of '{guest}'" in str(refused)
    assert "almost-right" not in shown(refused, caplog)


async def test_an_unknown_database_is_told_by_its_name(
    relay: Relay, guest: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It may not be made yet."""
    refused = await refusal(f"postgresql://{guest}:{PASSWORD}@{HOST}:{relay.port}/nowhere")

    assert f"{HOST}:{relay.port} has no database 'nowhere'" in str(refused)
    assert PASSWORD not in shown(refused, caplog)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (f"postgresql://ada:{PASSWORD}@db.invalid/x", "there is no host 'db.invalid'. Check its name in"),
        (f"postgresql://ada:{PASSWORD}@127.0.0.1:1/x", "nothing listens at 127.0.0.1:1. Check host and port in"),
    ],
)
async def test_a_host_that_is_not_there_is_told_by_its_name(
    url: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    """And which setting names it."""
    refused = await refusal(url)

    assert str(refused).startswith(f"The PostgreSQL store is not available: {why} ENGINTEL_DATABASE_URL")
    assert PASSWORD not in shown(refused, caplog)


async def test_a_host_that_says_nothing_is_given_up_in_time(
    relay: Relay, guest: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Packets that are dropped are not refused: nobody may wait for them for ever."""
    relay.silent = True

    refused = await refusal(url_of(guest, relay.port, "connect_timeout=1"))

    assert f"{HOST}:{relay.port} does not answer" in str(refused)
    assert PASSWORD not in shown(refused, caplog)


async def test_too_many_connections_are_told_with_what_can_be_done(
    guarded: Guarded, relay: Relay, guest: str, caplog: pytest.LogCaptureFixture
) -> None:
    """On either end."""
    await guarded.run(f"ALTER ROLE {guest} CONNECTION LIMIT 0")

    refused = await refusal(url_of(guest, relay.port))

    assert "takes no more connections" in str(refused)
    assert "?pool=4" in str(refused)
    assert PASSWORD not in shown(refused, caplog)


async def test_a_read_only_replica_is_told_with_the_endpoint_to_name(
    guarded: Guarded, relay: Relay, guest: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Aurora has two endpoints, and they are easily mistaken for each other."""
    await guarded.run(f"ALTER DATABASE {guest} SET default_transaction_read_only = on")

    refused = await refusal(url_of(guest, relay.port))

    assert f"{HOST}:{relay.port} is read-only: a replica" in str(refused)
    assert "name the writer's endpoint" in str(refused)
    assert PASSWORD not in shown(refused, caplog)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("53100", "its disk is full. Make room there; what is not stored yet waits, and nothing is lost"),
        ("53200", "its server has no memory left"),
        ("57014", "a statement took too long and was stopped"),
        ("25006", "its server is read-only"),
        ("57P01", "its server is being stopped"),
    ],
)
async def test_what_a_server_runs_out_of_is_told(
    relay: Relay, guest: str, code: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A retry may help; no event is at fault."""
    async with Database(url_of(guest, relay.port), Path()).open() as database:
        with pytest.raises(StoreUnavailable, match=re.escape(why)) as refused:
            async with database.owner() as connection:
                await connection.execute(f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{code}'; END $$")
        async with database.owner() as connection:
            assert await connection.fetchval("SELECT 1") == 1

    assert PASSWORD not in shown(refused.value, caplog)


async def test_an_option_that_nobody_knows_is_told(relay: Relay, guest: str, caplog: pytest.LogCaptureFixture) -> None:
    """The driver would pass it on to the server."""
    refused = await refusal(url_of(guest, relay.port, "poool=3"), Misconfigured)

    assert str(refused).startswith("ENGINTEL_DATABASE_URL has an option that neither engintel nor the server")
    assert PASSWORD not in shown(refused, caplog)


async def test_the_pool_is_as_large_as_it_was_asked_to_be(relay: Relay, guest: str) -> None:
    """And no larger: servers have few connections to give."""
    opened = Database(url_of(guest, relay.port, "pool=2"), Path()).open()
    async with opened as database, database.owner() as first, database.owner():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2), database.owner():
                pass
        count = "SELECT count(*) FROM pg_stat_activity WHERE usename = current_user"
        assert await first.fetchval(count) == 2


@pytest.mark.parametrize(
    ("harm", "options", "why"),
    [
        ("ALTER ROLE {guest} PASSWORD 'changed'", "", "refuses the password of"),
        ("ALTER ROLE {guest} CONNECTION LIMIT 0", "", "takes no more connections"),
        ("ALTER DATABASE {guest} SET default_transaction_read_only = on", "", "is read-only: a replica"),
        ("SELECT 1", "sslmode=verify-full&sslrootcert={bundle}", "has expired. Renew it there"),
        ("SELECT 1", "connect_timeout=1", "does not answer"),
    ],
)
async def test_doctor_says_it_in_a_line_and_shows_no_password(
    relay: Relay, guest: str, harm: str, options: str, why: str, *, guarded: Guarded, authority: Authority,
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """What an operator runs first, and pastes into a ticket."""
    relay.present(authority.sign(HOST, days=(-30, -1)))
    relay.silent = "connect_timeout" in options
    await guarded.run(harm.format(guest=guest))
    sslmode = options.format(bundle=authority.bundle) or "sslmode=disable"
    monkeypatch.setenv("ENGINTEL_DATABASE_URL", url_of(guest, relay.port, sslmode))

    code = await doctor(argparse.Namespace(notion_token=False, json=False))

    told = capsys.readouterr()
    [line] = [line for line in told.out.splitlines() if " database: " in line]
    assert code == 1
    assert line.startswith("down   database: why The PostgreSQL store is not available: ")
    assert why in line
    assert PASSWORD not in told.out + told.err + caplog.text

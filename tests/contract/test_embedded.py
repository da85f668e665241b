"""The embedded PostgreSQL: shared by processes, survives kills, changes no folder that is not its own."""

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from adapters.postgres.database import Database
from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.migrate import migrate, migrations, schema_version
from domain.errors import Misconfigured

ROOT = Path(__file__).resolve().parents[2]
HOLD = """
import sys
from pathlib import Path
from adapters.postgres.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
print(server.start(), flush=True)
sys.stdin.read()
server.stop()
"""
AS_ROOT = os.geteuid() == 0


def hold(home: Path) -> "subprocess.Popen[str]":
    """A process that holds the server of a home until its stdin closes."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def url_of(holder: "subprocess.Popen[str]") -> str:
    """Where a holder's server is, once it is up."""
    assert holder.stdout is not None
    return holder.stdout.readline().strip()


def let_go(holder: "subprocess.Popen[str]") -> None:
    """End a holder in an orderly way."""
    holder.communicate(timeout=30)


def kill(holder: "subprocess.Popen[str]") -> None:
    """End a holder as nobody should."""
    holder.kill()
    holder.communicate()


def postmaster(home: Path) -> int | None:
    """The process id of the server of a home, if it has one."""
    try:
        data = next(path for path in (home / "postgres", *shared(home)) if (path / "data").exists()) / "data"
        pid = int((data / "postmaster.pid").read_text(encoding="utf-8").split("\n")[0])
    except (FileNotFoundError, StopIteration):
        return None
    return pid if psutil.pid_exists(pid) else None


def shared(home: Path) -> list[Path]:
    """Where the data of a home lie that the server's own account cannot walk into."""
    pointer = home / "postgres" / "instance"
    return [Path("/var/lib/engintel") / pointer.read_text(encoding="ascii")] if pointer.exists() else []


async def answer(url: str) -> int:
    """What a server says to a question."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return int(await connection.fetchval("SELECT 42"))
    finally:
        await connection.close()


async def test_processes_that_start_at_once_share_one_server(home: Path) -> None:
    """On a fresh home, where each of them would create the data."""
    holders = [hold(home) for _ in range(4)]
    urls = {url_of(holder) for holder in holders}

    assert len(urls) == 1
    assert await answer(urls.pop()) == 42
    for holder in holders:
        let_go(holder)


async def test_the_server_stops_with_its_last_user(home: Path) -> None:
    """And not before."""
    first, second = hold(home), hold(home)
    url_of(first)
    url = url_of(second)

    let_go(first)
    assert await answer(url) == 42
    let_go(second)

    assert postmaster(home) is None


async def test_a_killed_user_leaves_nothing_behind(home: Path) -> None:
    """The kernel drops its lock: the next one out still stops the server."""
    first, second = hold(home), hold(home)
    url_of(first)
    url = url_of(second)

    kill(first)
    assert await answer(url) == 42
    let_go(second)

    assert postmaster(home) is None


async def test_a_killed_server_is_started_again(home: Path) -> None:
    """With what it had acknowledged."""
    first = hold(home)
    connection = await asyncpg.connect(url_of(first))
    await connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    pid = postmaster(home)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    connection.terminate()

    second = hold(home)
    connection = await asyncpg.connect(url_of(second))
    assert await connection.fetchval("SELECT n FROM kept") == 7
    await connection.close()
    let_go(first)
    let_go(second)


async def test_a_number_that_now_belongs_to_another_process_does_not_stop_it(home: Path) -> None:
    """After a restart of a container, the old server's process id is somebody else's."""
    let_go_after_start(home)
    data = home / "postgres" / "data"
    lines = [str(os.getpid()), str(data), "1700000000", "5432", str(home / "postgres"), "", " 1 2", "ready"]
    (data / "postmaster.pid").write_text("\n".join(lines), encoding="utf-8")

    holder = hold(home)

    assert await answer(url_of(holder)) == 42
    let_go(holder)


def let_go_after_start(home: Path) -> None:
    """Have a home with data and no server."""
    holder = hold(home)
    url_of(holder)
    let_go(holder)


async def test_a_half_made_data_folder_is_made_again(home: Path) -> None:
    """Whoever was killed while creating it left only something that is never used."""
    half = home / "postgres" / "data.new-12345"
    let_go_after_start(home)
    half.mkdir()

    holder = hold(home)

    assert await answer(url_of(holder)) == 42
    assert not half.exists()
    let_go(holder)


async def test_a_home_with_a_long_path_gets_its_socket_elsewhere() -> None:
    """A unix socket's path has a limit that folders do not have."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o711)
    home = folder / ("x" * 60) / ("y" * 60)
    holder = hold(home)
    try:
        url = url_of(holder)
        assert await answer(url) == 42
        socket = Path(url.partition("host=")[2])
        assert not socket.is_relative_to(folder)
        assert stat.S_IMODE(socket.stat().st_mode) == 0o700
    finally:
        let_go(holder)
        EmbeddedPostgres(home).remove()
        shutil.rmtree(folder)


@pytest.fixture
def closed() -> Iterator[Path]:
    """A folder that only its owner can walk into, as most homes and clones are."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o700)
    yield folder
    EmbeddedPostgres(folder / "deep" / "home").remove()
    shutil.rmtree(folder)


async def test_no_folder_that_was_here_before_changes_its_mode(closed: Path) -> None:
    """As root too, where the server runs under another account."""
    deep = closed / "deep"
    deep.mkdir(mode=0o700)
    watched = [closed, deep, *closed.parents, Path(sys.prefix), *Path(sys.prefix).parents]
    before = {path: stat.S_IMODE(path.stat().st_mode) for path in watched}

    holder = hold(deep / "home")
    assert await answer(url_of(holder)) == 42
    let_go(holder)

    assert {path: stat.S_IMODE(path.stat().st_mode) for path in watched} == before


@pytest.mark.skipif(not AS_ROOT, reason="only root needs another account for the server")
async def test_as_root_a_closed_home_keeps_its_data_where_the_server_can_reach_them(closed: Path) -> None:
    """In a folder that belongs to the server alone; a home made anew starts with nothing."""
    home = closed / "deep" / "home"
    let_go_after_start(home)
    [place] = shared(home)
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert (place / "data").exists()

    EmbeddedPostgres(home).remove()

    assert not place.exists()


@pytest.mark.skipif(not AS_ROOT, reason="only root needs a copy of the programs that its server's account can read")
async def test_as_root_programs_that_the_server_cannot_read_are_copied(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A virtual environment under /root is closed to everybody else, and stays so."""
    elsewhere = Path(tempfile.mkdtemp())
    elsewhere.chmod(0o711)
    monkeypatch.setattr("adapters.postgres.place._SHARED_PLACE", elsewhere / "shared")
    monkeypatch.setattr("adapters.postgres.place._readable_by_all", lambda _: False)
    server = EmbeddedPostgres(home)
    try:
        assert await answer(await asyncio.to_thread(server.start)) == 42
        assert [path.name.split("-")[0] for path in (elsewhere / "shared").glob("programs-*")] == ["programs"]
    finally:
        server.stop()
        EmbeddedPostgres(home).remove()
        shutil.rmtree(elsewhere)


@pytest.mark.skipif(AS_ROOT, reason="root runs the server under another account, which owns its folder")
def test_the_data_are_the_user_s_alone(home: Path) -> None:
    """Whoever can reach the socket is let in, so nobody else can."""
    let_go_after_start(home)

    assert stat.S_IMODE((home / "postgres").stat().st_mode) == 0o700


def test_what_others_use_is_not_removed(home: Path) -> None:
    """A demo does not pull the floor from under a running server."""
    holder = hold(home)
    url_of(holder)
    try:
        with pytest.raises(Misconfigured, match="in use"):
            EmbeddedPostgres(home).remove()
    finally:
        let_go(holder)


async def test_migrations_that_race_are_taken_once(home: Path) -> None:
    """Two processes that start on a new database."""
    async with Database(None, home).open() as database:
        taken = await asyncio.gather(*(migrate(database) for _ in range(4)))

        assert sorted(step for steps in taken for step in steps) == [number for number, _ in migrations()]
        async with database.owner() as connection:
            assert await schema_version(connection) == migrations()[-1][0]


async def test_a_database_that_is_newer_than_the_program_is_left_alone(home: Path) -> None:
    """And the text says what to do."""
    async with Database(None, home).open() as database:
        await migrate(database)
        async with database.owner() as connection:
            await connection.execute("INSERT INTO engintel.migrations (version) VALUES (9999)")

        with pytest.raises(Misconfigured, match="install the newer engintel"):
            await migrate(database)


async def test_a_migration_that_fails_leaves_no_trace(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step is all or nothing."""
    broken = [(1, "CREATE TABLE migrations (version int); CREATE TABLE half (); SELECT 1 / 0")]
    monkeypatch.setattr("adapters.postgres.migrate.migrations", lambda: broken)
    async with Database(None, home).open() as database:
        with pytest.raises(Exception, match="DivisionByZero"):
            await migrate(database)

        async with database.owner() as connection:
            assert await connection.fetchval("SELECT to_regclass('engintel.half')") is None


async def test_row_level_security_is_on_for_every_table(home: Path) -> None:
    """No table of ours shows a row to a transaction that names no organisation, or another one."""
    async with Database(None, home).open() as database:
        await migrate(database)
        async with database.owner() as connection:
            tables = await connection.fetch(
                "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class "
                "WHERE relnamespace = 'engintel'::regnamespace AND relkind = 'r' AND relname <> 'migrations'"
            )
            with_org = await connection.fetch(
                "SELECT table_name FROM information_schema.columns WHERE table_schema = 'engintel' "
                "AND column_name = 'org' AND is_nullable = 'NO'"
            )
    assert len(tables) > 20
    assert all(row["relrowsecurity"] and row["relforcerowsecurity"] for row in tables)
    assert {row["relname"] for row in tables} <= {row["table_name"] for row in with_org}

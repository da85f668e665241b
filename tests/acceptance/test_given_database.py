"""A PostgreSQL of one's own, named by ENGINTEL_DATABASE_URL, with a user who is no superuser."""

import asyncio
import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from adapters.postgres.embedded import EmbeddedPostgres
from tests.acceptance.program import run
from tests.conftest import make_home, remove_home
from tests.unit.git.clones import Clone

_PASSWORD = "not-to-be-seen"
Administrate = Callable[..., None]


@pytest.fixture(scope="module")
def admin() -> Iterator[str]:
    """The superuser's URL of a server on which engintel never was."""
    home = make_home()
    server = EmbeddedPostgres(home)
    try:
        yield server.start()
    finally:
        server.stop()
        remove_home(home)


@pytest.fixture
def administrate(admin: str) -> Administrate:
    """Statements, run as the superuser."""

    return lambda *statements: run_in(admin, *statements)


def run_in(url: str, *statements: str) -> None:
    """Run statements one by one."""

    async def run_all() -> None:
        connection = await asyncpg.connect(url)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run_all())


@pytest.fixture
def user(administrate: Administrate) -> str:
    """Somebody who may connect to a database of the same name, and nothing more."""
    name = f"guest_{uuid.uuid4().hex[:8]}"
    administrate(f"CREATE ROLE {name} LOGIN PASSWORD '{_PASSWORD}'", f"CREATE DATABASE {name}")
    return name


@pytest.fixture
def url(admin: str, user: str) -> str:
    """What that user is given."""
    return f"postgresql://{user}:{_PASSWORD}@/{user}?{admin.partition('?')[2]}"


def test_it_is_migrated_filled_and_asked_like_the_embedded_one(
    url: str, user: str, admin: str, administrate: Administrate, tmp_path: Path
) -> None:
    """Its owner may create roles, an administrator made the extension; nothing is started in the home."""
    administrate(f"ALTER ROLE {user} CREATEROLE", f"ALTER DATABASE {user} OWNER TO {user}")
    run_in(admin.replace("@/postgres?", f"@/{user}?"), "CREATE EXTENSION vector")
    home = tmp_path / "home"
    clone = Clone(tmp_path / "api")
    clone.commit("Add the first endpoint", {"api/main.py": "print()\n"})

    for words in (("migrate",), ("migrate",), ("ingest", "git", str(clone.path)), ("doctor",)):
        done = run(home, *words, ENGINTEL_DATABASE_URL=url)
        assert done.returncode == 0, done.stderr
        assert _PASSWORD not in done.stdout + done.stderr
    asked = run(
        home, "call", "get_developer", "person=ada@example.org", "days=3650", "--json", ENGINTEL_DATABASE_URL=url
    )

    assert json.loads(asked.stdout)["activity"]["commits"] == 1
    assert not (home / "postgres").exists()


def test_a_user_who_may_not_is_told_what_is_missing(url: str, tmp_path: Path) -> None:
    """In one line, with what an administrator has to do."""
    done = run(tmp_path / "home", "migrate", ENGINTEL_DATABASE_URL=url)

    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "needs to create a schema" in done.stderr
    assert _PASSWORD not in done.stderr

"""The duty of polling, as a process has it: what happens at a source shows up in answers by itself."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from server.bootstrap import Engine, open_engine
from server.settings import Settings
from tests.polling.github_site import ROOT, GitHubSite, a_pull
from tests.polling.web import running


@pytest.fixture
def site() -> Iterator[GitHubSite]:
    with running(GitHubSite()) as there:
        yield there


@asynccontextmanager
async def polling(home: Path, site: GitHubSite) -> AsyncIterator[Engine]:
    """The program with its pollers and its router at work."""
    settings = Settings(home=str(home), github_url=site.url, poll="github:acme/api", poll_seconds="github=5")
    async with open_engine(settings) as engine:
        duties = [asyncio.create_task(duty.run()) for duty in (engine.pollers, engine.router)]
        try:
            yield engine
        finally:
            for duty in duties:
                duty.cancel()
            await asyncio.gather(*duties, return_exceptions=True)


async def merged(engine: Engine, key: str) -> None:
    """Return once the directory knows that a pull request is merged."""
    async with asyncio.timeout(30):
        while True:
            async with engine.database.session("default", readonly=True) as connection:
                if await connection.fetchval("SELECT status FROM work_items WHERE key = $1", key) == "merged":
                    return
            await asyncio.sleep(0.05)


async def test_what_happens_is_known_soon(home: Path, site: GitHubSite) -> None:
    site.add_pull(a_pull(1, 0))
    async with polling(home, site) as engine:
        await merged(engine, "acme/api#1")
        site.add_pull(a_pull(2, 60))
        await merged(engine, "acme/api#2")
    assert site.paths().count(f"{ROOT}/pulls/1") == 1


async def test_two_processes_share_the_duty(home: Path, site: GitHubSite) -> None:
    """However many there are, GitHub is asked as often as one asks."""
    site.add_pull(a_pull(1, 0))
    async with polling(home, site) as one, polling(home, site):
        await merged(one, "acme/api#1")
        site.add_pull(a_pull(2, 60))
        await merged(one, "acme/api#2")
    assert [site.paths().count(f"{ROOT}/pulls/{number}") for number in (1, 2)] == [1, 1]


async def test_a_duty_of_nothing_goes_on(home: Path) -> None:
    async with open_engine(Settings(home=str(home))) as engine:
        duty = asyncio.create_task(engine.pollers.run())
        done, _ = await asyncio.wait({duty}, timeout=0.1)
        assert not done
        duty.cancel()
        with pytest.raises(asyncio.CancelledError):
            await duty

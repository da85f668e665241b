"""The worst days: everything is gone but a backup, or a store is. Afterwards every answer is what it was."""

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from domain.routing import Store
from server.mcp.holder import EngineHolder
from server.settings import Settings
from tests.acceptance.program import NOW
from tests.acceptance.shell import engintel, fail, held_home, inside, succeed
from tests.acceptance.test_store_down import answers, content_of

EVERY_STORE = list(Store)[:4]


async def answers_of(home: Path) -> Mapping[str, Any]:
    """What every reading tool says of the sample organisation, from whatever fills a home."""
    async with EngineHolder(Settings(home=str(home), now=NOW, deadline="60"), fills=False).open() as holder:
        return {name: content_of(answer) for name, answer in (await answers(holder)).items()}


def rows_of(home: Path) -> dict[str, dict[str, Any]]:
    """What `doctor --count` says, by part."""
    told = json.loads(engintel(home, "doctor", "--count", "--json").stdout)
    return {row["part"]: row for row in told["checks"]}


@pytest.fixture(scope="module")
async def expected(sample_home: Path) -> Mapping[str, Any]:
    """What was answered before."""
    return await answers_of(sample_home)


@pytest.fixture(scope="module")
async def restored(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Path, Path]]:
    """A home into which the sample was restored, and the backup."""
    file = tmp_path_factory.mktemp("backup") / "engintel.zip"
    made = succeed(sample_home, "backup", file)
    assert "organisation default: " in made
    with held_home() as home:
        done = engintel(home, "restore", file)
        assert done.returncode == 0, done.stderr
        assert "every store is filled" in done.stdout
        yield home, file


async def test_after_a_restore_every_answer_is_what_it_was(
    restored: tuple[Path, Path], expected: Mapping[str, Any]
) -> None:
    """By one command into an empty home: the four stores are derived, and none of them is in the file."""
    assert await answers_of(restored[0]) == expected


def test_nothing_is_restored_over_an_organisation(restored: tuple[Path, Path]) -> None:
    """Whoever meant another home is told so in one line."""
    home, file = restored
    refused = fail(home, "restore", file)

    assert "log entries, deliveries or actions here already" in refused
    assert "under another ENGINTEL_ORG" in refused


async def test_what_a_store_lost_is_noticed_and_filled_again(
    restored: tuple[Path, Path], expected: Mapping[str, Any]
) -> None:
    """Rows vanish, as after a careless hand: positions know nothing of it, and counting does."""
    home, _ = restored
    assert {rows_of(home)[f"{store} count"]["state"] for store in EVERY_STORE} == {"ok"}
    async with inside(home) as engine, engine.database.session("default") as connection:
        await connection.execute("DELETE FROM events WHERE id IN (SELECT id FROM events LIMIT 500)")
        for table in ("graph_links", "graph_contributions", "graph_declared", "graph_projects", "graph_skills",
                      "graph_states", "graph_provides", "graph_requires"):  # fmt: skip
            await connection.execute(f"DELETE FROM {table}")

    rows = rows_of(home)
    assert rows["events count"]["why"] == "it holds 500 events too few: run `engintel replay --store events`"
    assert rows["graph count"]["why"].startswith("it holds nothing although the log was applied to it")
    assert {rows[f"{store} count"]["state"] for store in (Store.DIRECTORY, Store.VECTORS)} == {"ok"}

    for store in ("events", "graph"):
        assert engintel(home, "replay", "--store", store).returncode == 0
    assert await answers_of(home) == expected
    assert {rows_of(home)[f"{store} count"]["state"] for store in EVERY_STORE} == {"ok"}

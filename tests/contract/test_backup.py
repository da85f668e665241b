"""A backup: everything that cannot be made again, and nothing that would be wrong by the time it is put back."""

import asyncio
import json
import stat
import zipfile
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from adapters.actions.postgres import PostgresAudit, PostgresOutbox, put_decided
from adapters.inbox.postgres import PostgresInbox
from adapters.log.postgres import PostgresLog
from adapters.postgres.backup import KEPT, Manifest, restore_backup, write_backup
from adapters.postgres.database import Database
from domain.actions import Draft
from domain.automations import action_key
from domain.deliveries import Delivery
from domain.errors import InvalidInput
from domain.ports import LANES, Decided, Entry
from tests.events import ADA, START, commit

MESSAGE = Draft(action="notify_slack", target="slack:#payments", text="Failed.")


@pytest.fixture
async def log(database: Database, org: str) -> AsyncIterator[PostgresLog]:
    """A log with a few entries, text that is hard to write down, and a cursor that a lease guards."""
    kept = PostgresLog(database, org)
    awkward = commit("tab", ADA).model_copy(update={"entity": 'a\tb\nc\\d "é" \\N 漢字'})
    await kept.append([*(commit(f"c{n}", ADA) for n in range(20)), awkward], {"git:api": {"at": "c19", "fence": 7}})
    yield kept
    await kept.close()


@pytest.fixture
def other_org(org: str) -> str:
    """Another organisation, of which nothing is known."""
    return f"{org}-again"


async def write(database: Database, org: str, path: Path) -> Manifest:
    """A backup as the command makes it."""
    return await write_backup(database, org, path, version="0", now=START)


async def entries_of(log: PostgresLog) -> list[Entry]:
    """The whole log."""
    return [entry for lane in range(LANES) for entry in await log.read(lane, 0, 1_000)]


async def test_the_log_comes_back_as_it_was(
    database: Database, org: str, other_org: str, log: PostgresLog, tmp_path: Path
) -> None:
    """Every entry at its place and with its time; what comes after it is appended behind it."""
    made = await write(database, org, tmp_path / "b.zip")
    assert made.rows["log"] == 21

    await restore_backup(database, other_org, tmp_path / "b.zip")

    restored = PostgresLog(database, other_org)
    assert await entries_of(restored) == await entries_of(log)
    assert await restored.heads() == await log.heads()
    assert (await restored.append([commit("c1", ADA), commit("new", ADA)])).new == 1


async def test_a_source_goes_on_where_it_was(
    database: Database, org: str, other_org: str, log: PostgresLog, tmp_path: Path
) -> None:
    """Whatever the number of the lease was: leases begin anew, and theirs is smaller."""
    await write(database, org, tmp_path / "b.zip")
    await restore_backup(database, other_org, tmp_path / "b.zip")

    restored = PostgresLog(database, other_org)
    assert await restored.cursor("git:api") == {"at": "c19"}
    await restored.append([], {"git:api": {"at": "c20", "fence": 1}})
    assert await restored.cursor("git:api") == {"at": "c20", "fence": 1}


async def test_deliveries_that_were_acknowledged_are_read_all_the_same(
    database: Database, org: str, other_org: str, tmp_path: Path
) -> None:
    """They are promised; where the inbox stood is kept with them."""
    inbox = PostgresInbox(database, org)
    await inbox.put([Delivery(source="github", headers={"x": "y"}, body=b"\x00\xff{}", received_at=START)])
    await write(database, org, tmp_path / "b.zip")
    await restore_backup(database, other_org, tmp_path / "b.zip")

    restored = PostgresInbox(database, other_org)
    assert await restored.read(0, 10) == await inbox.read(0, 10)
    await restored.put([Delivery(source="github", headers={}, body=b"{}", received_at=START)])
    assert [sack.position for sack in await restored.read(0, 10)] == [1, 2]
    await inbox.close()
    await restored.close()


async def test_what_may_have_left_since_is_looked_for_before_it_is_sent_again(
    database: Database, org: str, other_org: str, tmp_path: Path
) -> None:
    """A backup knows nothing of what was sent after it; what was done stays done, and its audit is there."""
    outbox = PostgresOutbox(database, org)
    async with database.session(org) as connection:
        await put_decided(connection, org, [decided("done"), decided("waiting")])
    claim = await outbox.claim(("slack",), timedelta(minutes=5))
    assert claim is not None
    await outbox.finish(claim, "done")
    await write(database, org, tmp_path / "b.zip")
    await restore_backup(database, other_org, tmp_path / "b.zip")

    restored = PostgresOutbox(database, other_org)
    assert await restored.counts() == {"done": 1, "unknown": 1}
    [unknown] = await restored.entries(("unknown",))
    assert unknown.sent_at is not None
    assert await PostgresAudit(database, other_org).entries(10) == await PostgresAudit(database, org).entries(10)
    async with database.session(other_org) as connection:
        await put_decided(connection, other_org, [decided("done")])
    assert await restored.counts() == {"done": 1, "unknown": 1}, "it is known, and done once"


def decided(event: str) -> Decided:
    """What a rule wants done."""
    return Decided(key=action_key("r", event, MESSAGE), rule="r", event_id=event, draft=MESSAGE, max_per_hour=9)


async def test_rules_take_nothing_in_a_backup_for_news(
    database: Database, org: str, other_org: str, log: PostgresLog, tmp_path: Path
) -> None:
    """Where they stood they go on; where there were none yet, they begin at the end."""
    await write(database, org, tmp_path / "b.zip")
    await restore_backup(database, other_org, tmp_path / "b.zip")

    async with database.session(other_org, readonly=True) as connection:
        rows = await connection.fetch("SELECT lane, position FROM positions WHERE org = $1", other_org)
    assert {row["lane"]: row["position"] for row in rows} == await log.heads()


async def test_nothing_is_mixed_with_what_is_there(
    database: Database, org: str, log: PostgresLog, tmp_path: Path
) -> None:
    """A restore over a log would change what positions mean."""
    before = await entries_of(log)
    await write(database, org, tmp_path / "b.zip")

    with pytest.raises(InvalidInput, match="has 21 log entries, deliveries or actions here already"):
        await restore_backup(database, org, tmp_path / "b.zip")

    assert await entries_of(log) == before


async def test_a_backup_is_for_its_owner_alone_and_never_overwrites(
    database: Database, org: str, log: PostgresLog, tmp_path: Path
) -> None:
    """It holds what people wrote. A second one under the same name is a mistake."""
    path = tmp_path / "b.zip"
    await write(database, org, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()

    with pytest.raises(InvalidInput, match="is there already"):
        await write(database, org, path)
    with pytest.raises(InvalidInput, match="cannot be written: No such file or directory"):
        await write(database, org, tmp_path / "nowhere" / "b.zip")

    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
async def written(database: Database, org: str, log: PostgresLog, tmp_path: Path) -> Path:
    """A backup of the log."""
    await write(database, org, tmp_path / "b.zip")
    return tmp_path / "b.zip"


Harm = Callable[[Path], None]


def cut(path: Path) -> None:
    """The disk was full."""
    path.write_bytes(path.read_bytes()[:-200])


def flipped(path: Path) -> None:
    """A bit of the log's compressed text is another one."""
    whole = bytearray(path.read_bytes())
    whole[whole.index(b"log.copy") + 200] ^= 1
    path.write_bytes(bytes(whole))


def shortened(path: Path) -> None:
    """Somebody took lines out, and put the archive together again."""
    rewritten(path, "log.copy", lambda text: text.split("\n", 3)[3])


def newer(path: Path) -> None:
    """A later program made it."""
    rewritten(path, "manifest.json", lambda text: json.dumps({**json.loads(text), "schema_version": 9_999}))


def something_else(path: Path) -> None:
    """An archive of holiday pictures."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("beach.txt", "sun")


def rewritten(path: Path, member: str, change: Callable[[str], str]) -> None:
    """The same archive with another text in one of its files."""
    with zipfile.ZipFile(path) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    texts[member] = change(texts[member])
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in texts.items():
            archive.writestr(name, text)


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (cut, "is no backup, or not a whole one"),
        (flipped, "is no backup, or not a whole one"),
        (shortened, "is no backup, or not a whole one"),
        (something_else, "is no backup, or not a whole one"),
        (newer, "which is newer than this program"),
        (Path.unlink, "cannot be read: No such file or directory"),
    ],
)
async def test_a_damaged_backup_is_refused_and_leaves_nothing_behind(
    database: Database, other_org: str, written: Path, harm: Harm, says: str
) -> None:
    """Half an organisation would look like a whole one."""
    harm(written)

    with pytest.raises(InvalidInput, match=says):
        await restore_backup(database, other_org, written)

    assert await PostgresLog(database, other_org).heads() == {}


async def test_every_table_is_kept_derived_or_void(database: Database) -> None:
    """Whoever adds a table decides which: a forgotten one is lost in the first disaster."""
    derived = {
        "identities", "identity_signs", "identity_links", "identity_decisions", "terms", "people", "memberships",
        "project_refs", "project_links", "projects", "work_items", "documents", "owner_rules", "names", "events",
        "event_words", "touches", "texts", "texts_owed", "embeddings", "vector_aims", "vector_tides",
        "vector_documents", "profile_pieces", "profiles_due", "graph_projects", "graph_links", "graph_contributions",
        "graph_skills", "graph_states", "graph_provides", "graph_requires", "graph_declared", "quarantine",
    }  # fmt: skip
    void = {"leases", "consumers", "confirmations", "embedding_cache"}
    async with database.owner() as connection:
        rows = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relnamespace = 'engintel'::regnamespace AND relkind = 'r'"
        )

    assert {row["relname"] for row in rows} == {*KEPT, *derived, *void, "migrations"}


async def test_it_is_the_state_of_one_moment(
    database: Database, org: str, other_org: str, log: PostgresLog, tmp_path: Path
) -> None:
    """What is appended while it is written is in all of its tables or in none."""

    async def append(lane: str) -> None:
        for number in count():
            await log.append([commit(f"{lane}-{number}", ADA)])

    appending = [asyncio.create_task(append(f"while-{number}")) for number in range(3)]
    kept = 0
    for number in range(5):
        made = await write(database, org, tmp_path / f"{number}.zip")
        with zipfile.ZipFile(tmp_path / f"{number}.zip") as archive:
            lanes = [row.split("\t") for row in archive.read("lanes.copy").decode().splitlines()]
        kept = made.rows["log"]
        assert sum(int(head) for _, head in lanes) == kept
    for task in appending:
        task.cancel()
    await asyncio.wait(appending)
    assert sum((await log.heads()).values()) > kept, "something was appended meanwhile"

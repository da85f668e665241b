"""Filling ClickHouse: what is put where, so that whatever comes twice, or again after a crash, counts once."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from adapters.events import clickhouse_rows as rows
from adapters.events.clickhouse_dropped import Dropped
from adapters.events.clickhouse_rows import Placed, hashed
from adapters.events.clickhouse_server import Server
from adapters.events.rows import searchable
from adapters.postgres.database import Database
from domain.events import Commit, CommitDropped

_TABLES: Final = (
    "events", "acts", "touches", "skill_uses", "works", "dated_words", "word_counts", "seen", "activity_hourly",
    "activity_daily", "samples", "samples_hourly", "samples_daily", "dropped",
)  # fmt: skip
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


class Writing:
    """What fills one organisation's part of a ClickHouse."""

    def __init__(
        self, server: Server, database: Database, org: str, statements: Mapping[str, str], dropped: Dropped
    ) -> None:
        """Name what is filled.

        Args:
            server: where.
            database: what knows the stems of words.
            org: whose part.
            statements: by name.
            dropped: what its readers know to be hidden.
        """
        self._server = server
        self._dropped = dropped
        self._database = database
        self._org = org
        self._statements = statements

    async def put(self, token: str, placed: Sequence[Placed]) -> None:
        """Put events, each with its position in its lane; see `OutsideProjection.put_placed`."""
        rows.check(event for _, event in placed)
        [[filling]] = await self._server.rows(self._statements["filling"], {"org": self._org})
        token = f"{self._org}:{filling}:{token}"
        texts = {event.id: text for _, event in placed if (text := searchable(event)[1])}
        words = dict(zip(texts, await self.lexemes(list(texts.values())), strict=True)) if texts else {}
        await self._insert("events", rows.EVENTS, rows.event_rows(self._org, placed), token)
        await self._insert("touches", rows.TOUCHES, rows.touch_rows(self._org, placed), token)
        await self._insert("works", rows.WORKS, rows.work_rows(self._org, placed, words), token)
        samples = rows.sample_rows(self._org, placed)
        await self._insert("samples", rows.SAMPLES, samples, token)
        if samples:
            await self._add_up(dict(zip(rows.SAMPLES, samples, strict=True)))
        await self._hide(token, placed)

    async def _insert(self, table: str, columns: Mapping[str, str], found: Sequence[Sequence[Any]], token: str) -> None:
        if found:
            await self._server.insert(table, columns, found, f"{token}:{table}")

    async def _add_up(self, samples: Mapping[str, Sequence[Any]]) -> None:
        """Add up anew the hours, and from them the days, of these measurements."""
        since, last = min(samples["occurred_at"]), max(samples["occurred_at"])
        since = since.replace(hour=0, minute=0, second=0, microsecond=0)
        until = last.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
        given = {
            "org": self._org, "metrics": sorted(set(samples["metric"])), "series": sorted(set(samples["series"])),
            "since": since, "until": until,
        }  # fmt: skip
        await self._server.run(self._statements["add_up_hours"], given)
        await self._server.run(self._statements["add_up_days"], given)

    async def _hide(self, token: str, placed: Sequence[Placed]) -> None:
        """Hide the commits that are dropped here, and note those that come back after they were."""
        drops = [
            (event.project, hashed(event.entity), position)
            for position, event in placed
            if isinstance(event.body, CommitDropped) and event.project
        ]
        found: list[tuple[Any, ...]] = []
        if drops:
            entities = sorted({entity for _, entity, _ in drops})
            there = await self._server.rows(self._statements["to_hide"], {"org": self._org, "entities": entities})
            for project, entity, position in drops:
                found.append((self._org, project, entity, 0, position, ""))
                found += [
                    (self._org, project, entity, at, position, account)
                    for in_project, of, at, account in there
                    if (in_project, of) == (project, entity) and at < position
                ]
            await self._insert("dropped", rows.DROPPED, _columns(found), f"{token}:drop")
            self._dropped.forget()
        commits = [
            (event.project, hashed(event.entity), position, event.actor.key if event.actor else "")
            for position, event in placed
            if isinstance(event.body, Commit) and event.project
        ]
        if commits:
            entities = sorted({entity for _, entity, _, _ in commits})
            dropped = await self._server.rows(self._statements["come_back"], {"org": self._org, "entities": entities})
            known = {(project, entity) for project, entity in dropped}
            back = [
                (self._org, project, entity, position, 0, account)
                for project, entity, position, account in commits
                if (project, entity) in known
            ]
            await self._insert("dropped", rows.DROPPED, _columns(back), f"{token}:back")
            self._dropped.forget()

    async def empty(self) -> None:
        """Remove everything of the organisation. What comes from here on is new, whatever its token."""
        [[filling]] = await self._server.rows(self._statements["filling"], {"org": self._org})
        await self._server.run(_FILL_ANEW, {"org": self._org, "filling": filling + 1})
        self._dropped.forget()
        for table in _TABLES:
            await self._server.run(f"ALTER TABLE {table} DELETE WHERE org = {{org:String}} SETTINGS mutations_sync = 1",
                                   {"org": self._org})  # fmt: skip

    async def settle(self) -> None:
        """Merge the pieces of every table."""
        for table in _TABLES:
            await self._server.run(f"OPTIMIZE TABLE {table}")

    async def lexemes(self, texts: Sequence[str]) -> list[list[str]]:
        """The words of each text as PostgreSQL knows them: both engines then find the same things by them."""
        async with self._database.session(self._org, readonly=True) as connection:
            found = await connection.fetch(_LEXEMES, list(texts))
        return [row["words"] for row in found]


def _columns(found: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return list(map(list, zip(*dict.fromkeys(found), strict=True)))


_LEXEMES: Final = """
SELECT tsvector_to_array(to_tsvector('english', text)) AS words
FROM unnest($1::text[]) WITH ORDINALITY AS t (text, n) ORDER BY n
"""
_FILL_ANEW: Final = "INSERT INTO fillings (org, filling) VALUES ({org:String}, {filling:UInt64})"

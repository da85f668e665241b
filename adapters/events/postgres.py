"""Events in PostgreSQL: one row an event, one row for every file that a commit touched."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from adapters.events.rows import COMMON, Lately, kept, nearest_first, searchable, touched
from adapters.postgres.database import Connection, Database, load_queries
from adapters.postgres.projection import PostgresProjection
from domain.events import DONE_FOR_ACTOR, CommitDropped, Event, decode
from domain.frozen import Utc
from domain.lookup import WORTH_DIGITS, word_weights
from domain.ports import Activity, Groups, SkillUse, Touch, WorkHit
from domain.routing import Store
from domain.window import Window

_SQL: Final = load_queries("adapters.events", "postgres.sql")
_WORTH: Final = 10**WORTH_DIGITS
"""What all words of a question are worth together, as a whole number."""
_ALL: Final = 1 << 40
_EVENTS_A_THING: Final = 5
"""So many of the best events are looked at for each thing that is wanted: a thing is told by one of its events."""


class PostgresEvents(PostgresProjection):
    """The events of one organisation; see `domain.ports.Events`."""

    store = Store.EVENTS
    tables = ("events", "event_words", "touches")

    def __init__(self, database: Database, org: str) -> None:
        """See `PostgresProjection`."""
        super().__init__(database, org)
        self._lately = Lately()

    async def project(self, connection: Connection, events: Sequence[Event]) -> None:
        """Store `events`. A dropped commit goes with its files; whatever was stored before stays as it is."""
        pending: list[Event] = []
        for event in events:
            pending.append(event)
            if isinstance(event.body, CommitDropped):
                await self._insert(connection, pending)
                await self._drop(connection, event)
                pending = []
        await self._insert(connection, pending)

    async def _drop(self, connection: Connection, dropped: Event) -> None:
        """Forget a commit in its project, with its words and its files."""
        place = (self.org, dropped.entity, dropped.project)
        rows = await connection.fetch(_SQL["commits"], *place)
        events = [decode(row["event"]) for row in rows]
        if words := [(event.id, event.occurred_at, searchable(event)[1]) for event in events]:
            await connection.execute(_SQL["drop_words"], self.org, *_columns(words))
        await connection.execute(_SQL["drop_commit"], *place)

    async def _insert(self, connection: Connection, events: Sequence[Event]) -> None:
        if events:
            await connection.execute(_SQL["insert_events"], self.org, *_columns(_row(event) for event in events))
        words = [
            (event.id, event.occurred_at, event.project, text) for event in events if (text := searchable(event)[1])
        ]
        if words:
            await connection.execute(_SQL["insert_words"], self.org, *_columns(words))
        touches = [touch for event in events for touch in _touches(event)]
        if touches:
            await connection.execute(_SQL["insert_touches"], self.org, *_columns(touches))

    async def activity(
        self,
        window: Window,
        types: Collection[str],
        *,
        accounts: Groups | None = None,
        projects: Groups | None = None,
    ) -> Sequence[Activity]:
        """Counts by account, project and type."""
        groups = (*_arrays(accounts), *_arrays(projects))
        async with self.database.session(self.org, readonly=True) as connection:
            rows = await connection.fetch(_SQL["activity"], self.org, list(types), window.since, window.until, *groups)
        return [Activity(**dict(row)) for row in rows]

    async def last_seen(self, accounts: Groups) -> Mapping[str, Utc]:
        """By group, when it was last seen doing anything."""
        async with self.database.session(self.org, readonly=True) as connection:
            rows = await connection.fetch(_SQL["last_seen"], self.org, *_arrays(accounts), sorted(DONE_FOR_ACTOR))
        return {row["counts_as"]: row["at"] for row in rows}

    async def touches(
        self,
        window: Window,
        *,
        half_life: timedelta,
        paths: Collection[str] = (),
        accounts: Groups | None = None,
        projects: Groups | None = None,
        limit: int = 2_000,
    ) -> Sequence[Touch]:
        """Who changed which files, nearest and weightiest first."""
        async with self.database.session(self.org, readonly=True) as connection:

            async def at(places: Sequence[str], where: Groups | None) -> Sequence[Touch]:
                below, after = [f"{place}/" for place in places], [f"{place}0" for place in places]  # 0 follows a slash
                rows = await connection.fetch(
                    _SQL["touches"].replace("$near", _at_or_below(len(places))),
                    self.org, window.since, window.until, *_arrays(accounts), *_arrays(where),
                    list(places), below, after, half_life.total_seconds(), limit,
                )  # fmt: skip
                return [Touch(**dict(row)) for row in rows]

            return await (nearest_first(paths, projects, limit, at) if paths else at((), projects))

    async def skills(
        self,
        window: Window,
        *,
        accounts: Groups | None = None,
        skills: Collection[str] | None = None,
        limit: int = 2_000,
    ) -> Sequence[SkillUse]:
        """Who touched which skills in how many commits, most first."""
        wanted = list(skills) if skills is not None else None
        async with self.database.session(self.org, readonly=True) as connection:
            rows = await connection.fetch(
                _SQL["skills"], self.org, window.since, window.until, *_arrays(accounts), wanted, limit
            )
        return [SkillUse(**dict(row)) for row in rows]

    async def find_work(
        self, text: str, window: Window, *, projects: Collection[str] | None = None, limit: int = 200
    ) -> Sequence[WorkHit]:
        """Commits, pull requests and issues with words of `text`, rare words counting more."""
        where = list(projects) if projects is not None else None
        async with self.database.session(self.org, readonly=True) as connection:
            counted = await connection.fetch(_SQL["words"], self.org, text, COMMON)
            weights = word_weights({row["lexeme"]: row["n"] for row in counted}, COMMON)
            if not weights:
                return []
            worth = [round(weight * _WORTH) for weight in weights.values()]
            asked = (self.org, where, window.since, window.until, list(weights), worth, limit, COMMON)
            few = limit * _EVENTS_A_THING
            rows = await connection.fetch(_SQL["find_work"], *asked, few)
            if len(rows) < limit and rows and rows[0]["looked_at"] >= few:  # much was said of few things
                rows = await connection.fetch(_SQL["find_work"], *asked, _ALL)
        return [
            WorkHit(
                account=row["account"], project=row["project"], type=row["type"], entity=row["entity"],
                title=row["title"], at=row["at"], score=row["score"] / _WORTH,
            )
            for row in rows
        ]  # fmt: skip

    async def read(
        self,
        types: Collection[str],
        window: Window,
        *,
        projects: Collection[str] | None = None,
        limit: int = 50_000,
    ) -> Sequence[Event]:
        """Events of these types in order of time, commits without their files."""
        where = list(projects) if projects is not None else None
        async with self.database.session(self.org, readonly=True) as connection:
            rows = await connection.fetch(
                _SQL["found"], self.org, list(types), window.since, window.until, where, limit
            )
            ids = [row["id"] for row in rows]
            known = self._lately.known(ids)
            if missing := [id_ for id_ in ids if id_ not in known]:
                for row in await connection.fetch(_SQL["read"], self.org, missing):
                    known[row["id"]] = decode(row["event"])
        self._lately.keep(ids, known)
        return [known[id_] for id_ in ids if id_ in known]

    async def happened(
        self, *, ids: Collection[str] | None = None, entity: str | None = None, limit: int = 50
    ) -> Sequence[Event]:
        """Events by their ids, or of one thing, the newest first."""
        wanted = list(ids) if ids is not None else None
        async with self.database.session(self.org, readonly=True) as connection:
            return [
                decode(row["event"])
                for row in await connection.fetch(_SQL["happened"], self.org, wanted, entity, limit)
            ]


def _columns(rows: Iterable[tuple[Any, ...]]) -> Iterator[list[Any]]:
    return map(list, zip(*rows, strict=True))


def _arrays(groups: Groups | None) -> tuple[list[str] | None, list[str] | None]:
    return (None, None) if groups is None else (list(groups), list(groups.values()))


def _row(event: Event) -> tuple[Any, ...]:
    return (
        event.id, event.type, event.source, event.occurred_at, event.entity, event.project,
        event.actor.key if event.actor else None, searchable(event)[0], kept(event),
    )  # fmt: skip


def _touches(event: Event) -> Iterator[tuple[Any, ...]]:
    for account, project, path, skill in touched(event):
        yield (event.id, account, path, event.entity, project, skill, event.occurred_at)


def _at_or_below(places: int) -> str:
    """The condition of a path of which there are so many places: each by where it begins, which an index knows."""
    if not places:  # so no path was asked about
        return "cardinality($8::text[] || $9::text[] || $10::text[]) = 0"
    ranges = (f"t.path ~>=~ ($9::text[])[{n}] AND t.path ~<~ ($10::text[])[{n}]" for n in range(1, places + 1))
    return f"({' OR '.join(('t.path = ANY ($8::text[])', *ranges))})"

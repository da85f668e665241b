"""Events in ClickHouse: a row an event, a row for every file that a commit touched, and what they add up to.

Nothing is ever changed there. A row that comes again has the same key; what is dropped is hidden; what is added up
from rows are sets and extremes, which take a doubled row without harm. So every answer is right before ClickHouse has
merged anything, and after any crash or replay.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

from adapters.common_words import CommonWords
from adapters.events import clickhouse_schema as schema
from adapters.events.clickhouse_address import read_folder, read_server
from adapters.events.clickhouse_dropped import Dropped, Hidden
from adapters.events.clickhouse_errors import STORE, judged
from adapters.events.clickhouse_rows import EARLIEST, LATEST, Placed, hashed
from adapters.events.clickhouse_series import Measured, Step
from adapters.events.clickhouse_server import HttpServer, LocalServer, Rows, Server
from adapters.events.clickhouse_writing import Writing
from adapters.events.rows import COMMON, Lately, nearest_first
from adapters.postgres.database import Database, load_queries
from adapters.postgres.outside import OutsideProjection
from domain.errors import Misconfigured, StoreUnavailable
from domain.events import DONE_FOR_ACTOR, Event, decode
from domain.frozen import Utc
from domain.lookup import WORTH_DIGITS, word_weights
from domain.ports import Activity, Groups, Inspection, SkillUse, Touch, WorkHit
from domain.routing import Store
from domain.window import Window

_QUERIES: Final = load_queries("adapters.events", "clickhouse.sql")
_AMONG_LATEST: Final = """
occurred_at >= transform(word, {words:Array(String)}, {latest:Array(DateTime64(6, 'UTC'))},
                         {since:DateTime64(6, 'UTC')})
"""
"""A word counts since the last of its latest events."""
_LATEST: Final = {
    f"{name}_among_latest": _QUERIES[name].replace("$kept", f"$kept AND {_AMONG_LATEST}")
    for name in ("find_entities", "find_entities_by_many")
}
_SQL: Final = {name: text.rstrip(";") for name, text in {**_QUERIES, **_LATEST}.items()}
_SURELY_COMMON: Final = COMMON * 3 // 2
"""ClickHouse's estimate of distinct things is off by 2 % at most times; at this one a word is common without doubt."""
_MANY: Final = 500
"""Accounts that are told to ClickHouse one by one; of more it is asked about all, which takes less time."""
_BITS: Final = 64
"""Of a number that says which words of a text an event has."""
_MIGRATING: Final = 0x656E68
"""The advisory lock that whoever migrates an engine outside PostgreSQL holds."""


@asynccontextmanager
async def open_clickhouse(url: str, database: Database, org: str) -> AsyncIterator["ClickHouseEvents"]:
    """The events of `org` in the server that `url` names; nothing is connected yet.

    Raises:
        Misconfigured: the URL will not do.
    """
    async with _opened(HttpServer(read_server(url)), database, org) as events:
        yield events


@asynccontextmanager
async def open_chdb(url: str, database: Database, org: str) -> AsyncIterator["ClickHouseEvents"]:
    """The events of `org` in the folder that `url` names; it is not touched yet.

    Raises:
        Misconfigured: the URL will not do.
    """
    async with _opened(LocalServer(read_folder(url)), database, org) as events:
        yield events


@asynccontextmanager
async def _opened(server: Server, database: Database, org: str) -> AsyncIterator["ClickHouseEvents"]:
    try:
        yield ClickHouseEvents(server, database, org)
    finally:
        await server.close()


class ClickHouseEvents(OutsideProjection):
    """The events of one organisation; see `domain.ports.Events`."""

    store = Store.EVENTS

    def __init__(self, server: Server, database: Database, org: str) -> None:
        """Bind them to one organisation; nothing is read or written.

        Args:
            server: where they are.
            database: where its positions are; it also knows the stems of words.
            org: whose they are.
        """
        super().__init__(database, org)
        self.server = server
        self._dropped = Dropped(server, org, _SQL)
        self._writing = Writing(server, database, org, _SQL, self._dropped)
        self._lately = Lately()
        self._birth: str | None = None
        self._checked = False
        self._common = CommonWords[str]()

    @property
    def engine(self) -> str:
        """What it is, for people."""
        return "chdb" if self.server.place.path else "ClickHouse"

    async def inspect(self) -> Inspection:
        """Ask the engine who it is; see `domain.ports.StoreEngine`."""
        with judged():
            version = await self.server.version()
            has = await schema.version_of(self.server)
        return Inspection(
            engine=self.engine,
            version=version,
            schema_version=f"{has} of {schema.newest()}",
            endpoint=self.server.place.endpoint,
        )

    async def migrate(self) -> Sequence[str]:
        """Bring it to the schema that this version needs; gives what was done."""
        with judged():
            return await self._migrated()

    async def _migrated(self) -> Sequence[str]:
        async with self.database.owner() as connection:
            # The lock is held, and nothing said, for as long as a step takes.
            await connection.execute(f"SET LOCAL idle_in_transaction_session_timeout = '{schema.PATIENCE + 60}s'")
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _MIGRATING)
            return await schema.migrate(self.server)

    async def birth(self) -> str:
        """What the engine calls itself. Whoever is to fill it also brings it to the schema that this version needs."""
        if self._birth is None:
            try:
                await self._migrated()
            except Misconfigured as error:  # to whoever fills it, it is away: no event is to blame
                raise StoreUnavailable(STORE, str(error)) from error
            [[birth]] = await self.server.rows(_SQL["birth"], {})
            self._birth = str(birth)
        return self._birth

    async def tally(self) -> Mapping[str, int]:
        """How much it holds of the organisation, by kind."""
        return {str(kind): int(n) for kind, n in await self._ask("tally")}

    async def put(self, token: str, placed: Sequence[Placed]) -> None:
        """Put events; see `OutsideProjection`."""
        await self._writing.put(token, placed)

    async def empty(self) -> None:
        """Remove whatever the engine holds of this organisation."""
        await self._writing.empty()
        self._lately = Lately()
        self._common = CommonWords[str]()

    async def settle(self) -> None:
        """Merge what came in small pieces: reading goes through fewer of them then."""
        await self._writing.settle()

    async def _ask(self, statement: str, **parameters: object) -> Rows:
        """What a statement gives for this organisation, without what was dropped.

        Raises:
            StoreUnavailable: the engine cannot answer, or has not the schema that is needed.
        """
        return await self._told(_SQL[statement], parameters)

    async def _told(self, text: str, parameters: Mapping[str, object]) -> Rows:
        hidden = await self._hidden()
        return await self.server.rows(hidden.left_out(text), {"org": self.org, **hidden.given, **parameters})

    async def _hidden(self) -> Hidden:
        if not self._checked:
            await schema.check(self.server)
            self._checked = True
        return await self._dropped.known()

    async def activity(
        self,
        window: Window,
        types: Collection[str],
        *,
        accounts: Groups | None = None,
        projects: Groups | None = None,
    ) -> Sequence[Activity]:
        """Counts by account, project and type.

        Before the days for which events are kept it counts what was added up: by the hour at both ends of the window,
        and a commit that was dropped since is not counted but may still be the first or last of its hour or day.
        """
        given = {"types": list(types), **_between(window), **_accounts(accounts), **_projects(projects)}
        if self.server.place.limits.hot_days is not None:
            rows = await self._ask("activity_over_tiers", hot_days=self.server.place.limits.hot_days, **given)
        elif accounts is not None and (projects is None or len(accounts) <= len(projects)):
            rows = await self._ask("activity_of_accounts", **given)
        else:
            rows = await self._ask("activity", **given)
        return [
            Activity(account=who, project=place or None, type=kind, n=n, first_at=first_at, last_at=last_at)
            for who, place, kind, n, first_at, last_at in rows
        ]

    async def last_seen(self, accounts: Groups) -> Mapping[str, Utc]:
        """By group, when it was last seen doing anything."""
        many = len(accounts) > _MANY
        hidden = await self._hidden()
        rows = await self._ask(
            "last_seen_of_kept" if hidden.rows else "last_seen",
            any_account=many,
            accounts=[] if many else list(accounts),
            types=sorted(DONE_FOR_ACTOR),
        )
        seen: dict[str, Utc] = {}
        for account, at in rows:
            who = accounts.get(account)
            if who is not None:
                seen[who] = max(at, seen.get(who, at))
        return seen

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

        async def at(near: Sequence[str], where: Groups | None) -> Sequence[Touch]:
            rows = await self._ask(
                "touches",
                **_between(window), **_accounts(accounts), **_projects(where), any_path=not near, near=list(near),
                half_life=half_life.total_seconds(), limit=limit,
            )  # fmt: skip
            return [
                Touch(account=who, project=place, path=path, commits=commits, weight=weight, last_at=last_at)
                for who, place, path, commits, weight, last_at in rows
            ]

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
        rows = await self._ask(
            "skills",
            **_between(window),
            **_accounts(accounts),
            any_skill=skills is None,
            skills=list(skills or ()),
            limit=limit,
        )
        return [
            SkillUse(account=who, skill=skill, commits=commits, last_at=at) for who, skill, commits, at in rows
        ]  # fmt: skip

    async def find_work(
        self, text: str, window: Window, *, projects: Collection[str] | None = None, limit: int = 200
    ) -> Sequence[WorkHit]:
        """Commits, pull requests and issues with words of `text`, rare words counting more."""
        lexemes = (await self._writing.lexemes([text]))[0]
        if not lexemes:
            return []
        counts = await self._word_counts(lexemes)
        weights = word_weights(counts, COMMON)
        where = {**_between(window), **_in(projects)}
        latest = await self._latest(list(weights), where) if min(counts.values()) >= COMMON else {}
        asked = {"words": list(weights), "weights": list(weights.values()), "limit": limit}
        asked |= {"latest": list(latest.values())} if latest else {}
        asked |= {"bits": [1 << n for n in range(len(weights))]} if len(weights) <= _BITS else {}
        statement = "find_entities" if "bits" in asked else "find_entities_by_many"
        best = await self._ask(f"{statement}_among_latest" if latest else statement, **where, **asked)
        if not best:
            return []
        hits: dict[str, tuple[str, WorkHit]] = {}
        for id_, hit in await self._works([entity for (entity,) in best], weights, latest, where):
            known = hits.get(hit.entity)
            if known is None or _rank(hit, id_) < _rank(known[1], known[0]):
                hits[hit.entity] = (id_, hit)
        return sorted((hit for _, hit in hits.values()), key=lambda hit: _rank(hit, hit.entity))[:limit]

    async def _word_counts(self, words: Sequence[str]) -> dict[str, int]:
        """How many events have each word, exactly where that says anything."""
        hidden, common = await self._hidden(), self._common.among(words)
        if rest := [word for word in words if word not in common]:
            rows = await self._ask("about_words", words=rest)
            found = {str(word) for word, n in rows if int(n) - hidden.rows >= _SURELY_COMMON}
            self._common.learn(found)
            common |= found
        doubtful = [word for word in words if word not in common]
        counted = await self._ask("exact_words", words=doubtful) if doubtful else ()
        exact = {word: int(n) for word, n in counted}
        return {word: COMMON if word in common else min(exact.get(word, 0), COMMON) for word in words}

    async def _latest(self, words: Sequence[str], where: Mapping[str, object]) -> dict[str, datetime]:
        """Since when each word counts, where all are common: since the last of its latest events."""
        pieces = (_SQL["latest_of_word"].replace("$n", str(n)) for n in range(1, len(words) + 1))
        rows = await self._told(" UNION ALL ".join(pieces), {"words": list(words), "many": COMMON, **where})
        since = {words[int(n) - 1]: at for at, n in rows}
        return {word: since[word] for word in words}

    async def _works(
        self,
        entities: Sequence[int],
        weights: Mapping[str, float],
        latest: Mapping[str, datetime],
        where: Mapping[str, object],
    ) -> list[tuple[str, WorkHit]]:
        found = []
        for id_, account, project, kind, entity, title, at, words in await self._ask(
            "works", entities=list(entities), **where
        ):
            said = {word for word in words if word not in latest or at >= latest[word]}
            score = round(sum(weight for word, weight in weights.items() if word in said), WORTH_DIGITS)
            if score:
                hit = WorkHit(
                    account=account, project=project or None, type=kind, entity=entity, title=title, at=at, score=score
                )
                found.append((id_, hit))
        return found

    async def read(
        self,
        types: Collection[str],
        window: Window,
        *,
        projects: Collection[str] | None = None,
        limit: int = 50_000,
    ) -> Sequence[Event]:
        """Events of these types in order of time, commits without their files."""
        where = {"types": list(types), **_between(window), **_in(projects)}
        ids = [id_ for (id_,) in await self._ask("found", **where, limit=limit)]
        known = self._lately.known(ids)
        if missing := [id_ for id_ in ids if id_ not in known]:
            for id_, event in await self._ask("read", **where, ids=missing):
                known[id_] = decode(event)
        self._lately.keep(ids, known)
        return [known[id_] for id_ in ids if id_ in known]

    async def happened(
        self, *, ids: Collection[str] | None = None, entity: str | None = None, limit: int = 50
    ) -> Sequence[Event]:
        """Events by their ids, or of one thing, the newest first."""
        rows = await self._ask(
            "happened",
            any_id=ids is None, ids=list(ids or ()), any_entity=entity is None, entity=entity or "",
            entity_hash=hashed(entity or ""), limit=limit,
        )  # fmt: skip
        return [decode(event) for (event,) in rows]

    async def measured(self, metric: str, window: Window, *, by: Step) -> Sequence[Measured]:
        """What the measurements of `metric` add up to, also after they themselves are no longer kept.

        Args:
            metric: its name.
            window: the hours or days that begin in it.
            by: how they are added up.
        """
        rows = await self._ask(
            "measured_hourly" if by == "hour" else "measured_daily", metric=metric, **_between(window)
        )
        return [
            Measured(
                project=project or None, labels=labels, at=at, n=n, total=total, least=least, most=most, latest=latest,
                median=quantiles[0], p90=quantiles[1], p99=quantiles[2],
            )
            for project, labels, at, n, total, least, most, latest, quantiles in rows
        ]  # fmt: skip


def _between(window: Window) -> dict[str, object]:
    """The window as parameters; what lies beyond what ClickHouse can tell is as far as that."""
    return {"since": _told(window.since), "until": _told(window.until)}


def _told(moment: datetime) -> datetime:
    return min(max(moment, EARLIEST), LATEST)


def _accounts(groups: Groups | None) -> dict[str, object]:
    given = groups or {}
    return {"any_account": groups is None, "accounts": list(given), "people": list(given.values())}


def _projects(groups: Groups | None) -> dict[str, object]:
    given = groups or {}
    return {"any_project": groups is None, "projects": list(given), "places": list(given.values())}


def _in(projects: Collection[str] | None) -> dict[str, object]:
    return {"any_project": projects is None, "projects": list(projects or ())}


def _rank(hit: WorkHit, name: str) -> tuple[float, float, str]:
    return (-hit.score, -hit.at.timestamp(), name)

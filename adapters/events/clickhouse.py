"""Events in ClickHouse: a row an event, a row for every file that a commit touched, and what they add up to.

Nothing is ever changed there. A row that comes again has the same key; what is dropped is hidden; what is added up
from rows are sets and extremes, which take a doubled row without harm. So every answer is right before ClickHouse has
merged anything, and after any crash or replay.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from adapters.events import clickhouse_schema as schema
from adapters.events.clickhouse_address import read_folder, read_server
from adapters.events.clickhouse_asking import Asking, between, by_accounts, by_projects, in_projects
from adapters.events.clickhouse_errors import STORE, judged
from adapters.events.clickhouse_rows import Placed, hashed
from adapters.events.clickhouse_series import Measured, Step
from adapters.events.clickhouse_server import HttpServer, LocalServer, Server
from adapters.events.clickhouse_words import WordSearch
from adapters.events.clickhouse_writing import Writing
from adapters.events.rows import Lately, nearest_first
from adapters.postgres.database import Database, load_queries
from adapters.postgres.outside import OutsideProjection
from domain.errors import Misconfigured, StoreUnavailable
from domain.events import DONE_FOR_ACTOR, Event, decode
from domain.frozen import Utc
from domain.ports import Activity, Groups, Inspection, SkillUse, Touch, WorkHit
from domain.routing import Store
from domain.window import Window

_SQL: Final = {name: text.rstrip(";") for name, text in load_queries("adapters.events", "clickhouse.sql").items()}
_GROUPED: Final = "transform(account, {accounts:Array(String)}, {people:Array(String)}, toString(account))"
_MANY: Final = 500
"""Accounts that are told to ClickHouse one by one; of more it is asked about all, which takes less time."""
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
        self._asking = Asking(server, org, _SQL)
        self._writing = Writing(server, database, org, _SQL, self._asking.dropped)
        self._lately = Lately()
        self._birth: str | None = None
        self._words = self._new_words()

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
        held = {str(kind): int(n) for kind, n in await self._asking.ask("tally")}
        if (days := self.server.place.limits.hot_days) is not None:  # not all that came in, then
            held[f"events of {days} days"] = held.pop("events", 0)
        return held

    async def put(self, token: str, placed: Sequence[Placed]) -> None:
        """Put events; see `OutsideProjection`."""
        await self._writing.put(token, placed)

    async def empty(self) -> None:
        """Remove whatever the engine holds of this organisation."""
        await self._writing.empty()
        self._lately = Lately()
        self._words = self._new_words()

    async def settle(self) -> None:
        """Merge what came in small pieces: reading goes through fewer of them then."""
        await self._writing.settle()

    def _new_words(self) -> WordSearch:
        return WordSearch(self._asking, _SQL["latest_of_word"], self._writing.lexemes)

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
        given = {"types": list(types), **between(window), **by_accounts(accounts), **by_projects(projects)}
        if self.server.place.limits.hot_days is not None:
            rows = await self._asking.ask("activity_over_tiers", hot_days=self.server.place.limits.hot_days, **given)
        elif accounts is not None and (projects is None or len(accounts) <= len(projects)):
            rows = await self._asking.ask("activity_of_accounts", **given)
        else:
            rows = await self._asking.ask("activity", **given)
        return [
            Activity(account=who, project=place or None, type=kind, n=n, first_at=first_at, last_at=last_at)
            for who, place, kind, n, first_at, last_at in rows
        ]

    async def last_seen(self, accounts: Groups) -> Mapping[str, Utc]:
        """By group, when it was last seen doing anything."""
        many = len(accounts) > _MANY
        hidden = await self._asking.hidden()
        rows = await self._asking.ask(
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
            rows = await self._asking.ask(
                "touches",
                **between(window), **by_accounts(accounts), **by_projects(where), any_path=not near, near=list(near),
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
        asked = {**between(window), **by_accounts(accounts), "limit": limit}
        if skills is None:
            rows = await self._asking.ask("all_skills", **asked)
        else:
            wanted = sorted(set(skills))
            one = _SQL["skills"].replace("$who", "account" if accounts is None else _GROUPED)
            text = " UNION ALL ".join(one.replace("$n", str(n)) for n in range(1, len(wanted) + 1))
            found = await self._asking.told(text, {"skills": wanted, **asked}) if wanted else ()
            rows = [(who, wanted[nth - 1], commits, at) for who, nth, commits, at in found]
        uses = [SkillUse(account=who, skill=skill, commits=commits, last_at=at) for who, skill, commits, at in rows]
        return sorted(uses, key=lambda use: (-use.commits, use.account, use.skill))[:limit]

    async def find_work(
        self, text: str, window: Window, *, projects: Collection[str] | None = None, limit: int = 200
    ) -> Sequence[WorkHit]:
        """Commits, pull requests and issues with words of `text`, rare words counting more."""
        return await self._words.find(text, window, projects, limit)

    async def read(
        self,
        types: Collection[str],
        window: Window,
        *,
        projects: Collection[str] | None = None,
        limit: int = 50_000,
    ) -> Sequence[Event]:
        """Events of these types in order of time, commits without their files."""
        where = {"types": list(types), **between(window), **in_projects(projects)}
        ids = [id_ for (id_,) in await self._asking.ask("found", **where, limit=limit)]
        known = self._lately.known(ids)
        if missing := [id_ for id_ in ids if id_ not in known]:
            for id_, event in await self._asking.ask("read", **where, ids=missing):
                known[id_] = decode(event)
        self._lately.keep(ids, known)
        return [known[id_] for id_ in ids if id_ in known]

    async def happened(
        self, *, ids: Collection[str] | None = None, entity: str | None = None, limit: int = 50
    ) -> Sequence[Event]:
        """Events by their ids, or of one thing, the newest first."""
        rows = await self._asking.ask(
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
        rows = await self._asking.ask(
            "measured_hourly" if by == "hour" else "measured_daily", metric=metric, **between(window)
        )
        return [
            Measured(
                project=project or None, labels=labels, at=at, n=n, total=total, least=least, most=most, latest=latest,
                median=quantiles[0], p90=quantiles[1], p99=quantiles[2],
            )
            for project, labels, at, n, total, least, most, latest, quantiles in rows
        ]  # fmt: skip

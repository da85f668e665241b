"""The directory in PostgreSQL, embedded or Aurora: filled from events, asked by the tools."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from adapters.directory.postgres_people import fill_people, person_of
from adapters.directory.postgres_projects import fill_projects
from adapters.directory.postgres_work import document_of, fill_work, work_item_of
from adapters.postgres.database import Connection, Row, load_queries
from adapters.postgres.projection import PostgresProjection
from domain.events import Event, OwnerRule
from domain.lookup import LIKENESS, Found, Kind, best, trigrams
from domain.people import SUFFIX_LENGTH, Person, Team
from domain.ports import DocumentRow
from domain.projects import Project
from domain.routing import Store
from domain.text import slug
from domain.window import Window
from domain.work import WorkItem

_SQL: Final = load_queries("adapters.directory", "postgres.sql")
_WORK_KINDS: Final = frozenset({"issue", "pull_request"})


class PostgresDirectory(PostgresProjection):
    """The directory of one organisation; see `domain.ports.Directory`."""

    store = Store.DIRECTORY
    tables = (
        "identities", "identity_signs", "identity_links", "identity_decisions", "terms", "people", "memberships",
        "project_refs", "project_links", "projects", "work_items", "documents", "owner_rules", "names",
    )  # fmt: skip

    async def project(self, connection: Connection, events: Sequence[Event]) -> None:
        """Take in `events`: people and projects first, so that what refers to them finds them."""
        await fill_people(connection, self.org, events)
        await fill_projects(connection, self.org, events)
        await fill_work(connection, self.org, events)

    async def people(
        self, *, ids: Collection[str] | None = None, accounts: Collection[str] | None = None
    ) -> Sequence[Person]:
        """The people with these ids or these accounts; everybody, if neither is given."""
        async with self.database.session(self.org, readonly=True) as connection:
            return await self._people(connection, ids, accounts)

    async def _people(
        self, connection: Connection, ids: Collection[str] | None, accounts: Collection[str] | None = None
    ) -> list[Person]:
        if accounts is not None:
            rows = await connection.fetch(_SQL["owners_of_accounts"], self.org, list(accounts))
            ids = {row["person_id"] for row in rows} | set(ids or ())
        wanted = list(ids) if ids is not None else None
        return [person_of(row) for row in await connection.fetch(_SQL["people"], self.org, wanted)]

    async def find_people(self, wanted: str) -> Sequence[Person]:
        """Everybody who is exactly meant by `wanted`, by the best kind of match that anybody makes."""
        suffix = wanted.rpartition("-")[2] if "-" in wanted else wanted
        async with self.database.session(self.org, readonly=True) as connection:
            by_suffix = suffix if len(suffix) == SUFFIX_LENGTH else None
            rows = await connection.fetch(_SQL["find_people"], self.org, wanted.strip(), by_suffix, slug(wanted))
            ids = [row["person_id"] for row in rows if row["rank"] == rows[0]["rank"]]
            return await self._people(connection, ids) if ids else []

    async def projects(
        self, *, ids: Collection[str] | None = None, refs: Collection[str] | None = None
    ) -> Sequence[Project]:
        """The projects with these ids or references; all, if neither is given."""
        async with self.database.session(self.org, readonly=True) as connection:
            if refs is not None:
                rows = await connection.fetch(_SQL["projects_of_refs"], self.org, list(refs))
                ids = {row["project_id"] for row in rows} | set(ids or ())
            wanted = list(ids) if ids is not None else None
            rows = await connection.fetch(_SQL["projects"], self.org, wanted)
        return [Project.model_validate_json(row["project"]) for row in rows]

    async def find_projects(self, wanted: str) -> Sequence[Project]:
        """Every project that is exactly meant by `wanted`."""
        text = wanted.strip()
        like = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        async with self.database.session(self.org, readonly=True) as connection:
            rows = await connection.fetch(_SQL["find_projects"], self.org, text, like, slug(text))
            ids = [row["id"] for row in rows if row["rank"] == rows[0]["rank"]]
            found = await connection.fetch(_SQL["projects"], self.org, ids)
        return [Project.model_validate_json(row["project"]) for row in found]

    async def teams(self, *, ids: Collection[str] | None = None) -> Sequence[Team]:
        """The teams with these ids; all, if none are given."""
        wanted = list(ids) if ids is not None else None
        async with self.database.session(self.org, readonly=True) as connection:
            rows = await connection.fetch(_SQL["teams"], self.org, wanted)
        return [Team(id=row["id"], name=row["name"], members=tuple(row["members"])) for row in rows]

    async def find_teams(self, wanted: str) -> Sequence[Team]:
        """Every team that is exactly meant by `wanted`."""
        async with self.database.session(self.org, readonly=True) as connection:
            plain = slug(wanted).removesuffix("-team")
            rows = await connection.fetch(_SQL["find_teams"], self.org, wanted.strip(), plain)
        return await self.teams(ids=[row["team"] for row in rows]) if rows else []

    async def search(self, wanted: str, kinds: Collection[Kind], limit: int) -> Sequence[Found]:
        """What goes by something like `wanted`, best first."""
        pieces = sorted(trigrams(wanted))
        work = sorted(_WORK_KINDS.intersection(kinds))
        named = sorted(set(kinds) - _WORK_KINDS)
        found: list[Found] = []
        async with self.database.session(self.org, readonly=True) as connection:
            if named and pieces:
                # Several names of one thing may match, so more are read than are shown.
                rows = await connection.fetch(_SQL["search"], self.org, pieces, named, limit * 5)
                found += [_found(row, wanted) for row in rows if row["likeness"] >= LIKENESS]
            if work:
                rows = await connection.fetch(_SQL["search_work"], self.org, wanted, work, limit)
                found += [
                    Found(kind=row["kind"], id=row["id"], name=row["name"], why=row["stands"], score=row["likeness"])
                    for row in rows
                ]
        return best(found, limit)

    async def open_work(
        self, *, accounts: Collection[str] | None = None, projects: Collection[str] | None = None
    ) -> Sequence[WorkItem]:
        """Work that is not done, of these accounts and these project references."""
        who = list(accounts) if accounts is not None else None
        where = list(projects) if projects is not None else None
        async with self.database.session(self.org, readonly=True) as connection:
            return [work_item_of(row) for row in await connection.fetch(_SQL["open_work"], self.org, who, where)]

    async def done_issues(self, accounts: Collection[str], window: Window) -> Sequence[WorkItem]:
        """Issues assigned to these accounts that were done in `window` and still are."""
        span = (window.since, window.until)
        async with self.database.session(self.org, readonly=True) as connection:
            rows = await connection.fetch(_SQL["done_issues"], self.org, list(accounts), *span)
        return [work_item_of(row) for row in rows]

    async def work_items(self, keys: Collection[str]) -> Sequence[WorkItem]:
        """The issues and pull requests with these keys, done or not."""
        async with self.database.session(self.org, readonly=True) as connection:
            return [work_item_of(row) for row in await connection.fetch(_SQL["work_items"], self.org, list(keys))]

    async def owner_rules(self, projects: Collection[str]) -> Mapping[str, Sequence[OwnerRule]]:
        """The CODEOWNERS rules by project reference."""
        async with self.database.session(self.org, readonly=True) as connection:
            rows = await connection.fetch(_SQL["owner_rules"], self.org, list(projects))
        return {row["project"]: [OwnerRule(**rule) for rule in json.loads(row["rules"])] for row in rows}

    async def documents(self, ids: Collection[str]) -> Sequence[DocumentRow]:
        """The documents with these ids."""
        async with self.database.session(self.org, readonly=True) as connection:
            return [document_of(row) for row in await connection.fetch(_SQL["documents"], self.org, list(ids))]


def _found(row: Row, wanted: str) -> Found:
    name = row["display"] or row["name"]
    exact = wanted.strip().lower() in {row["name"].lower(), row["id"].lower()}
    why = "exact name" if exact else f"like {row['name']!r}"
    return Found(kind=row["kind"], id=row["id"], name=name, why=why, score=1.0 if exact else row["likeness"])

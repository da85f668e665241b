"""The graph in PostgreSQL: tables, recursive queries, and dependencies that meet in a package's name."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from adapters.graph.facts import Key, Span, contributions, evidence_of_page, in_order, skills, spans
from adapters.postgres.database import Connection, load_queries
from adapters.postgres.projection import PostgresProjection
from domain.events import Event, Manifest, ManifestRemoved, ProjectDescribed, Requirement
from domain.impact import MOST_DEPENDENCIES, Dependency, too_many
from domain.ports import Contribution
from domain.projects import canonical_refs
from domain.routing import Store

_SQL: Final = load_queries("adapters.graph", "postgres.sql")


class PostgresGraph(PostgresProjection):
    """The graph of one organisation; see `domain.ports.Graph`."""

    store = Store.GRAPH
    tables = (
        "graph_projects", "graph_links", "graph_contributions", "graph_skills", "graph_states", "graph_provides",
        "graph_requires", "graph_declared",
    )  # fmt: skip

    async def project(self, connection: Connection, events: Sequence[Event]) -> None:
        """Take in who contributed to what with which skills, and what projects say they need."""
        refs = {event.project for event in events if event.project}
        await connection.execute(_SQL["put_refs"], self.org, sorted(refs))
        worked = spans(seen for event in events for seen in contributions(event))
        await self._put_spans(connection, "put_contributions", worked)
        await self._put_spans(connection, "put_skills", spans(seen for event in events for seen in skills(event)))
        relinked = False
        for event in events:
            if isinstance(event.body, Manifest) and event.project:
                provides, requires = event.body.provides, event.body.requires
                await self._put_manifest(connection, event, event.body.path, provides, requires)
            elif isinstance(event.body, ManifestRemoved) and event.project:
                await self._put_manifest(connection, event, event.body.path, (), ())
            elif isinstance(event.body, ProjectDescribed) and event.project:
                await self._describe(connection, event, event.project, event.body)
                relinked = True
        if relinked:
            await self._relink(connection)

    async def _put_spans(self, connection: Connection, query: str, found: Mapping[Key, Span]) -> None:
        if found:
            columns = zip(*((*pair, *span) for pair, span in found.items()), strict=True)
            await connection.execute(_SQL[query], self.org, *map(list, columns))

    async def _put_manifest(
        self,
        connection: Connection,
        event: Event,
        path: str,
        provides: Sequence[str],
        requires: Sequence[Requirement],
    ) -> None:
        place = (self.org, event.project, path)
        if not await connection.fetchval(_SQL["newer_state"], *place, event.occurred_at):
            return
        packages = {requirement.package: requirement for requirement in requires}
        await connection.execute(_SQL["drop_provides"], *place)
        await connection.execute(_SQL["put_provides"], *place, list(dict.fromkeys(provides)))
        await connection.execute(_SQL["drop_requires"], *place, list(packages))
        columns = ([r.spec for r in packages.values()], [r.scope for r in packages.values()])
        await connection.execute(_SQL["put_requires"], *place, event.occurred_at, list(packages), *columns)

    async def _describe(self, connection: Connection, event: Event, ref: str, body: ProjectDescribed) -> None:
        if not await connection.fetchval(_SQL["newer_state"], self.org, ref, "", event.occurred_at):
            return
        known = [ref, *body.refs, *(body.depends_on or ())]
        await connection.execute(_SQL["put_refs"], self.org, known)
        await connection.execute(_SQL["drop_links"], self.org, ref)
        await connection.execute(_SQL["put_links"], self.org, ref, list(body.refs))
        if body.depends_on is not None:
            needed = list(dict.fromkeys(body.depends_on))
            told = (evidence_of_page(event, body), event.occurred_at)
            await connection.execute(_SQL["drop_declared"], self.org, ref, needed)
            await connection.execute(_SQL["put_declared"], self.org, ref, *told, needed)

    async def _relink(self, connection: Connection) -> None:
        """Work out which references are one project, and write what changed."""
        before = {row["ref"]: row["canonical"] for row in await connection.fetch(_SQL["all_refs"], self.org)}
        links = [(row["left_ref"], row["right_ref"]) for row in await connection.fetch(_SQL["all_links"], self.org)]
        moved = {ref: to for ref, to in canonical_refs(before, links).items() if before[ref] != to}
        if moved:
            await connection.execute(_SQL["set_canonical"], self.org, list(moved), list(moved.values()))

    async def contributors(self, projects: Collection[str]) -> Sequence[Contribution]:
        """Everybody who ever contributed to these project references."""
        return await self._contributions("contributors", projects)

    async def contributions(self, accounts: Collection[str]) -> Sequence[Contribution]:
        """Everything that these accounts ever contributed to."""
        return await self._contributions("contributions", accounts)

    async def _contributions(self, query: str, keys: Collection[str]) -> Sequence[Contribution]:
        async with self.database.session(self.org, readonly=True) as connection:
            rows = await connection.fetch(_SQL[query], self.org, list(keys))
        return [Contribution(**dict(row)) for row in rows]

    async def dependencies(self, projects: Collection[str], *, upstream: bool, depth: int) -> Sequence[Dependency]:
        """The edges met when walking from these project references."""
        query = _SQL["needs" if upstream else "dependents"]
        async with self.database.session(self.org, readonly=True) as connection:
            rows = await connection.fetch(query, self.org, list(projects), depth, MOST_DEPENDENCIES + 1)
        if len(rows) > MOST_DEPENDENCIES:
            raise too_many(depth)
        return in_order((Dependency(**dict(row)) for row in rows), upstream=upstream)

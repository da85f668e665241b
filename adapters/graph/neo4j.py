"""The graph in Neo4j: named nodes and relationships that a person may look at, dependencies walked breadth first."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from adapters.graph.facts import in_order
from adapters.graph.neo4j_bolt import CYPHER, Bolt
from adapters.graph.neo4j_store import Neo4jProjection
from adapters.postgres.database import Database
from domain.impact import MOST_DEPENDENCIES, Dependency, too_many
from domain.ports import Contribution

MOST_STEPS: Final = 32
"""The bounds of a walk are part of its statement, and each is planned by itself: there are only so many."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Neo4jGraph(Neo4jProjection):
    """The graph of one organisation; see `domain.ports.Graph`."""

    async def contributors(self, projects: Collection[str]) -> Sequence[Contribution]:
        """Everybody who ever contributed to these project references."""
        return await self._contributions("contributors", projects)

    async def contributions(self, accounts: Collection[str]) -> Sequence[Contribution]:
        """Everything that these accounts ever contributed to."""
        return await self._contributions("contributions", accounts)

    async def _contributions(self, query: str, keys: Collection[str]) -> Sequence[Contribution]:
        if not keys:
            return []
        found = [
            Contribution(account=account, project=project, first_at=_moment(first), last_at=_moment(last))
            for account, project, first, last in await self._answer(CYPHER[query], keys=list(keys))
        ]
        return sorted(found, key=lambda c: (_EPOCH - c.last_at, c.account, c.project))

    async def dependencies(self, projects: Collection[str], *, upstream: bool, depth: int) -> Sequence[Dependency]:
        """The edges met when walking from these project references."""
        if not projects or depth < 1:
            return []
        walk = CYPHER["needs" if upstream else "dependents"].replace("`STEPS`", str(min(depth, MOST_STEPS) - 1))
        rows = await self._answer(walk, refs=list(projects), limit=MOST_DEPENDENCIES + 1)
        if len(rows) > MOST_DEPENDENCIES:
            raise too_many(depth)
        found = (
            Dependency(
                dependent=dependent,
                needed=needed,
                kind=kind,
                evidence=evidence,
                first_seen=_moment(first),
                last_seen=_moment(last),
            )
            for dependent, needed, kind, evidence, first, last in rows
        )
        return in_order(found, upstream=upstream)

    async def _answer(self, statement: str, **parameters: object) -> Sequence[Sequence[Any]]:
        with self.bolt.place.translated(using=True):
            await self._schema.readable()
            [[rows]] = await self.bolt.read(lambda step: step.run(statement, **parameters))
        found: Sequence[Sequence[Any]] = rows
        return found


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


@asynccontextmanager
async def open_neo4j(url: str, database: Database, org: str) -> AsyncIterator[Neo4jGraph]:
    """The graph of `org` in the Neo4j at `url`; it connects when it is used.

    Args:
        url: `neo4j://user:password@host:7687/database?timeout=10`, with +s or +ssc for TLS, bolt for one server.
        database: where quarantine and leases are.
        org: whose graph it is.

    Raises:
        Misconfigured: the URL will not do.
    """
    bolt = Bolt(url, org)
    try:
        yield Neo4jGraph(bolt, database, org)
    finally:
        await bolt.close()

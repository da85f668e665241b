"""A graph in Neo4j that also writes down in which order it was given what, and refuses what it is told to refuse."""

from collections.abc import Mapping, Sequence

from adapters.graph.neo4j import Neo4jGraph
from adapters.graph.neo4j_bolt import Bolt, Step
from adapters.postgres.database import Database
from domain.events import Event


class Neo4jLedger(Neo4jGraph):
    """What it writes down is written by the transaction that applies, without any care for what is there already."""

    known: Mapping[str, str] = {**Neo4jGraph.known, "Applied": "n.event IS NOT NULL"}

    def __init__(self, bolt: Bolt, database: Database, org: str) -> None:
        """See `Neo4jProjection`; nothing is poison at first."""
        super().__init__(bolt, database, org)
        self.poison: set[str] = set()

    async def project(self, step: Step, events: Sequence[Event]) -> None:
        """Apply, unless there is poison in it."""
        await super().project(step, events)
        if any(event.id in self.poison for event in events):
            raise KeyError("a mistake of ours")
        await step.run(_WRITE_DOWN, ids=[event.id for event in events])

    async def applied(self) -> list[str]:
        """The ids of what was applied, in order."""
        rows = await self.bolt.write(lambda step: step.run(_APPLIED))
        return [row[0] for row in rows]

    async def forget(self, ids: Sequence[str]) -> None:
        """Strike what is going to be applied again."""
        await self.bolt.write(lambda step: step.run(_STRIKE, ids=list(ids)))


_WRITE_DOWN = """
MATCH (store:Store {org: $org})
UNWIND range(0, size($ids) - 1) AS n
CREATE (:Applied {org: $org, event: $ids[n], n: coalesce(store.applied, 0) + n})
WITH DISTINCT store
SET store.applied = coalesce(store.applied, 0) + size($ids)
"""
_APPLIED = "MATCH (a:Applied {org: $org}) RETURN a.event ORDER BY a.n"
_STRIKE = "MATCH (a:Applied {org: $org}) WHERE a.event IN $ids DELETE a"

"""Graphs to test, one an engine: made, looked into, filled."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeAlias

from adapters.graph.neo4j import Neo4jGraph, open_neo4j
from adapters.graph.postgres import PostgresGraph
from adapters.postgres.database import Database
from adapters.postgres.projection import PostgresProjection

ENGINES = ("postgres", "neo4j")
GraphEngine: TypeAlias = PostgresGraph | Neo4jGraph


class Graphs:
    """Makes graphs of any organisation in one engine, and lets go of them at the end."""

    def __init__(self, database: Database, url: str | None, stack: AsyncExitStack) -> None:
        self._database = database
        self._url = url
        self._stack = stack

    async def of(self, org: str, url: str | None = None) -> GraphEngine:
        """The graph of an organisation; in Neo4j, by its own driver, as another process has it."""
        if self._url is None:
            return PostgresGraph(self._database, org)
        return await self._stack.enter_async_context(open_neo4j(url or self._url, self._database, org))


@asynccontextmanager
async def graphs_in(database: Database, url: str | None) -> AsyncIterator[Graphs]:
    """Graphs in Neo4j at `url`, or in PostgreSQL."""
    async with AsyncExitStack() as stack:
        yield Graphs(database, url, stack)


async def held(store: PostgresProjection | Neo4jGraph) -> dict[str, list[str]]:
    """Everything that a store holds of its organisation, as text, by table or kind; the organisation is left out."""
    if isinstance(store, PostgresProjection):
        kept: dict[str, list[str]] = {}
        async with store.database.session(store.org, readonly=True) as connection:
            for table in store.tables:
                found = await connection.fetch(f"SELECT t::text AS row FROM {table} t WHERE org = $1", store.org)
                kept[table] = sorted(row["row"].replace(store.org, "ORG") for row in found)
        return kept
    kept = {kind: [] for kind in _KINDS}
    for kind, text, properties in await store.bolt.read(lambda step: step.run(_EVERYTHING)):
        told = " ".join(f"{key}={properties[key]}" for key in sorted(properties) if key != "org")
        kept.setdefault(kind, []).append(f"{text}{told}")
    return {kind: sorted(texts) for kind, texts in kept.items()}


_KINDS = ("User", "Project", "Skill", "Team", "Package", "Manifest", "CONTRIBUTES_TO", "HAS_SKILL", "DEPENDS_ON")
_EVERYTHING = """
MATCH (n {org: $org}) WHERE NOT (n:Store OR n:Position OR n:Released)
RETURN labels(n)[0] AS kind, '' AS text, properties(n) AS properties
UNION ALL
MATCH (a {org: $org})-[r]->(b)
RETURN type(r) AS kind, reduce(text = '', part IN [a.account, a.ref, a.id, a.project, a.path, type(r), b.ref, b.name,
    b.project, b.path] | text + coalesce(part, '') + '|') AS text, properties(r) AS properties
"""

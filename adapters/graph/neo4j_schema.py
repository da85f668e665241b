"""The schema of the graph in Neo4j: keys and indexes, and a node that says which version of them is there."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from neo4j.exceptions import ClientError

from adapters.graph.neo4j_bolt import Bolt
from adapters.postgres.database import load_queries
from domain.ports import Inspection

VERSION: Final = 1
_STATEMENTS: Final = load_queries("adapters.graph", "neo4j_schema.cypher")
_OLDEST: Final = (5, 26)


class Schema:
    """What all organisations in one Neo4j share."""

    def __init__(self, bolt: Bolt) -> None:
        """Name the server; nothing is asked."""
        self._bolt = bolt
        self._there = False
        self._readable = False

    async def inspect(self) -> Inspection:
        """Which Neo4j it is, and which schema it has.

        Raises:
            Misconfigured: it is too old, or its schema is newer than this program.
        """
        [[version, edition]] = await self._bolt.read(lambda step: step.run(_COMPONENTS))
        parts = version.split(".")
        if tuple(int(part) for part in parts[:2] if part.isdecimal()) < _OLDEST:
            raise self._bolt.place.wrong(f"it is version {version}, and engintel needs 5.26 or newer")
        found = await self._version()
        if found > VERSION:
            raise self._bolt.place.wrong(_newer(found))
        return Inspection(
            engine=f"Neo4j {edition}",
            version=version,
            schema_version=f"{found} of {VERSION}",
            endpoint=self._bolt.place.endpoint,
        )

    async def migrate(self) -> Sequence[str]:
        """Make what is missing. Two processes may do this at once.

        Raises:
            Misconfigured: the schema is newer than this program.
        """
        found = await self._version()
        if found > VERSION:
            raise self._bolt.place.wrong(_newer(found))
        if found == VERSION:
            self._there = True
            return ()
        for statement in _STATEMENTS.values():
            await self._bolt.alone(statement)
        await self._bolt.write(lambda step: step.run(_SET_VERSION, version=VERSION))
        self._there = True
        return (f"schema {VERSION}: keys and indexes",)

    async def ensure(self) -> None:
        """See that the schema is there before anything is written; asked once in a process.

        Raises:
            StoreUnavailable: it is newer than this program.
        """
        if self._there:
            return
        if (found := await self._version()) > VERSION:
            raise self._bolt.place.away(_newer(found))
        await self.migrate()

    async def readable(self) -> None:
        """See that what is there can be read by this program; asked once in a process.

        Raises:
            StoreUnavailable: it is newer than this program.
        """
        if self._there or self._readable:
            return
        rows = await self._bolt.read(lambda step: step.run(_GET_VERSION))
        if (found := _highest(rows)) > VERSION:
            raise self._bolt.place.away(_newer(found))
        self._readable = True

    async def settle(self) -> None:
        """Have the planner look again; where the user may not ask for that, it does so by itself, later."""
        with suppress(ClientError):
            await self._bolt.alone("CALL db.prepareForReplanning(30)")

    async def _version(self) -> int:
        rows = await self._bolt.write(lambda step: step.run(_GET_VERSION))
        return _highest(rows)


def _highest(rows: Sequence[Sequence[int]]) -> int:
    return max((row[0] for row in rows), default=0)


def _newer(found: int) -> str:
    return f"it has schema {found} and this version of engintel knows {VERSION}: install the newer engintel"


_COMPONENTS: Final = (
    "CALL dbms.components() YIELD name, versions, edition WHERE name = 'Neo4j Kernel' RETURN versions[0], edition"
)
_GET_VERSION: Final = "MATCH (s:Schema {name: 'engintel'}) RETURN s.version"
_SET_VERSION: Final = "MERGE (s:Schema {name: 'engintel'}) SET s.version = $version"

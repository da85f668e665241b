"""How the graph in Neo4j is filled: position and effect in one transaction there, quarantine in PostgreSQL before it.

Each step of a batch may be the last of this process:

- A batch is applied if the lane stands where it begins; the same transaction moves the lane. What was committed and not
  heard of is found by looking where the lane stands.
- The token of the lease that last filled the store is kept beside the positions, and a smaller one is refused: a worker
  that slept through the loss of its lease changes nothing, whatever PostgreSQL told it before it slept.
- What is put aside is committed to PostgreSQL first, under the store's lock. If nothing follows, it lies beyond the
  position of its lane: such rows do not count, and the next to apply the batch replaces them.
- What is taken out of quarantine is marked in the transaction that applies it, and taken out after: found there
  again, it is known to have been applied.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from adapters.graph.neo4j_bolt import CYPHER, Bolt, Step
from adapters.graph.neo4j_schema import Schema
from adapters.graph.neo4j_writing import take_in
from adapters.postgres.database import Connection, Database
from adapters.postgres.projection import waits
from adapters.postgres.quarantine import forget, put_aside, take_out
from domain.events import Event
from domain.ports import Batch, Inspection, Lease, Quarantined, Standing
from domain.routing import Store


class _Refused(Exception):
    """The transaction is not to be: somebody else was there, or is to be."""


class _Unfinished(Exception):
    """Whoever emptied the graph did not come to the end."""


class Neo4jProjection:
    """The graph as the router fills it; see `domain.ports.StoreEngine`."""

    store = Store.GRAPH
    known: Mapping[str, str] = {
        "User": "n.account IS NOT NULL",
        "Manifest": "n.project IS NOT NULL AND n.path IS NOT NULL",
        "Package": "n.name IS NOT NULL",
        "Skill": "n.name IS NOT NULL",
        "Team": "n.id IS NOT NULL",
        "Project": "n.ref IS NOT NULL",
    }
    """By label, what lets an organisation's nodes be found by the index of their key."""

    def __init__(self, bolt: Bolt, database: Database, org: str) -> None:
        """Bind the store to one organisation; nothing is read or written.

        Args:
            bolt: the way to Neo4j.
            database: where quarantine and leases are.
            org: whose graph it is.
        """
        self.bolt = bolt
        self.database = database
        self.org = org
        self._schema = Schema(bolt)

    async def project(self, step: Step, events: Sequence[Event]) -> None:
        """Apply `events` in order. Called inside the transaction that also moves the position."""
        await take_in(step, events)

    async def inspect(self) -> Inspection:
        """Ask Neo4j who it is."""
        with self.bolt.place.translated(using=False):
            return await self._schema.inspect()

    async def migrate(self) -> Sequence[str]:
        """Make the constraints and indexes that are missing."""
        with self.bolt.place.translated(using=False):
            return await self._schema.migrate()

    async def tally(self) -> Mapping[str, int]:
        """How much the graph holds, by kind."""
        kinds = ("projects", "users", "contributions", "skills", "manifests", "dependencies")
        with self.bolt.place.translated(using=True):
            [counts] = await self.bolt.read(lambda step: step.rows("tally"))
        return dict(zip(kinds, counts, strict=True))

    async def positions(self) -> Mapping[int, int]:
        """For each lane the last position that was applied."""
        return (await self.standing()).positions

    async def standing(self) -> Standing:
        """Where it is, as the leader knows it; a batch is never half done here, so nothing is `begun`."""
        with self.bolt.place.translated(using=True):
            rows = await self.bolt.write(lambda step: step.rows("standing"))
        return Standing(
            positions={lane: position for lane, position, _ in rows if position},
            again_upto={lane: again for lane, position, again in rows if again > position},
        )

    async def apply(self, batch: Batch) -> bool:
        """Apply `batch` unless somebody else is at it; see `domain.ports.Projection`."""
        with self.bolt.place.translated(using=True):
            await self._schema.ensure()
            async with self._turn(batch.lease) as connection:
                if connection is None:
                    return False
                kept = await connection.fetch(_KEPT, self.org, self.store, batch.lane)
                held = {row["entity"] for row in kept if row["position"] <= batch.after and row["entity"]}
                events, waiting = batch.divided(held)
                aside = [*batch.aside, *(waits(self.store, batch.lane, place, event) for place, event in waiting)]
                void = [row for row in kept if row["position"] > batch.after]
                if not aside and not void:
                    return await self._put(batch, events)
                if await self._at(batch.lane) != batch.after:
                    return False
                await connection.execute(_VOID, self.org, self.store, batch.lane, batch.after)
                if aside:
                    await put_aside(connection, self.org, aside)
            async with self._turn(batch.lease) as connection:
                if connection is None:
                    return False
                kept = await connection.fetch(_KEPT, self.org, self.store, batch.lane)
                if {row["position"] for row in kept if row["position"] > batch.after} != {i.position for i in aside}:
                    return False  # somebody else had a turn in between, and put aside something else
                return await self._put(batch, events)

    async def _put(self, batch: Batch, events: Sequence[Event]) -> bool:
        """Move the lane and apply `events` in one transaction; False if it is not to be moved from there."""
        token = batch.lease.token if batch.lease else 0

        async def work(step: Step) -> None:
            last, emptying, position = await self._enter(step, batch.lane)
            if emptying:
                raise _Unfinished
            if position != batch.after or (batch.lease and token < last):
                raise _Refused
            await step.rows("move", lane=batch.lane, upto=batch.upto, token=token)
            if events:
                await self.project(step, events)

        try:
            await self.bolt.write(work)
        except _Unfinished:
            await self._empty()
            return False
        except _Refused:
            return False
        return True

    async def _enter(self, step: Step, lane: int) -> tuple[int, bool, int]:
        """Lock the store until the transaction ends: the last token, whether it is being emptied, where the lane is."""
        [(token, emptying, position)] = await step.rows("enter", lane=lane)
        return token, emptying, position

    async def _at(self, lane: int) -> int:
        return (await self.positions()).get(lane, 0)

    async def release(self, item: Quarantined, event: Event) -> bool:
        """Apply an event that was put aside, and take it out of quarantine."""
        with self.bolt.place.translated(using=True):
            await self._schema.ensure()
            async with self._alone() as connection:
                if item.position > await self._at(item.lane):
                    # A batch was put aside and never applied: it comes again, and so does this.
                    await connection.execute(_VOID, self.org, self.store, item.lane, item.position - 1)
                    return False
                if not await take_out(connection, self.org, item):
                    return False
                await self.bolt.write(lambda step: self._release(step, item, event))
                return True

    async def _release(self, step: Step, item: Quarantined, event: Event) -> None:
        place = {"lane": item.lane, "position": item.position}
        await self._enter(step, item.lane)
        if await step.rows("was_released", **place):
            return  # applied once already, by somebody who could not say so any more
        await step.rows("put_released", **place)
        await self.project(step, [event])

    @asynccontextmanager
    async def _turn(self, lease: Lease | None) -> AsyncIterator[Connection | None]:
        """A transaction in PostgreSQL during which nobody else fills the store; None if somebody else may."""
        async with self.database.session(self.org) as connection:
            await connection.execute(_PATIENT)
            right = (lease.name, lease.token) if lease else (None, None)
            allowed = await connection.fetchval(_TURN, f"{self.org}/{self.store}", self.org, *right)
            yield connection if allowed else None

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[Connection]:
        """A transaction in PostgreSQL during which nobody else fills the store; it is waited for."""
        async with self.database.session(self.org) as connection:
            await connection.execute(_PATIENT)
            await connection.execute(_LOCK, f"{self.org}/{self.store}")
            yield connection

    async def finish(self, *, at_last: bool = False) -> None:
        """Do what was put off while more was to come."""
        del at_last

    async def settle(self) -> None:
        """Count anew what the indexes hold, and forget how queries were planned when there was less."""
        with self.bolt.place.translated(using=True):
            await self._schema.settle()

    async def rewind(self, position: int) -> None:
        """Go back to `position` in every lane that is further."""
        with self.bolt.place.translated(using=True):
            await self._schema.ensure()
            async with self._alone() as connection:
                await self.bolt.write(lambda step: self._back_to(step, position))
                await forget(connection, self.org, self.store, position)

    async def _back_to(self, step: Step, position: int) -> None:
        await self._enter(step, 0)
        await step.rows("rewind", position=position)
        await step.rows("forget_released", position=position)

    async def reset(self) -> None:
        """Go back to the beginning and empty the graph; what is cut short is ended before anything is applied."""
        with self.bolt.place.translated(using=True):
            await self._schema.ensure()
            async with self._alone() as connection:
                await connection.execute(_UNHURRIED)
                # First: whatever dies from here on, nobody believes that what is removed is there.
                await self.bolt.write(self._begin_emptying)
                await forget(connection, self.org, self.store, 0)
                await self._empty()

    async def _empty(self) -> None:
        for label, known in self.known.items():
            await self.bolt.alone(CYPHER["empty"].replace("`LABEL`", label).replace("`KNOWN`", known))
        await self.bolt.write(lambda step: step.rows("emptied"))

    async def _begin_emptying(self, step: Step) -> None:
        await self._back_to(step, 0)
        await step.rows("emptying")


_PATIENT: Final = "SET LOCAL idle_in_transaction_session_timeout = '120s'"
_UNHURRIED: Final = "SET LOCAL idle_in_transaction_session_timeout = 0"  # it ends with the connection
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
_TURN: Final = """
SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AND may_fill($2, $3, $4::bigint)
"""
_KEPT: Final = "SELECT position, entity FROM quarantine WHERE org = $1 AND store = $2 AND lane = $3"
_VOID: Final = "DELETE FROM quarantine WHERE org = $1 AND store = $2 AND lane = $3 AND position > $4"

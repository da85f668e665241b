"""What stores have in common that are not in PostgreSQL: effect and position cannot move in one step.

Before anything of a batch is put, its bounds are written down. Whatever dies then, the next to fill the store puts the
very same batch again, under the same token, and the engine sees that it has it. What it puts must be recognised by key
as well: a store that is filled again (`rewind`) gets everything once more, in other batches.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

from adapters.postgres.database import Connection, Database
from adapters.postgres.projection import waits
from adapters.postgres.quarantine import forget, put_aside, take_out
from domain.events import Event
from domain.ports import Batch, Quarantined, Standing
from domain.routing import Store


class OutsideProjection:
    """A store in an engine of its own. A subclass says how events get there; positions are kept in PostgreSQL.

    Positions belong to one birth of the engine (`birth`): one that is new, or was wiped, is filled from the beginning,
    and one that is taken into use again goes on where it was.
    """

    store: Store

    def __init__(self, database: Database, org: str) -> None:
        """Bind the store to one organisation; nothing is read or written.

        Args:
            database: where its positions are.
            org: whose events it holds.
        """
        self.database = database
        self.org = org
        self._place: str | None = None

    async def birth(self) -> str:
        """What the engine calls itself, given to it when its schema was made, of at most 100 characters.

        Raises:
            StoreUnavailable: it cannot be asked.
        """
        raise NotImplementedError

    async def put(self, token: str, placed: Sequence[tuple[int, Event]]) -> None:
        """Put events, in order. What the engine has already, by token or by key, changes nothing.

        Called while nobody else puts anything into this store; it must be over within a minute and a half.

        Args:
            token: names these very events in this very batch; put again after a crash, it is the same.
            placed: those to put, at least one, each with its position in the lane: within an entity the later position
                is the later event, and it stays so however often they are put.

        Raises:
            PoisonEvent: one of them can never be put; nothing was.
            StoreUnavailable: try again later; some of it may have been put.
        """
        raise NotImplementedError

    async def empty(self) -> None:
        """Remove whatever the engine holds of this organisation.

        Raises:
            StoreUnavailable: try again later; some of it may be gone.
        """
        raise NotImplementedError

    async def place(self) -> str:
        """The name under which positions are kept: this store in this engine."""
        if self._place is None:
            self._place = f"{self.store}@{await self.birth()}"
        return self._place

    async def positions(self) -> Mapping[int, int]:
        """For each lane the last position that was applied."""
        return (await self.standing()).positions

    async def standing(self) -> Standing:
        """Where it is, and which batches were begun."""
        place = await self.place()
        async with self.database.session(self.org, readonly=True) as connection:
            rows = await connection.fetch(_STANDING, self.org, place)
        return Standing(
            positions={row["lane"]: row["position"] for row in rows if row["position"]},
            again_upto={row["lane"]: row["again_upto"] for row in rows if row["again_upto"] > row["position"]},
            begun={row["lane"]: row["begun"] for row in rows if row["begun"] > row["position"]},
        )

    async def apply(self, batch: Batch) -> bool:
        """Apply `batch` unless somebody else is at it; see `domain.ports.Projection`."""
        right = (batch.lease.name, batch.lease.token) if batch.lease else (None, None)
        bounds = (self.org, await self.place(), self.store, batch.lane, batch.after, batch.upto, *right)
        async with self.database.session(self.org) as connection:
            held = await connection.fetchval(_BEGIN, *bounds)
        if held is None:
            return False
        events, waiting = batch.divided(held)
        aside = [*batch.aside, *(waits(self.store, batch.lane, position, event) for position, event in waiting)]
        async with self.database.session(self.org) as connection:
            if not await connection.fetchval(_END, *bounds):
                return False
            if aside:
                await put_aside(connection, self.org, aside)
            if events:
                token = _token(self.store, batch.lane, batch.after, batch.upto, events)
                await self.put(token, batch.placed(events))
        return True

    async def release(self, item: Quarantined, event: Event) -> bool:
        """Apply an event that was put aside, and take it out of quarantine."""
        async with self.database.session(self.org) as connection:
            await self._alone(connection)
            if not await take_out(connection, self.org, item):
                return False
            token = _token(self.store, item.lane, item.position - 1, item.position, [event])
            await self.put(token, [(item.position, event)])
            return True

    async def _alone(self, connection: Connection) -> None:
        """Let nobody else fill this store until the transaction ends."""
        await connection.execute(_PATIENT)
        await connection.execute(_LOCK, f"{self.org}/{self.store}")

    async def finish(self, *, at_last: bool = False) -> None:
        """Do what was put off while more was to come."""
        del at_last

    async def settle(self) -> None:
        """Nothing, unless an engine has something to put in order."""

    async def rewind(self, position: int) -> None:
        """Go back to `position` in every lane that is further."""
        place = await self.place()
        async with self.database.session(self.org) as connection:
            await self._alone(connection)
            await self._back_to(connection, place, position)

    async def reset(self) -> None:
        """Empty the store and go back to the beginning."""
        place = await self.place()
        async with self.database.session(self.org) as connection:
            await self._alone(connection)
            # First, and by itself: whatever dies from here on, nobody believes that what is removed is there.
            await self._back_to(connection, place, 0)
        async with self.database.session(self.org) as connection:
            await self._alone(connection)
            await self.empty()
            await self._back_to(connection, place, 0)

    async def _back_to(self, connection: Connection, place: str, position: int) -> None:
        await connection.execute(_REWIND, self.org, place, position)
        await forget(connection, self.org, self.store, position)


def _token(store: Store, lane: int, after: int, upto: int, events: Sequence[Event]) -> str:
    """The name of these events in this batch: what waits in quarantine may have become more or less since."""
    digest = hashlib.blake2b("\n".join(event.id for event in events).encode(), digest_size=12).hexdigest()
    return f"{store}:{lane}:{after}-{upto}:{digest}"


_BEGIN: Final = "SELECT begin_outside($1, $2, $3, $4, $5, $6, $7, $8)"
_END: Final = "SELECT end_outside($1, $2, $3, $4, $5, $6, $7, $8)"
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
_PATIENT: Final = "SET LOCAL idle_in_transaction_session_timeout = '120s'"
_STANDING: Final = "SELECT lane, position, again_upto, begun FROM positions WHERE org = $1 AND store = $2"
# What was begun is begun no more: it comes again in whatever batches the way from here has.
_REWIND: Final = """
UPDATE positions SET again_upto = greatest(again_upto, position), position = $3, begun = 0
WHERE org = $1 AND store = $2 AND position > $3
"""

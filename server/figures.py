"""The figures of the whole organisation, read from where they are kept, so that any process tells the same."""

import asyncio
from collections.abc import Mapping, Sequence

from domain.answers import Coverage
from domain.breaker import BreakerState
from domain.errors import Misconfigured, StoreUnavailable
from domain.frozen import Frozen
from domain.ports import ConsumerState, Inspection, Lease, StoreEngine
from domain.routing import Store
from server.bootstrap import Engine
from server.lag import Lag, lags_of, waiting_in
from server.shares import MEMBER, SHARE


class StoreFigures(Frozen):
    """One store.

    Shape:
        state, lag_seconds: as in the coverage of an answer.
        applied: entries of the log that it has passed.
        behind: entries that wait for it.
        again: entries among them that it had passed before it was told to fill itself again.
        poison: events that it cannot apply.
        waiting: events that wait behind those.
        breaker: of its consumer, as last told; `why` it is not closed.
        inspection: what the engine says of itself; None if it is down.
        lost: why it is down.
    """

    state: str
    lag_seconds: float
    applied: int
    behind: int
    again: int
    poison: int
    waiting: int
    breaker: BreakerState
    why: str
    inspection: Inspection | None = None
    lost: str = ""

    def trouble(self, name: str, limit: float) -> str | None:
        """Why nobody should rely on it, or None if it is well.

        Args:
            name: what it is called.
            limit: seconds that it may be behind.
        """
        if self.state == "down":
            return self.lost
        if self.lag_seconds > limit:
            again = f" It is being filled again: {self.again} entries to go." if self.again else ""
            why = f" {self.why}" if self.why else ""
            return f"{name} is {self.lag_seconds:.0f} s behind, more than ENGINTEL_LAG_LIMIT ({limit:g}).{again}{why}"
        return None


class Figures(Frozen):
    """Everything that is counted.

    Shape:
        entries: of the log, ever.
        inbox_seconds: how long the oldest delivery has waited to be read into the log.
        refused: deliveries that nobody could read.
        stores: each store, by name.
        outbox: actions by state.
        leases: those that count now.
    """

    entries: int
    inbox_seconds: float
    refused: int
    stores: Mapping[str, StoreFigures]
    outbox: Mapping[str, int]
    leases: Sequence[Lease]

    @property
    def workers(self) -> Sequence[str]:
        """Who is there to fill stores, or fills one."""
        return sorted({lease.holder for lease in self.leases if lease.name.startswith((MEMBER, SHARE))})

    def troubles(self, limit: float) -> dict[str, str]:
        """By store that is not well, why."""
        return {name: why for name, store in self.stores.items() if (why := store.trouble(name, limit)) is not None}


async def figures_of(engine: Engine) -> Figures:
    """How everything stands now.

    Raises:
        StoreUnavailable: the database is away.
    """
    heads, unsorted, refused = await asyncio.gather(
        engine.log.heads(), waiting_in(engine.inbox, engine.log), engine.inbox.refused_count()
    )
    inspected, lags, counts, states, outbox, leases = await asyncio.gather(
        asyncio.gather(*(_inspected(store) for store in engine.carried)),
        lags_of(engine.log, engine.carried, engine.now(), engine.inbox),
        engine.quarantine.counts(),
        engine.consumers.states(),
        engine.outbox.counts(),
        engine.leases.current(),
    )
    # What a consumer said is of no interest once it has gone.
    there = {lease.holder for lease in leases}
    told = {store: state for store, state in states.items() if state.holder in there}
    seen = {store.store: inspection for store, inspection in zip(engine.carried, inspected, strict=True)}
    return Figures(
        entries=sum(heads.values()),
        inbox_seconds=max((engine.now() - unsorted).total_seconds(), 0.0) if unsorted else 0.0,
        refused=refused,
        stores={store.value: _figures(lag, seen[store], counts, store, told.get(store)) for store, lag in lags.items()},
        outbox=outbox,
        leases=leases,
    )


async def _inspected(store: StoreEngine) -> Inspection | str:
    """What an engine says of itself, or why it does not."""
    try:
        return await store.inspect()
    except (StoreUnavailable, Misconfigured) as error:
        return str(error)


def _figures(
    lag: Lag,
    seen: Inspection | str,
    counts: Mapping[tuple[Store, bool], int],
    store: Store,
    told: ConsumerState | None,
) -> StoreFigures:
    coverage: Coverage = lag.coverage
    lost = lag.why or (seen if isinstance(seen, str) else "")
    return StoreFigures(
        state="down" if lost else coverage.state,
        inspection=None if isinstance(seen, str) else seen,
        lost=lost,
        lag_seconds=coverage.lag_seconds,
        applied=lag.applied,
        behind=lag.behind,
        again=lag.again,
        poison=counts.get((store, False), 0),
        waiting=counts.get((store, True), 0),
        breaker=told.breaker if told else "closed",
        why=told.why if told else "",
    )

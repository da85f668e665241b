"""`engintel doctor --count`: whether the stores hold what the log says they should."""

from collections.abc import Mapping
from typing import Any

from adapters.log.counting import count_types
from domain.errors import EngintelError
from domain.ports import StoreEngine
from domain.routing import Store, stores_for
from server.bootstrap import Engine


async def count_checks(engine: Engine) -> list[dict[str, Any]]:
    """A row a store: the events that the log has for it, what it holds, and what to do if that is too little."""
    heads = await engine.log.heads()
    types = await count_types(engine.database, engine.settings.organisation, heads)
    held_back = await engine.quarantine.counts()
    rows = []
    for store in engine.projections:
        aside = sum(n for (where, _), n in held_back.items() if where is store.store)
        rows.append(await _check(store, types, aside))
    return rows


async def _check(store: StoreEngine, types: Mapping[str, int], aside: int) -> dict[str, Any]:
    name = store.store.value
    routed = {kind: n for kind, n in types.items() if store.store in stores_for(kind)}
    expected = sum(routed.values()) - aside
    row: dict[str, Any] = {"part": f"{name} count", "state": "ok", "events_in_log": expected}
    try:
        passed = sum((await store.positions()).values())
        held = await store.tally()
    except EngintelError as error:
        return {**row, "state": "down", "why": str(error)}
    row["holds"] = ", ".join(f"{kind} {n}" for kind, n in held.items() if n) or "nothing"
    missing = missing_events(store.store, held, routed, expected)
    if missing and passed >= sum(types.values()):
        short = "nothing although the log was applied to it" if not any(held.values()) else f"{missing} events too few"
        row |= {"state": "late", "why": f"it holds {short}: run `engintel replay --store {name}`"}
    return row


def missing_events(store: Store, held: Mapping[str, int], routed: Mapping[str, int], expected: int) -> int:
    """How many events are missing. Only the events are kept one by one: of the others it is known if all are gone.

    So it is of events that are let go of by age, which are told as those of so many days. A dropped commit went away.
    Samples may have been thinned out, where they are kept apart.
    """
    if store is not Store.EVENTS or "events" not in held:
        return 0 if any(held.values()) else expected
    thinned = routed.get("metric_sample", 0) if "samples" in held else 0
    least = expected - thinned - routed.get("commit_dropped", 0)
    return max(0, least - held.get("events", 0))

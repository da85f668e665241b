"""How far each store is behind the log: read from the stores themselves, so any process tells the same."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from domain.answers import Coverage
from domain.errors import Misconfigured, StoreUnavailable
from domain.frozen import Frozen, Utc
from domain.ports import EventLog, Inbox, Projection
from domain.routing import Store
from server.sorter import CURSOR

STALE_AFTER: Final = 1.0
"""Seconds of lag that an answer does not mention: the ordinary time between an event and its place in a store."""
MANY: Final = 1_000
"""Entries that are mentioned however short they wait: whose clock says so may be another one than the log's."""


class Lag(Frozen):
    """Where one store is.

    Shape:
        coverage: how far it can be believed, with its lag in seconds.
        applied: entries that it has passed.
        behind: entries that wait for it.
        again: entries among them that it had passed once before: it is being filled again.
        why: what is wrong with it, if it is down.
    """

    coverage: Coverage
    applied: int = 0
    behind: int = 0
    again: int = 0
    why: str = ""


class Freshness:
    """How far the stores of an answer can be believed, whoever fills them."""

    def __init__(self, log: EventLog, projections: Sequence[Projection], inbox: Inbox | None = None) -> None:
        """Name what is compared.

        Args:
            log: what the stores are filled from.
            projections: the stores.
            inbox: what is on its way into the log.
        """
        self._log = log
        self._projections = projections
        self._inbox = inbox

    async def coverage(self, now: datetime, stores: Collection[Store] | None = None) -> Mapping[str, Coverage]:
        """For each of `stores`, or for all, how far it is behind.

        Raises:
            StoreUnavailable: the log cannot be read.
        """
        asked = [each for each in self._projections if stores is None or each.store in stores]
        lags = await lags_of(self._log, asked, now, self._inbox)
        return {store.value: lag.coverage for store, lag in lags.items()}


async def lags_of(
    log: EventLog, projections: Sequence[Projection], now: datetime, inbox: Inbox | None = None
) -> Mapping[Store, Lag]:
    """How far each of `projections` is behind `log`, and behind what lies in the inbox still.

    Raises:
        StoreUnavailable: the log cannot be read. A store that cannot is told as down.
    """
    heads, unsorted = await asyncio.gather(log.heads(), waiting_in(inbox, log))
    lags = await asyncio.gather(*(_lag(log, projection, heads, now, unsorted) for projection in projections))
    return {projection.store: lag for projection, lag in zip(projections, lags, strict=True)}


async def waiting_in(inbox: Inbox | None, log: EventLog) -> Utc | None:
    """When the oldest delivery came that was not read into the log yet; None if all were."""
    if inbox is None:
        return None
    cursor = await log.cursor(CURSOR)
    return await inbox.waiting_since(int(cursor["position"]) if cursor else 0)


async def _lag(
    log: EventLog, projection: Projection, heads: Mapping[int, int], now: datetime, unsorted: Utc | None
) -> Lag:
    try:
        standing = await projection.standing()
    except (StoreUnavailable, Misconfigured) as error:
        return Lag(coverage=Coverage(state="down"), why=str(error))
    at = standing.positions
    behind = {lane: head - at.get(lane, 0) for lane, head in heads.items() if at.get(lane, 0) < head}
    since = [moment for lane in behind if (moment := await log.waiting_since(lane, at.get(lane, 0)))]
    since += [moment for moment in (unsorted, standing.unseen_since) if moment]
    seconds = max((now - min(since)).total_seconds(), 0.0) if since else 0.0
    waiting, applied = sum(behind.values()), sum(at.values())
    # What is filled again, or for the first time, lacks much of what there is, however short ago that was received.
    filling = bool(standing.again_upto) or waiting > MANY or (waiting and not applied)
    stale = seconds > STALE_AFTER or filling
    return Lag(
        coverage=Coverage(state="stale" if stale else "ok", lag_seconds=round(seconds, 1)),
        applied=applied,
        behind=waiting,
        again=sum(upto - at.get(lane, 0) for lane, upto in standing.again_upto.items()),
    )

"""Reading lists that change while they are read, without losing what changes.

Pages that are counted (`page=7`, `startAt=600`) shift when something is added or moves. So nothing here counts pages
from one request to a later one: a list in the order of change is gone through by time, and a list that can only be had
newest first is gone through by the rank of what was seen.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from adapters.sources.deliveries.fields import stamp
from domain.errors import SourceAway

BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a list: what it is known by, when it last changed, and the entry itself."""

    key: str
    at: datetime
    body: Any


Place = Any
Search = Callable[[datetime, Place | None], Awaitable[tuple[Sequence[Item], Place | None]]]
"""Entries that changed at or after a time, the oldest change first, from a place on; and the place that follows."""


async def by_change(  # noqa: C901 - one walk is best followed in one piece
    search: Search,
    cursor: Mapping[str, Any] | None,
    *,
    start: datetime | None = None,
    overlap: timedelta,
    grain: timedelta,
) -> AsyncIterator[tuple[list[Item], dict[str, Any]]]:
    """Everything that changed since `cursor`, in the order of change, each with the cursor that follows it.

    An entry that changes while this goes on moves to the end of the list and is met there. After each page the search
    begins anew at the time of its last entry; a place within the result is used only as long as more entries than fit a
    page changed within one `grain`, and such a stretch is gone through until it is the same twice.

    Args:
        search: asks for a page.
        cursor: where an earlier reading came to.
        start: where to begin without one.
        overlap: how far back to look again for what came late; what was seen there is left out.
        grain: the smallest step of time that the search can tell apart.

    Raises:
        SourceAway: entries came that were not asked for, so nothing can be said of what is missing.
    """
    known = cursor or {}
    mark = datetime.fromisoformat(known["since"]) if "since" in known else start or BEGINNING
    if start is not None and "start" in known and start < datetime.fromisoformat(known["start"]):
        known, mark = {}, start  # more is wanted than was then
    began = known.get("start") or stamp(mark)
    seen: dict[str, str] = dict(known.get("seen", {}))
    since = max(BEGINNING, mark - overlap) if "since" in known else mark
    stretch: set[str] | None = None
    while True:
        place: Place | None = None
        pages, gained, beyond, within = 0, False, False, set[str]()
        while True:
            items, place = await search(since, place)
            pages += 1
            if any(item.at < _floor(since, grain) for item in items):
                raise SourceAway("A list came that is not the one that was asked for; nothing of it was used.")
            fresh = [item for item in items if seen.get(item.key) != stamp(item.at)]
            last = max((item.at for item in items), default=since)
            beyond = _floor(last, grain) > _floor(since, grain)
            within |= {item.key for item in items if _floor(item.at, grain) == _floor(since, grain)}
            # A page behind others may have left something out, so nobody may rely on what comes before its end.
            mark = max(mark, last) if pages == 1 else mark
            seen |= {item.key: stamp(item.at) for item in fresh}
            kept_from = stamp(_floor(mark - overlap, grain)) if mark - overlap > BEGINNING else ""
            seen = {key: at for key, at in seen.items() if at >= kept_from}
            if fresh:
                gained = True
                yield fresh, {"start": began, "since": stamp(mark), "seen": seen}
            if place is None or beyond:
                break
        if pages == 1:
            if place is None:
                return
            since, stretch = max(since, last), None
        elif gained or within != stretch:
            stretch = within  # again: whoever changed meanwhile has let others slip onto a page that was read already
        elif beyond:
            since, stretch = _floor(since, grain) + grain, None
            mark = max(mark, since)
        else:
            return


def _floor(moment: datetime, grain: timedelta) -> datetime:
    return moment - (moment - BEGINNING) % grain


Rank = int | str
"""What a list is ordered by: a growing number, or a time as `stamp` writes it."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """One entry of a list that comes newest first."""

    rank: Any
    body: Any


async def newest_first(
    pages: AsyncIterator[Sequence[Ranked]],
    cursor: Mapping[str, Any] | None,
    *,
    again_from: Callable[[Any], Any] = lambda floor: floor,
    lowest: Any = None,  # noqa: ANN401 - a rank
) -> AsyncIterator[tuple[list[Ranked], dict[str, Any]]]:
    """What was added since `cursor`, newest first, each with the cursor that follows it.

    The cursor holds `floor`, up to which everything was read once, and `done`, the stretches above it that readings
    read that were cut short. What is added meanwhile shifts the rest to later pages, where it is met again and known.

    Args:
        pages: the list, from its newest entry on.
        cursor: where an earlier reading came to.
        again_from: given the floor, from where on to read again because entries there may still change.
        lowest: a rank below which nothing is wanted.
    """
    known = cursor or {}
    if lowest is not None and known.get("lowest") is not None and lowest < known["lowest"]:
        known = {}  # more is wanted than was then
    reaches = known.get("lowest") if known else lowest
    floor = known.get("floor")
    limit = again_from(floor) if floor is not None else lowest
    done: list[list[Any]] = [list(stretch) for stretch in known.get("done", ())]
    top = low = None
    async for page in pages:
        ranks = [entry.rank for entry in page]
        fresh = [
            entry
            for entry in page
            if (limit is None or entry.rank > limit) and not any(a < entry.rank < b for a, b in done)
        ]
        if ranks:
            top = max(ranks) if top is None else max(top, *ranks)
            low = min(ranks) if low is None else min(low, *ranks)
            stretches = _merged([*done, [low, top]])
            yield fresh, _without_none({"lowest": reaches, "floor": floor, "done": stretches})
            if limit is not None and low <= limit:
                break
    highest = [b for _, b in done] + [rank for rank in (top, floor) if rank is not None]
    yield [], _without_none({"lowest": reaches, "floor": max(highest, default=None)})


def _merged(stretches: list[list[Any]]) -> list[list[Any]]:
    merged: list[list[Any]] = []
    for low, high in sorted(stretches):
        if merged and low <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], high)
        else:
            merged.append([low, high])
    return merged


def _without_none(cursor: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in cursor.items() if value is not None}

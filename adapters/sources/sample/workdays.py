"""When people work at Brambleway: 07:00 to 17:00 UTC, Monday to Friday."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

OPENS: Final = 7
CLOSES: Final = 17
SATURDAY: Final = 5


def at_work(moment: datetime) -> datetime:
    """`moment` itself if it is a working hour, else the next opening."""
    if moment.hour >= CLOSES:
        moment = _opening(moment + timedelta(days=1))
    elif moment.hour < OPENS:
        moment = _opening(moment)
    while moment.weekday() >= SATURDAY:
        moment = _opening(moment + timedelta(days=1))
    return moment


def later(moment: datetime, hours: float) -> datetime:
    """`moment` plus `hours` of working time."""
    moment = at_work(moment)
    left = timedelta(hours=hours)
    while (today := _closing(moment) - moment) <= left:
        left -= today
        moment = at_work(_closing(moment))
    return moment + left


def workdays(since: datetime, until: datetime) -> Iterator[datetime]:
    """The midnights that begin a working day, from `since` up to and without `until`."""
    day = since.replace(hour=0, minute=0, second=0, microsecond=0)
    while day < until:
        if day.weekday() < SATURDAY:
            yield day
        day += timedelta(days=1)


def _opening(moment: datetime) -> datetime:
    return moment.replace(hour=OPENS, minute=0, second=0, microsecond=0)


def _closing(moment: datetime) -> datetime:
    return moment.replace(hour=CLOSES, minute=0, second=0, microsecond=0)

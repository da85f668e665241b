"""How fast a store is filled: live news at once but not one by one, a replay so that live news does not feel it."""

from typing import Final

_LEAST: Final = 0.03
_MOST: Final = 0.4
_EACH: Final = 0.001
REPLAY_BATCH: Final = 100
_BUSY_SHARE: Final = 0.2
"""The share of the time that a replay works while events come in."""
_LATE_SHARE: Final = 0.05
"""The same while live stores do not keep up."""
_LONGEST: Final = 5.0


def linger(passed: int) -> float:
    """Seconds that live news waits for more to come with it.

    A transaction costs as much as some twenty events, so where much comes it comes in few of them; where little does,
    it is there at once.

    Args:
        passed: entries that the last round brought.
    """
    return max(_LEAST, min(_MOST, passed * _EACH))


def replay_pause(worked: float, *, busy: bool, late: bool) -> float:
    """Seconds that a replay rests after a batch.

    Args:
        worked: seconds that the batch took.
        busy: whether events are coming in.
        late: whether a store that is not replayed is behind.
    """
    if not busy and not late:
        return 0.0
    share = _LATE_SHARE if late else _BUSY_SHARE
    return min(_LONGEST, worked * (1 - share) / share)

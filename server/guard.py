"""How long an answer waits for a store, and for how long one that let others wait is left alone."""

import asyncio
import inspect
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final, TypeVar, cast

from domain.breaker import Breaker
from domain.errors import StoreUnavailable

Port = TypeVar("Port")
Found = TypeVar("Found")
Question = Callable[[], Coroutine[Any, Any, Found]]

LAST_WORDS: Final = 0.25
"""Seconds for a question that is put when another store has used all the time up: a healthy store needs a tenth."""
AFTER_TIME: Final = 0.4
"""Seconds beyond its budget after which a call ends, however many such questions it has."""
FAIR: Final = 0.5
"""Seconds that a store must have had before its silence is held against it."""
AT_ONCE: Final = 0.25
"""A failure within so many seconds costs nobody anything: it is asked once more, and asked again by the next call."""
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 15.0
"""Seconds that a store may be back before anybody notices."""


class Budget:
    """The time of one call. All its questions share it, so those that do not need each other are put side by side."""

    def __init__(self, seconds: float) -> None:
        """Start the clock.

        Args:
            seconds: until what is missing is left out.
        """
        self.seconds = seconds
        self._ends = time.monotonic() + seconds

    def share(self) -> float:
        """Seconds that a question put now may take."""
        left = self._ends - time.monotonic()
        return max(left, min(LAST_WORDS, left + AFTER_TIME), 0.0)


class Guard:
    """Stands before one store, for every call of this process.

    A store that fails at once may fail as often as it likes. One that lets a call wait in vain is left alone for a
    while, ever longer: its questions then fail at once, until one of them has found it back.
    """

    def __init__(self, store: str, engine: str = "it") -> None:
        """Name the store; it counts as well until it is found to be otherwise.

        Args:
            store: what errors call it.
            engine: what they call who fills that role and says nothing.
        """
        self._store = store
        self._engine = engine
        self._breaker = Breaker(threshold=1, first_pause=FIRST_PAUSE, longest_pause=LONGEST_PAUSE)
        self._answered_at = float("-inf")
        self._given_up: set[asyncio.Task[Any]] = set()

    async def ask(self, question: Question[Found], budget: Budget) -> Found:
        """What the store answers; a connection that is found dead is no answer, and it is asked once more.

        Args:
            question: puts the question.
            budget: of the call that wants to know.

        Raises:
            StoreUnavailable: it is away, did not answer in time, or is left alone.
        """
        began, before = time.monotonic(), self._breaker
        attempted = before.attempted(began)
        if attempted is None:
            pause = f" for {before.wait(began):.2g} s" if before.wait(began) else ""
            raise StoreUnavailable(self._store, f"it did not answer lately, and is left alone{pause}")
        self._breaker = attempted
        try:
            try:
                found = await self._within(question, budget)
            except StoreUnavailable:
                if time.monotonic() - began > AT_ONCE:
                    raise
                found = await self._within(question, budget)
        except StoreUnavailable:
            self._failed(attempted, began)
            raise
        except asyncio.CancelledError:
            if self._breaker is attempted:  # nothing was seen of the store
                self._breaker = before
            raise
        except Exception:
            self._answered()
            raise
        self._answered()
        return found

    async def _within(self, question: Question[Found], budget: Budget) -> Found:
        """What `question` gives in time. One that is given up is cancelled, and not waited for even so."""
        seconds = budget.share()
        asked = asyncio.ensure_future(question())
        try:
            done, _ = await asyncio.wait({asked}, timeout=seconds)
        except asyncio.CancelledError:
            self._give_up(asked)
            raise
        if done:
            return asked.result()
        self._give_up(asked)
        raise StoreUnavailable(self._store, f"{self._engine} did not answer within {budget.seconds:g} s")

    def _give_up(self, asked: "asyncio.Task[Any]") -> None:
        self._given_up.add(asked)
        asked.add_done_callback(self._forget)
        asked.cancel()

    def _forget(self, asked: "asyncio.Task[Any]") -> None:
        self._given_up.discard(asked)
        if not asked.cancelled():
            asked.exception()  # nobody wants to know any more

    def _answered(self) -> None:
        self._answered_at = time.monotonic()
        self._breaker = self._breaker.succeeded()

    def _failed(self, attempted: Breaker, began: float) -> None:
        """Hold a failure against the store, once for all questions that waited together.

        One that answered others meanwhile is not away: that question is a slow one.
        """
        now = time.monotonic()
        if self._breaker is not attempted:
            return
        if now - began >= FAIR and self._answered_at < began:
            self._breaker = attempted.failed(now, luck=1.0)
        elif attempted.state == "half_open":
            self._breaker = attempted.model_copy(update={"state": "open"})


def guarded(port: Port, guard: Guard, budget: Budget) -> Port:
    """`port`, each of whose questions has `guard` before it and no more time than `budget`."""
    return cast("Port", _Guarded(port, guard, budget))


class _Guarded:
    def __init__(self, port: object, guard: Guard, budget: Budget) -> None:
        self._port = port
        self._guard = guard
        self._budget = budget

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the port has
        member = getattr(self._port, name)
        if not inspect.iscoroutinefunction(member):
            return member

        async def asked(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as the port's own
            return await self._guard.ask(partial(member, *args, **kwargs), self._budget)

        return asked

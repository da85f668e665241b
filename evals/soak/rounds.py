"""The play: senders that go on, and in every round somebody is killed, paused or replaced."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import asyncpg

from evals.soak.cast import Cast
from evals.soak.senders import Ledger, Sender
from evals.soak.verdict import judge, logged, watch

KINDS: Final = ("kill receiver", "kill worker", "kill postgres", "pause worker", "roll workers")
PAUSE_SECONDS: Final = 8.0
"""Longer than a lease lasts."""
_CATCH_UP_SECONDS: Final = 180.0
_ROUND_SECONDS: Final = 30.0
_STORES: Final = 4


@dataclass
class Report:
    """What came of it."""

    rounds: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    sent_again: int = 0
    seconds: float = 0.0
    lag: float = 0.0
    most_lag: float = 0.0
    caught_up_in: float = 0.0
    endings: Sequence[int] = ()
    wrong: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """For a person."""
        happened = ", ".join(f"{kind} {n}" for kind, n in sorted(self.rounds.items()))
        rate = self.acknowledged / max(self.seconds, 1)
        return [
            f"{sum(self.rounds.values())} rounds in {self.seconds:.0f} s: {happened}",
            f"{self.acknowledged} deliveries acknowledged ({rate:.0f} /s), {self.sent_again} sent again",
            f"largest lag seen {self.most_lag:.1f} s; {self.caught_up_in:.1f} s after the last delivery there was none",
            *(f"WRONG {line}" for line in self.wrong),
            "something is wrong" if self.wrong else "nothing lost, nothing twice, every entity in order",
        ]


async def play(
    home: Path,
    *,
    rounds: int,
    seconds: float,
    workers: int,
    senders: int,
    rate: float,
    seed: int,
    kinds: Sequence[str] = KINDS,
    between: int = 0,
    say: Callable[[str], None] = lambda _: None,
) -> Report:
    """Play `rounds` rounds of about `seconds` each, then compare.

    Args:
        home: a folder of its own.
        rounds: how often something happens.
        seconds: how long it is quiet at most before it does.
        workers: how many there are.
        senders: how many send at a time, each to a repository of its own.
        rate: deliveries a second that all of them try to send.
        seed: of the dice.
        kinds: what may happen.
        between: deliveries that are acknowledged between two rounds, at least, unless that takes too long.
        say: told each round.
    """
    dice = random.Random(seed)  # noqa: S311 - a play that can be played again
    cast, ledger, report = Cast(home, workers), Ledger(), Report()
    stop = asyncio.Event()
    try:
        await cast.start()
        await watch(cast.database)
        began = time.monotonic()
        everybody = [Sender(number, cast.port, ledger, senders / rate) for number in range(senders)]
        sending = [asyncio.create_task(sender.run(stop)) for sender in everybody]
        looking = asyncio.create_task(_watch_lag(cast, report))
        for number in range(rounds):
            await asyncio.sleep(dice.uniform(0, seconds))
            await _until_acknowledged(ledger, between)
            kind = dice.choice(kinds)
            say(f"round {number + 1}: {kind}; {ledger.total} acknowledged, lag {report.lag:.1f} s")
            report.rounds[kind] += 1
            await _does(kind, cast, dice)
        stop.set()
        await asyncio.gather(*sending)
        looking.cancel()
        report.seconds = time.monotonic() - began
        report.caught_up_in = await until_caught_up(cast, ledger.total)
        report.acknowledged, report.sent_again = ledger.total, ledger.sent_again
        report.wrong = await judge(cast.database, ledger.acknowledged)
    finally:
        stop.set()
        report.endings = await cast.stop()
    report.wrong += [f"a process ended with {code} when told to leave" for code in report.endings if code]
    return report


async def _until_acknowledged(ledger: Ledger, many: int) -> None:
    goal = ledger.total + many
    ends = time.monotonic() + _ROUND_SECONDS
    while ledger.total < goal and time.monotonic() < ends:  # noqa: ASYNC110 - the senders know of no waiting room
        await asyncio.sleep(0.05)


def _does(kind: str, cast: Cast, dice: random.Random) -> Awaitable[None]:
    worker = dice.randrange(len(cast.workers))
    match kind:
        case "kill receiver":
            return cast.kill_receiver()
        case "kill worker":
            return cast.kill_worker(worker)
        case "kill postgres":
            return cast.kill_postgres()
        case "pause worker":
            return cast.pause_worker(worker, PAUSE_SECONDS)
        case _:
            return _roll(cast)


async def _roll(cast: Cast) -> None:
    for number in range(len(cast.workers)):
        await cast.replace_worker(number)


async def _watch_lag(cast: Cast, report: Report) -> None:
    while True:
        _, told = await cast.get("/metrics")
        report.lag = max(figures(told, "engintel_store_lag_seconds").values(), default=report.lag)
        report.most_lag = max(report.most_lag, report.lag)
        await asyncio.sleep(0.5)


def figures(told: str, name: str) -> dict[str, float]:
    """The samples of one figure, by what stands between their braces."""
    rows = (line.rpartition(" ") for line in told.splitlines() if line.startswith(name + "{"))
    return {labels.removeprefix(name): float(value) for labels, _, value in rows}


async def until_caught_up(cast: Cast, total: int) -> float:
    """Wait until everything acknowledged is in the log, and every store has passed it."""
    began, passed = time.monotonic(), False
    while time.monotonic() - began < _CATCH_UP_SECONDS:
        there = await _logged(cast) >= total  # first: what comes in after the stores were asked is nothing they passed
        behind = figures((await cast.get("/metrics"))[1], "engintel_store_lag_entries")
        passed = len(behind) == _STORES and not any(behind.values())  # one that is slow to answer is left out
        if passed and there:
            return time.monotonic() - began
        await asyncio.sleep(0.1)
    if passed:  # something acknowledged is not in the log, and never will be: the comparison names it
        return _CATCH_UP_SECONDS
    raise RuntimeError(f"the stores did not catch up; see {cast.log}")


async def _logged(cast: Cast) -> int:
    """How many pushes are in the log; 0 while nobody can say."""
    try:
        return await logged(cast.database)
    except (OSError, asyncpg.PostgresError, IndexError):
        return 0

"""What a replay in the background costs live intake: deliveries a second without one and beside one."""

import asyncio
import time
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from evals.soak.cast import Cast
from evals.soak.rounds import figures
from evals.soak.senders import Ledger, Sender
from evals.speed.program import program

_SENDERS: Final = 24
_SECONDS: Final = 8.0
_ROUNDS: Final = 2


def measure_replay(home: Path) -> list[str]:
    """Live rates with and without a replay, taken in turn."""
    return asyncio.run(_measure(home))


async def _measure(home: Path) -> list[str]:
    cast = Cast(home, workers=1)
    alone, beside, lags = [], [], []
    await cast.start()
    try:
        repositories = iter(range(1_000_000))
        await _rate(cast, repositories)  # something to replay
        for _ in range(_ROUNDS):
            await _caught_up(cast)
            alone.append(await _rate(cast, repositories))
            await _caught_up(cast)
            command = program("replay", "--store", "graph")
            replay = await asyncio.create_subprocess_exec(*command, env=cast.environment, stdout=PIPE, stderr=PIPE)
            await _until(cast, "engintel_store_replay_entries", begun=True)
            beside.append(await _rate(cast, repositories))
            _, told = await cast.get("/metrics")
            lag = figures(told, "engintel_store_lag_seconds")
            lags.append(max(seconds for labels, seconds in lag.items() if "graph" not in labels))
            await replay.communicate()
    finally:
        await cast.stop()
    without, with_one = sum(alone) / _ROUNDS, sum(beside) / _ROUNDS
    cost = 1 - with_one / without
    told_lag = f"other stores up to {max(lags):.1f} s behind at the end"
    return [f"live intake beside a replay  {with_one:6.0f} /s  ({without:.0f} /s without, {cost:.0%} less; {told_lag})"]


async def _rate(cast: Cast, repositories: Iterator[int]) -> float:
    ledger, stop = Ledger(), asyncio.Event()
    began = time.perf_counter()
    sending = [asyncio.create_task(Sender(next(repositories), cast.port, ledger, 0).run(stop)) for _ in range(_SENDERS)]
    await asyncio.sleep(_SECONDS)
    stop.set()
    await asyncio.gather(*sending)
    return ledger.total / (time.perf_counter() - began)


async def _caught_up(cast: Cast) -> None:
    await _until(cast, "engintel_store_lag_entries", begun=False)


async def _until(cast: Cast, name: str, *, begun: bool) -> None:
    for _ in range(6_000):
        if any(figures((await cast.get("/metrics"))[1], name).values()) == begun:
            return
        await asyncio.sleep(0.05)
    raise RuntimeError(f"{name} did not change in five minutes; see {cast.log}")


def main() -> None:
    """Measure this alone: `python -m evals.speed.replay`."""
    from evals.speed.program import temporary_home  # noqa: PLC0415 - for this alone

    with temporary_home() as home:
        home.mkdir(mode=0o711)
        print("\n".join(measure_replay(home)))


if __name__ == "__main__":
    main()

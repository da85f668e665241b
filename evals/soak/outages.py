"""Each store away in turn for a minute under load: the others keep up, the one catches up, nothing is lost."""

import argparse
import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import asyncpg

from evals.soak.cast import Cast
from evals.soak.rounds import figures, until_caught_up
from evals.soak.senders import Ledger, Sender
from evals.soak.verdict import judge, watch
from evals.speed.program import temporary_home

_TABLES: Final[Mapping[str, str]] = {
    "directory": "identities",
    "events": "events",
    "vectors": "profile_pieces",
    "graph": "graph_contributions",
}
"""A table of each store that every push writes to."""
_UNAFFECTED: Final = 5.0
"""Seconds that a store may be behind while another is away."""
_BACK: Final = 1.0
"""Seconds behind, at which nothing is left of a time away."""


def main(words: list[str]) -> bool:
    """Play, print what came of it, and say whether it held."""
    parser = argparse.ArgumentParser(prog="soak outages", description="Take each store away for a while, under load.")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long each is away (%(default)s)")
    parser.add_argument("--rate", type=float, default=100.0, help="deliveries a second in all (%(default)s)")
    given = parser.parse_args(words)
    with temporary_home() as home:
        home.mkdir(mode=0o711)
        wrong = asyncio.run(_play(home, given.seconds, given.rate))
    for line in wrong:
        print(f"WRONG {line}")
    print("outages: something is wrong" if wrong else "outages: the others kept up, nothing lost, nothing twice")
    return not wrong


async def _play(home: Path, seconds: float, rate: float) -> list[str]:
    cast, ledger, stop, senders = Cast(home, 2), Ledger(), asyncio.Event(), 8
    wrong: list[str] = []
    try:
        await cast.start()
        await watch(cast.database)
        sending = [
            asyncio.create_task(Sender(number, cast.port, ledger, senders / rate).run(stop))
            for number in range(senders)
        ]
        for store in _TABLES:
            wrong += await _without(cast, store, seconds)
        stop.set()
        await asyncio.gather(*sending)
        await until_caught_up(cast, ledger.total)
        wrong += await judge(cast.database, ledger.acknowledged)
        print(f"{ledger.total} deliveries acknowledged, {ledger.sent_again} sent again")
    finally:
        stop.set()
        endings = await cast.stop()
    return wrong + [f"a process ended with {code} when told to leave" for code in endings if code]


async def _without(cast: Cast, store: str, seconds: float) -> list[str]:
    """Take `store` away for so long; gives what was not as it should be."""
    await _put(cast, f"REVOKE INSERT, UPDATE, DELETE ON engintel.{_TABLES[store]} FROM engintel_app")
    most: dict[str, float] = {}
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        lags = figures((await cast.get("/metrics"))[1], "engintel_store_lag_seconds")
        most = {labels: max(lag, most.get(labels, 0.0)) for labels, lag in lags.items()}
        await asyncio.sleep(0.5)
    await _put(cast, f"GRANT INSERT, UPDATE, DELETE ON engintel.{_TABLES[store]} TO engintel_app")
    began = time.monotonic()
    while True:
        behind = figures((await cast.get("/metrics"))[1], "engintel_store_lag_seconds")
        if behind and max(behind.values()) <= _BACK:
            break
        await asyncio.sleep(0.2)
    away = most.pop(f'{{store="{store}"}}', 0.0)
    others = max(most.values(), default=0.0)
    back = time.monotonic() - began
    shown = ", ".join(f"{labels[8:-2]} {lag:.1f} s" for labels, lag in most.items())
    print(f"{store} away: {away:.0f} s behind at most, {shown}; back in {back:.1f} s", flush=True)
    return [
        *([f"while {store} was away, another was {others:.1f} s behind"] if others > _UNAFFECTED else []),
        *([f"{store} was not away"] if away < seconds / 2 else []),
    ]


async def _put(cast: Cast, statement: str) -> None:
    connection = await asyncpg.connect(cast.database)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()

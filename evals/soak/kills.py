"""Kill processes at random under load, then compare: is anything lost, repeated or overtaken?"""

import argparse
import asyncio
import time

from evals.soak.rounds import KINDS, play
from evals.speed.program import temporary_home


def main(words: list[str]) -> bool:
    """Play, print the report, and say whether nothing was lost, repeated or overtaken."""
    parser = argparse.ArgumentParser(
        prog="soak kills", description="Kill processes at random under load, then compare."
    )
    parser.add_argument("--rounds", type=int, default=200, help="how often something happens (%(default)s)")
    parser.add_argument("--seconds", type=float, default=3.0, help="quiet before it does, at most (%(default)s)")
    parser.add_argument("--workers", type=int, default=3, help="worker processes (%(default)s)")
    parser.add_argument("--senders", type=int, default=8, help="senders at a time (%(default)s)")
    parser.add_argument("--rate", type=float, default=100.0, help="deliveries a second in all (%(default)s)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the dice, to play it again")
    parser.add_argument("--only", choices=KINDS, action="append", help="what happens; all of it unless given")
    given = parser.parse_args(words)
    print(f"seed {given.seed}", flush=True)
    with temporary_home() as home:
        home.mkdir(mode=0o711)
        report = asyncio.run(
            play(
                home,
                rounds=given.rounds,
                seconds=given.seconds,
                workers=given.workers,
                senders=given.senders,
                rate=given.rate,
                seed=given.seed,
                kinds=given.only or KINDS,
                say=lambda line: print(line, flush=True),
            )
        )
    print("\n".join(report.lines()))
    return not report.wrong

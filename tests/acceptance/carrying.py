"""A process that carries what is due, and nothing else: `python -m tests.acceptance.carrying SECONDS`.

Claims last SECONDS, so that a successor need not wait for minutes. It is there to be killed.
"""

import asyncio
import sys
from datetime import timedelta
from typing import Any

from server.bootstrap import open_engine
from server.courier import Courier
from server.settings import load_settings


def quick(courier: Courier, *, claim_lasts: float = 60.0, read_back_after: float = 0.05) -> Courier:
    """The same courier in a hurry: nobody waits for minutes in a test."""
    fields: dict[str, Any] = vars(courier)
    fields["_claim_lasts"] = timedelta(seconds=claim_lasts)
    fields["_read_back_after"] = timedelta(seconds=read_back_after)
    fields["_first_pause"] = 0.05
    fields["_longest_pause"] = 0.4
    fields["_per_second"] = {"jira": 1_000.0, "slack": 1_000.0}
    return courier


async def main(claim_lasts: float) -> None:
    """Carry until killed."""
    async with open_engine(load_settings()) as engine:
        sys.stdout.write("carrying\n")
        sys.stdout.flush()
        await quick(engine.courier, claim_lasts=claim_lasts).run()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1])))

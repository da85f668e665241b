"""A process that drains a stream until it is killed: `python -m tests.engines.draining DATABASE_URL ORG LOG_URL`."""

import asyncio
import sys
from pathlib import Path

from adapters.postgres.database import Database
from tests.engines.logs import entered


async def main(database_url: str, org: str, log_url: str) -> None:
    """Drain for ever."""
    async with Database(database_url, Path()).open() as database, entered(database, org, log_url) as entrance:
        assert entrance.drain is not None
        await entrance.drain.run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

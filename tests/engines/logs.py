"""Logs to test: PostgreSQL's own, and the same with a stream before it."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from adapters.log.catalog import make_stream
from adapters.log.landing import PostgresLanding
from adapters.log.postgres import PostgresLog
from adapters.log.streamed import StreamedLog
from adapters.postgres.database import Database
from adapters.postgres.leases import PostgresLeases
from domain.ports import EventLog, Stream
from server.drain import Drain

ENGINES = ("postgres", "kafka", "sqs", "kinesis")
RUN = uuid.uuid4().hex[:8]
"""Tells what this run of the tests makes from what others made."""


@dataclass(frozen=True)
class Entrance:
    """A log of one organisation, and the stream before it if there is one."""

    log: EventLog
    landing: PostgresLanding
    stream: Stream | None = None
    drain: Drain | None = None

    async def settle(self) -> None:
        """Return once everything that was appended can be read."""
        if self.drain is not None:
            await self.drain.catch_up()


@asynccontextmanager
async def entered(database: Database, org: str, url: str | None) -> AsyncIterator[Entrance]:
    """The log of `org` behind the stream at `url`; let go of at the end."""
    log, landing = PostgresLog(database, org), PostgresLanding(database, org)
    try:
        if url is None:
            yield Entrance(log, landing)
            return
        stream = make_stream(url, org)
        drain = Drain(stream, landing, PostgresLeases(database, org))
        try:
            yield Entrance(StreamedLog(stream, log), landing, stream, drain)
        finally:
            await drain.leave()
            await stream.close()
    finally:
        await log.close()

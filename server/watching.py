"""What a server says of itself to whoever watches over it: alive, ready, and its figures."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import psutil
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.errors import EngintelError
from server.figures import Figures, StoreFigures, figures_of
from server.mcp.holder import EngineHolder
from server.prometheus import CONTENT_TYPE, Family, exposed

_BREAKER_STATES: Final = ("closed", "half_open", "open")
_OUTBOX_STATES: Final = ("pending", "in_flight", "done", "failed", "unknown")
_ABOUT_STORES: Final[tuple[tuple[str, str, Callable[[StoreFigures], float]], ...]] = (
    ("up", "Whether the store can be read.", lambda store: store.state != "down"),
    ("applied_entries", "Entries of the log that the store has passed.", lambda store: store.applied),
    ("lag_entries", "Entries of the log that wait for the store.", lambda store: store.behind),
    ("lag_seconds", "How long the oldest of them has waited.", lambda store: store.lag_seconds),
    ("replay_entries", "Entries among them that it is told to apply again.", lambda store: store.again),
)
_NOT_FOUND: Final = 404


class Watching:
    """The three routes, and the count of deliveries that this process answered."""

    def __init__(self, holder: EngineHolder, workers: Callable[[], Sequence[int]]) -> None:
        """Name what is watched.

        Args:
            holder: the engine.
            workers: gives the process ids of the workers beside this server.
        """
        self._holder = holder
        self._workers = workers
        self._deliveries: Counter[tuple[str, str]] = Counter()

    async def alive(self, _: Request) -> Response:
        """That it answers at all."""
        return PlainTextResponse("ok\n")

    async def ready(self, _: Request) -> Response:
        """Whether its answers can be relied on; if not, which store is to blame and why."""
        try:
            engine = await self._holder.engine()
            limit = engine.settings.lag_limit_seconds
            figures = await figures_of(engine.within(engine.settings.deadline_seconds))
        except EngintelError as error:
            return JSONResponse({"ready": False, "why": str(error)}, status_code=503)
        troubles = figures.troubles(limit)
        stores = {
            name: {"state": store.state, "lag_seconds": store.lag_seconds} for name, store in figures.stores.items()
        }
        why = {"why": " ".join(troubles.values())} if troubles else {}
        return JSONResponse({"ready": not troubles, **why, "stores": stores}, status_code=503 if troubles else 200)

    async def metrics(self, _: Request) -> Response:
        """Every figure. Where the database is away, those of this process are told all the same."""
        try:
            engine = await self._holder.engine()
            figures = await figures_of(engine.within(engine.settings.deadline_seconds))
        except EngintelError:
            figures = None
        families = [
            _one("engintel_database_up", "Whether the database answers.", figures is not None),
            *(_of_organisation(figures) if figures else ()),
            *self._of_process(),
        ]
        return Response(exposed(families), media_type=CONTENT_TYPE)

    def counting(self, app: ASGIApp, prefix: str) -> ASGIApp:
        """`app`, with every answer to a path under `prefix` counted."""

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or not scope["path"].startswith(prefix):
                await app(scope, receive, send)
                return

            async def noting(message: Message) -> None:
                # What nobody serves is not counted: anybody could make up names without end.
                if message["type"] == "http.response.start" and message["status"] != _NOT_FOUND:
                    self._deliveries[scope["path"].removeprefix(prefix), str(message["status"])] += 1
                await send(message)

            await app(scope, receive, noting)

        return counted

    def _of_process(self) -> Iterator[Family]:
        yield Family(
            name="engintel_deliveries_total",
            kind="counter",
            about="Webhook deliveries that this process answered, by sender and status.",
            samples=tuple(({"sender": who, "status": how}, n) for (who, how), n in sorted(self._deliveries.items())),
        )
        me = psutil.Process()
        yield _one("process_resident_memory_bytes", "Memory of this process.", me.memory_info().rss)
        times = me.cpu_times()
        yield _one("process_cpu_seconds_total", "Time it computed.", times.user + times.system, counter=True)
        yield _one("process_start_time_seconds", "When it was started.", me.create_time())
        yield Family(
            name="engintel_worker_resident_memory_bytes",
            kind="gauge",
            about="Memory of each worker process beside this server.",
            samples=tuple(({"pid": str(pid)}, float(rss)) for pid in self._workers() if (rss := _memory(pid))),
        )


def _memory(pid: int) -> int | None:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return None


def _of_organisation(figures: Figures) -> Iterator[Family]:
    yield _one("engintel_log_entries_total", "Events accepted into the log, ever.", figures.entries, counter=True)
    yield _one("engintel_inbox_lag_seconds", "How long the oldest unread delivery has waited.", figures.inbox_seconds)
    yield _one("engintel_refused_deliveries", "Deliveries that were kept and cannot be read.", figures.refused)
    for name, about, value in _ABOUT_STORES:
        samples = tuple(({"store": store}, float(value(known))) for store, known in figures.stores.items())
        yield Family(name=f"engintel_store_{name}", kind="gauge", about=about, samples=samples)
    yield Family(
        name="engintel_quarantine_events",
        kind="gauge",
        about="Events that a store cannot apply (poison), and events of the same entities that wait behind them.",
        samples=tuple(
            ({"store": store, "state": state}, float(n))
            for store, known in figures.stores.items()
            for state, n in (("poison", known.poison), ("waiting", known.waiting))
        ),
    )
    yield Family(
        name="engintel_breaker",
        kind="gauge",
        about="1 for the state that the circuit breaker of a store's consumer is in.",
        samples=tuple(
            ({"store": store, "state": state}, float(known.breaker == state))
            for store, known in figures.stores.items()
            for state in _BREAKER_STATES
        ),
    )
    yield Family(
        name="engintel_outbox_actions",
        kind="gauge",
        about="Confirmed actions by how they went.",
        samples=tuple(
            ({"state": state}, float(figures.outbox.get(state, 0)))
            for state in dict.fromkeys((*_OUTBOX_STATES, *sorted(figures.outbox)))
        ),
    )
    yield Family(
        name="engintel_lease",
        kind="gauge",
        about="Leases that are held; the value is the fencing token.",
        samples=tuple(({"name": lease.name, "holder": lease.holder}, float(lease.token)) for lease in figures.leases),
    )
    yield _one("engintel_workers", "Processes that fill stores, or stand by to.", len(figures.workers))


def _one(name: str, about: str, value: float, *, counter: bool = False) -> Family:
    return Family(name=name, kind="counter" if counter else "gauge", about=about, samples=(({}, float(value)),))

"""Asking ClickHouse for one organisation: without what was dropped, and in the terms that its statements use."""

from collections.abc import Collection, Mapping
from datetime import datetime

from adapters.events import clickhouse_schema as schema
from adapters.events.clickhouse_dropped import Dropped, Hidden
from adapters.events.clickhouse_rows import EARLIEST, LATEST
from adapters.events.clickhouse_server import Rows, Server
from domain.ports import Groups
from domain.window import Window


class Asking:
    """Puts questions to one organisation's part of a ClickHouse."""

    def __init__(self, server: Server, org: str, statements: Mapping[str, str]) -> None:
        """Name the part; nothing is read.

        Args:
            server: where.
            org: whose part.
            statements: by name.
        """
        self.dropped = Dropped(server, org, statements)
        self._server = server
        self._org = org
        self._statements = statements
        self._checked = False

    async def ask(self, statement: str, **parameters: object) -> Rows:
        """What a statement gives, without what was dropped.

        Raises:
            StoreUnavailable: the engine cannot answer, or has not the schema that is needed.
        """
        return await self.told(self._statements[statement], parameters)

    async def told(self, text: str, parameters: Mapping[str, object]) -> Rows:
        """The same for a statement that was put together."""
        hidden = await self.hidden()
        return await self._server.rows(hidden.left_out(text), {"org": self._org, **hidden.given, **parameters})

    async def hidden(self) -> Hidden:
        """What is left out."""
        if not self._checked:
            await schema.check(self._server)
            self._checked = True
        return await self.dropped.known()


def between(window: Window) -> dict[str, object]:
    """The window as parameters; what lies beyond what ClickHouse can tell is as far as that."""
    return {"since": _tellable(window.since), "until": _tellable(window.until)}


def _tellable(moment: datetime) -> datetime:
    return min(max(moment, EARLIEST), LATEST)


def by_accounts(groups: Groups | None) -> dict[str, object]:
    """Accounts, each with what it counts as, as parameters; none are all."""
    given = groups or {}
    return {"any_account": groups is None, "accounts": list(given), "people": list(given.values())}


def by_projects(groups: Groups | None) -> dict[str, object]:
    """Projects, likewise."""
    given = groups or {}
    return {"any_project": groups is None, "projects": list(given), "places": list(given.values())}


def in_projects(projects: Collection[str] | None) -> dict[str, object]:
    """Projects that count as themselves, likewise."""
    return {"any_project": projects is None, "projects": list(projects or ())}

"""What was dropped, as the condition `$kept` of whatever is read.

Nothing is removed where a commit was dropped: its rows are hidden. A set in a condition, be it empty, makes reading
take three times as long, and looking into it first is as dear as a small question. So what is hidden is known here for
a moment: nothing at all is no condition, and a few rows are named; only of many ClickHouse looks each up.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from adapters.events.clickhouse_server import Server

FRESH: Final = 0.5
"""Seconds for which it is known; another process may have dropped something since, and is seen to have after that."""
FEW: Final = 500
"""Rows that are named one by one."""
_NAMED: Final = "(entity_hash, position) NOT IN {hidden:Array(Tuple(UInt64, UInt64))}"


@dataclass(frozen=True)
class Hidden:
    """What an organisation's readers have to leave out.

    Shape:
        rows: how many, about.
        named: things and positions; of more than `FEW` rows only some.
        looked_up: the condition that looks for all of them.
    """

    rows: int
    named: Sequence[tuple[int, int]]
    looked_up: str

    def left_out(self, statement: str) -> str:
        """`statement` with the condition."""
        condition = "true" if not self.rows else _NAMED if self.rows <= FEW else self.looked_up
        return statement.replace("$kept", condition)

    @property
    def given(self) -> Mapping[str, object]:
        """The condition's parameters."""
        return {"hidden": list(self.named)} if 0 < self.rows <= FEW else {}


class Dropped:
    """What one organisation's part of a ClickHouse hides, as far as is known."""

    def __init__(self, server: Server, org: str, statements: Mapping[str, str]) -> None:
        """Name the part; nothing is read.

        Args:
            server: where.
            org: whose part.
            statements: by name.
        """
        self._server = server
        self._org = org
        self._statements = statements
        self._known: tuple[float, Hidden] | None = None
        self._asking = asyncio.Lock()

    async def known(self) -> Hidden:
        """What is hidden."""
        async with self._asking:
            now = time.monotonic()
            if self._known is None or now >= self._known[0] + FRESH:
                [[rows, named]] = await self._server.rows(self._statements["hidden"], {"org": self._org, "few": FEW})
                self._known = (now, Hidden(int(rows), named, self._statements["kept"]))
            return self._known[1]

    def forget(self) -> None:
        """Something was dropped, or came back, just now."""
        self._known = None

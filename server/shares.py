"""Which stores this process may fill: several processes share them by leases.

Whoever stays is a member, and members have the same number of stores, give or take one. Whoever has just come, or
will leave again soon, takes only what nobody is there for: a command that runs for a second moves nothing.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Final

from domain.errors import StoreUnavailable
from domain.ports import Lease, Leases
from domain.routing import Store
from domain.sharing import shared_out
from server.holders import holder_name

LASTS: Final = 4.0
"""Seconds after which a dead worker's stores are free."""
ROUND: Final = 1.0
"""Seconds between two looks at who has what."""
SETTLED: Final = 5.0
"""Seconds after which somebody is taken to stay."""
MEMBER: Final = "router:"
SHARE: Final = "fill:"

logger = logging.getLogger(__name__)


class Shares:
    """The stores that one process fills at the moment."""

    def __init__(
        self, leases: Leases | None, stores: Sequence[Store], changed: Callable[[], None] = lambda: None
    ) -> None:
        """Name what may be filled; nothing is taken.

        Args:
            leases: where shares are kept; None where nobody else is there, and everything is ours.
            stores: all there are.
            changed: told when there is more or less to do.
        """
        self._leases = leases
        self._stores = stores
        self._changed = changed
        self._held: dict[Store, tuple[Lease, float]] = {}
        self.holder = holder_name()

    def held(self, store: Store) -> bool:
        """Whether this process may work at `store`, as far as it knows; the store itself checks the lease again."""
        if self._leases is None:
            return True
        return store in self._held and time.monotonic() < self._held[store][1]

    def lease(self, store: Store) -> Lease | None:
        """The right to work at `store`, to be shown to it."""
        return self._held[store][0] if store in self._held else None

    async def keep(self, member_after: float | None) -> None:
        """Take and renew shares until cancelled, then give all of them back.

        Args:
            member_after: seconds after which this process counts as one that stays; None for never.
        """
        if self._leases is None:
            self._changed()
            await asyncio.Event().wait()
            return
        began = time.monotonic()
        member: Lease | None = None
        try:
            while True:
                stays = member_after is not None and time.monotonic() - began >= member_after
                with suppress(StoreUnavailable):  # what runs out meanwhile is noticed by `held`
                    if stays and member is None:
                        member = await self._leases.take(MEMBER + self.holder, self.holder, _lasting())
                    member = await self._round(self._leases, member)
                await asyncio.sleep(ROUND)
        finally:
            await self._leave(self._leases, member)

    async def _round(self, leases: Leases, member: Lease | None) -> Lease | None:
        """Renew what we have, and bring it closer to what we should have. Gives the membership, if it was not lost."""
        began = time.monotonic()
        mine = [lease for lease, _ in self._held.values()] + ([member] if member else [])
        kept = await leases.renew(mine, _lasting()) if mine else []
        self._held = {store: (lease, began + LASTS) for store, (lease, _) in self._held.items() if lease in kept}
        before = set(self._held)
        present = await leases.current()
        members = {lease.holder for lease in present if lease.name.startswith(MEMBER)}
        holders = {lease.name: lease.holder for lease in present if lease.name.startswith(SHARE)}
        names = {SHARE + store.value: store for store in self._stores}
        due = shared_out(list(names), members, holders)
        for name, store in names.items():
            if store in self._held and due.get(name, self.holder) != self.holder:
                lease, _ = self._held.pop(store)
                await leases.give_back(lease)
            elif store not in self._held and (due[name] == self.holder if due else name not in holders):
                asked = time.monotonic()
                if taken := await leases.take(name, self.holder, _lasting()):
                    self._held[store] = (taken, asked + LASTS)
        if before != set(self._held):
            logger.info("This process fills %s", ", ".join(sorted(self._held)) or "no store")
            self._changed()
        return member if member in kept else None

    async def _leave(self, leases: Leases, member: Lease | None) -> None:
        held, self._held = self._held, {}
        with suppress(StoreUnavailable, TimeoutError):
            async with asyncio.timeout(LASTS):
                for lease in [lease for lease, _ in held.values()] + ([member] if member else []):
                    await leases.give_back(lease)


def _lasting() -> timedelta:
    return timedelta(seconds=LASTS)

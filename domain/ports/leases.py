"""Leases: what only one of several processes may do at a time, and how a latecomer is told from the present holder."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from domain.frozen import Frozen


class Lease(Frozen):
    """The right to do what `name` stands for, until it runs out or is given back.

    `token` grows with every change of holder. What a holder writes is fenced by it: whoever writes with a smaller one
    has lost the lease without noticing.
    """

    name: str
    holder: str
    token: int


class Leases(Protocol):
    """Leases of one organisation. The clock that counts is the store's own, not that of any holder."""

    async def take(self, name: str, holder: str, lasts: timedelta) -> Lease | None:
        """The lease `name` for `holder`, new or for another while; None while somebody else holds it.

        A holder that asks again in time keeps its token.

        Raises:
            StoreUnavailable: it is not known whether it was taken; asking again is safe.
        """

    async def renew(self, leases: Sequence[Lease], lasts: timedelta) -> Sequence[Lease]:
        """Keep `leases` for another while, counted from now; gives those that were not lost meanwhile."""

    async def current(self) -> Sequence[Lease]:
        """Every lease that counts now, by name."""

    async def give_back(self, lease: Lease) -> None:
        """End `lease`, so that others need not wait for it to run out. One that was lost already stays as it is."""

    async def holds(self, lease: Lease) -> bool:
        """Whether `lease` is still the one that counts."""

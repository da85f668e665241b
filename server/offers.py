"""Verification tokens that came to the Notion route, kept until the operator has shown the right one to Notion.

Notion's first request to a new webhook brings the secret by which all later ones are signed, and is itself signed by
nobody: anybody who finds the route can send one. So none of them is believed. They are kept for an hour, in the
database and in no log, and `engintel doctor --notion-token` prints them. The operator pastes one into Notion, which
takes no other than its own; that one becomes ENGINTEL_NOTION_WEBHOOK_TOKEN. From then on no offer is taken.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from domain.frozen import as_utc
from domain.ports import EventLog

KEPT: Final = 5
"""So many, the newest: whoever floods the route costs an attempt more, and no room."""
LASTS: Final = timedelta(hours=1)
_WHERE: Final = "notion:offered"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Offer:
    """A token, and when it came."""

    token: str = field(repr=False)
    at: datetime


class Offers:
    """What was offered to one organisation. It lies with the cursors of the log: it too says how a source goes on."""

    def __init__(self, log: EventLog) -> None:
        """Name where they are kept.

        Args:
            log: whose cursors hold them.
        """
        self._log = log

    async def keep(self, token: str, now: datetime) -> None:
        """Keep `token` for a while.

        Raises:
            StoreUnavailable: it is not kept; Notion can be asked to send it again.
        """
        others = [offer for offer in await self.standing(now) if offer.token != token]
        await self._write([*others, Offer(token, now)][-KEPT:])
        logger.warning(
            "A verification token came for the Notion webhook. `engintel doctor --notion-token` prints it: paste it "
            "into Notion, and once Notion has taken it set ENGINTEL_NOTION_WEBHOOK_TOKEN to it."
        )

    async def standing(self, now: datetime) -> Sequence[Offer]:
        """What was offered within the last hour, oldest first."""
        cursor = await self._log.cursor(_WHERE) or {}
        offers = [
            Offer(str(each["token"]), as_utc(datetime.fromisoformat(each["at"]))) for each in cursor.get("offers", ())
        ]
        return [offer for offer in offers if now - LASTS <= offer.at]

    async def forget(self, now: datetime, *, all_of_them: bool) -> None:
        """Let go of those that are too old, or of every one; nothing is written where there is nothing to forget."""
        cursor = await self._log.cursor(_WHERE) or {}
        standing = [] if all_of_them else await self.standing(now)
        if len(cursor.get("offers", ())) > len(standing):
            await self._write(standing)

    async def _write(self, offers: Sequence[Offer]) -> None:
        told = [{"token": offer.token, "at": offer.at.isoformat()} for offer in offers]
        await self._log.append([], {_WHERE: {"offers": told}})

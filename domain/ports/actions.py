"""How actions leave: confirmed once, put in the outbox, carried out by an upstream's own client, written down."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal, Protocol

from domain.actions import Draft
from domain.frozen import Frozen, Utc

OutboxState = Literal["pending", "in_flight", "done", "failed", "unknown"]


class Confirmations(Protocol):
    """Drafts that were shown to somebody and wait for their yes: random, expiring, spent once."""

    async def offer(self, draft: Draft, principal: str, lasts: timedelta) -> str:
        """Remember that `principal` was shown `draft`. Gives the handle, which alone can spend the offer."""

    async def spend(self, handle: str, draft: Draft, principal: str) -> str:
        """Take `handle` for this draft and this principal. Gives the key of the action; only the first call succeeds.

        Raises:
            HandleRejected: it is unknown, spent, expired, or was given for another draft or to somebody else.
        """

    async def ask(self, draft: Draft, principal: str, lasts: timedelta) -> str:
        """The key under which `principal` is being asked about `draft`: the same one until it is settled or expires.

        A question that is put in several rounds must read the same in each, and an answer that is sent a second time
        must meet a new question.
        """

    async def settle(self, key: str) -> bool:
        """Close the question `key` after a yes or a no. False if it was closed before."""


class OutboxEntry(Frozen):
    """An action on its way. `key` is single use: the same key never makes a second effect."""

    key: str
    draft: Draft
    principal: str
    state: OutboxState
    url: str | None = None
    receipt: str | None = None
    """What the upstream calls the result."""
    reason: str | None = None
    created_at: Utc


class Outbox(Protocol):
    """Actions that were decided, each in one state at a time."""

    async def put(self, key: str, draft: Draft, principal: str) -> OutboxEntry:
        """The entry of `key`: a new one, `pending`, or the one that was there before, whatever its state."""

    async def start(self, key: str) -> bool:
        """Move a pending entry to `in_flight`, durably, before the call goes out. False if it was not pending."""

    async def finish(
        self, key: str, state: OutboxState, *, posted: "Posted | None" = None, reason: str | None = None
    ) -> None:
        """Write down how it ended, together with its audit row."""

    async def entries(self, states: Sequence[OutboxState]) -> Sequence[OutboxEntry]:
        """The entries in one of `states`, oldest first."""

    async def counts(self) -> Mapping[str, int]:
        """How many entries are in each state; a state that none is in is absent."""


class AuditEntry(Frozen):
    """Something that somebody did, or was refused, through this program."""

    at: Utc
    principal: str
    action: str
    target: str
    outcome: str
    details: Mapping[str, Any] = {}


class Audit(Protocol):
    """What was done, by whom; rows can be added and read, never changed."""

    async def record(self, principal: str, action: str, target: str, outcome: str, details: Mapping[str, Any]) -> None:
        """Add a row, at the present moment."""

    async def entries(self, limit: int) -> Sequence[AuditEntry]:
        """The newest rows, newest first."""


class Posted(Frozen):
    """What an upstream made of an action: where it can be seen and what it calls it."""

    url: str | None
    key: str


class JiraWriter(Protocol):
    """What may be written to Jira."""

    async def add_comment(self, issue: str, body: str) -> Posted:
        """Comment on `issue`.

        Raises:
            UpstreamFailed: Jira refused, or was never reached.
            UpstreamUnknown: the connection broke after the request left.
        """


class SlackWriter(Protocol):
    """What may be written to Slack."""

    async def post_message(self, channel: str, text: str) -> Posted:
        """Post `text` in `channel`.

        Raises:
            UpstreamFailed: Slack refused, or was never reached.
            UpstreamUnknown: the connection broke after the request left.
        """

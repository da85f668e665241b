"""How actions leave: confirmed once, put in the outbox, carried out by an upstream's own client, written down."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal, Protocol

from domain.actions import Draft, Upstream
from domain.frozen import Frozen, Utc
from domain.text import count

OutboxState = Literal["pending", "in_flight", "unknown", "done", "failed", "parked", "held", "dropped"]
"""Where an action stands.

`pending` waits for its turn; `in_flight` is written down before the request leaves; `unknown` may have been done, and
is looked for upstream before anything else. `done`, `failed` (refused for good), `parked` (nobody but a person can find
out whether it was done), `held` (more than its rule may do in an hour) and `dropped` (given up by a person) stay.
"""
STUCK: Final[tuple[OutboxState, ...]] = ("unknown", "failed", "parked", "held")
"""Where an action is that did not get where it should."""


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
    """An action on its way. `key` is single use: the same key never makes a second effect.

    `rule` and `event_id` say which automation decided it because of what; a person's action has neither.
    """

    key: str
    draft: Draft
    principal: str
    state: OutboxState
    rule: str | None = None
    event_id: str | None = None
    attempts: int = 0
    url: str | None = None
    receipt: str | None = None
    """What the upstream calls the result."""
    reason: str | None = None
    created_at: Utc
    sent_at: Utc | None = None
    """When the request may have left for the first time."""
    next_at: Utc | None = None
    """When it is due, while it waits."""


def trouble(entries: Sequence[OutboxEntry]) -> str:
    """What a reader should know of what rules decided and nobody received; nothing, if there is no such thing.

    Args:
        entries: those in one of the states of `STUCK`. A person was told how their own went.
    """
    states = Counter(entry.state for entry in entries if entry.rule is not None)
    told = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
    whole = count(states.total(), "action")
    return f"{whole} of automations did not arrive ({told}): `engintel outbox` says why" if told else ""


class Decided(Frozen):
    """What a rule decided to do because of an event."""

    key: str
    rule: str
    event_id: str
    draft: Draft
    max_per_hour: int


class Claim(Frozen):
    """The right to be at an entry, for a while: nobody else has it meanwhile."""

    entry: OutboxEntry
    holder: str


class Outbox(Protocol):
    """Actions that were decided, each in one state at a time. The clock that counts is the store's own."""

    async def begin(self, key: str, draft: Draft, principal: str, lasts: timedelta) -> "Claim | OutboxEntry":
        """Write down that a person's action leaves now, durably, before the call goes out.

        Returns:
            a claim, for whoever is to carry it; or the entry that was there before, which nobody may carry again.
        """

    async def put(self, decided: Sequence[Decided], principal: str) -> Sequence[OutboxEntry]:
        """Add what rules decided, each once whatever its state; gives the entries, new or known, in that order."""

    async def claim(self, upstreams: Sequence[Upstream], lasts: timedelta, *, key: str | None = None) -> Claim | None:
        """The next entry that is due and that nobody is at, for `lasts`; of `key`, if that is given.

        A pending one is `in_flight` from now on, durably. One that was left in flight by whoever was at it is
        `unknown` from now on. None while nothing is due, or all of `upstreams` asked for a pause.
        """

    async def resume(self, claim: Claim, lasts: timedelta) -> bool:
        """Move an unknown entry, which is not there upstream, to `in_flight` again. False if the claim was lost."""

    async def finish(
        self,
        claim: Claim,
        state: OutboxState,
        *,
        posted: "Posted | None" = None,
        reason: str | None = None,
        again_in: timedelta = timedelta(),
    ) -> None:
        """Write down how it went, and let go. How it ended is written into the audit log with it.

        What is done is done, also for a holder that took longer than its claim; all else is for the present one to say.
        """

    async def again(self, key: str) -> bool:
        """Let an entry that failed or was held be carried after all. False if it is in no such state."""

    async def drop(self, key: str) -> bool:
        """Give an entry up that is not done and that nobody is at. False if it is in no such state."""

    async def pause(self, upstream: Upstream, lasts: timedelta) -> None:
        """Leave `upstream` alone for a while, in every process."""

    async def entries(self, states: Sequence[OutboxState]) -> Sequence[OutboxEntry]:
        """The entries in one of `states`, oldest first."""

    async def counts(self) -> Mapping[OutboxState, int]:
        """How many entries are in each state; those without any are absent."""

    async def entry(self, key: str) -> OutboxEntry | None:
        """The entry of that key."""

    async def remember(self, upstream: Upstream, accounts: Sequence[str]) -> None:
        """Write down with which accounts we write, so that what comes back is known to be ours."""

    async def own_accounts(self) -> frozenset[str]:
        """Every account that we ever wrote with, as keys of actors."""


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


class Writer(Protocol):
    """An upstream that can be written to: Jira, Slack."""

    async def accounts(self) -> Sequence[str]:
        """The accounts that it knows us by, as keys of actors (`jira:5b10a2844c20165700ede21g`).

        Raises:
            UpstreamFailed: it did not say.
        """

    async def carry(self, draft: Draft, key: str) -> Posted:
        """Do what `draft` says, and leave `key` with it where nobody is bothered by it.

        Raises:
            UpstreamAway: it was not done, and may be later.
            UpstreamUnknown: the connection broke after the request left.
            UpstreamFailed: it was refused.
        """

    async def find(self, draft: Draft, key: str, since: datetime) -> Posted | None:
        """What came of `draft` if it was carried at `since` or later; None if it never was.

        Raises:
            UpstreamAway: nobody can say now.
            UpstreamUnreadable: nobody but a person can say at all.
            UpstreamFailed: it may not be read.
        """

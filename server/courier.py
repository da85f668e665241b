"""Carries actions out: from the outbox upstream, into the audit log. The same key never takes effect twice.

What may have been done is never done again before somebody looked. An entry is `in_flight`, durably, before its request
leaves; whatever goes wrong after that makes it `unknown`, and an unknown one is looked for upstream by the mark that it
carried. A person's action that never arrived is given back to the person; one of a rule is tried again.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

import anyio
from aiolimiter import AsyncLimiter

from domain.actions import Draft, Upstream, WritePolicy
from domain.automations import action_key
from domain.errors import (
    Misconfigured,
    Refused,
    StoreUnavailable,
    UpstreamAway,
    UpstreamFailed,
    UpstreamUnknown,
    UpstreamUnreadable,
)
from domain.ports import Audit, Claim, Decided, Outbox, OutboxEntry, Posted, Writer

CLAIM: Final = timedelta(minutes=2)
"""How long an entry is left to whoever took it. A request of ours is over, or was cut off, long before."""
READ_BACK_AFTER: Final = timedelta(seconds=20)
"""How long after a broken connection is looked whether the request arrived: it may still be under way."""
IDLE_SECONDS: Final = 1.0
"""How long the way out sleeps when nothing is due; news wakes it."""
FIRST_PAUSE: Final = 2.0
LONGEST_PAUSE: Final = 600.0
GIVE_UP: Final = timedelta(hours=24)
"""How long an action of a rule is tried while its upstream is away. Older news is none."""
PER_SECOND: Final[Mapping[Upstream, float]] = {"jira": 5.0, "slack": 1.0}
"""Requests that leave a second. Slack takes one message a second in a channel, Jira's limit is a budget an hour."""
_MISSING: Final[Mapping[Upstream, str]] = {
    "jira": "Jira is not configured: the operator must set ENGINTEL_JIRA_URL and ENGINTEL_JIRA_TOKEN.",
    "slack": "Slack is not configured: the operator must set ENGINTEL_SLACK_TOKEN.",
}

logger = logging.getLogger(__name__)


class Courier:
    """The only way out. A tool drafts and somebody confirms, or a rule decides; the courier delivers."""

    def __init__(
        self,
        outbox: Outbox,
        audit: Audit,
        writers: Mapping[Upstream, Callable[[], Writer | None]],
        writes: WritePolicy,
        *,
        claim_lasts: timedelta = CLAIM,
        read_back_after: timedelta = READ_BACK_AFTER,
        first_pause: float = FIRST_PAUSE,
        longest_pause: float = LONGEST_PAUSE,
        per_second: Mapping[Upstream, float] = PER_SECOND,
    ) -> None:
        """Name the ways out.

        Args:
            outbox: where every action is written before it leaves.
            audit: where refusals are written too.
            writers: for each upstream what gives its client when it is first needed, or None if it is not configured.
            writes: what may be written to. Asked again when an entry leaves: it may have waited.
            claim_lasts: how long an entry is left to whoever took it.
            read_back_after: how long after a broken connection is looked whether the request arrived.
            first_pause: seconds before something is tried again; each further time it is twice as long.
            longest_pause: seconds that it is never longer than.
            per_second: how many requests leave a second.
        """
        self._outbox = outbox
        self._audit = audit
        self._writers = writers
        self._writes = writes
        self._claim_lasts = claim_lasts
        self._read_back_after = read_back_after
        self._first_pause = first_pause
        self._longest_pause = longest_pause
        self._per_second = per_second
        self._introduced: set[Upstream] = set()
        self._news: dict[Upstream, asyncio.Event] = {}

    def check(self, draft: Draft) -> None:
        """Do nothing if there is a way out for `draft`.

        Raises:
            Misconfigured: the upstream is not configured.
        """
        for each in draft.effects or (draft,):
            self._writer(each.upstream)

    def _writer(self, upstream: Upstream) -> Writer:
        writer = self._writers[upstream]()
        if writer is None:
            raise Misconfigured(_MISSING[upstream])
        return writer

    # A person's actions.

    async def deliver(self, key: str, draft: Draft, principal: str) -> OutboxEntry:
        """Carry out `draft`, once for its key. Asked again with the same key, tells how it went.

        Raises:
            UpstreamFailed: it was not done.
            UpstreamUnknown: it may or may not have been done.
        """
        begun = await self._outbox.begin(key, draft, principal, self._claim_lasts)
        if isinstance(begun, OutboxEntry):
            return _settled(begun)
        try:
            posted = await self._send(begun)
        except UpstreamUnknown as error:
            found = await self._look_at_once(begun)
            if found is None:
                reason = str(error)
                await self._outbox.finish(begun, "unknown", reason=reason, again_in=self._read_back_after)
                raise
            posted = found
        except (UpstreamFailed, Misconfigured) as error:
            await self._outbox.finish(begun, "failed", reason=str(error))
            raise
        except BaseException:
            # A crash of ours, or being cancelled: the request may have left.
            with anyio.CancelScope(shield=True):
                reason = "the server stopped while it was being sent"
                await self._outbox.finish(begun, "unknown", reason=reason, again_in=self._read_back_after)
            raise
        await self._outbox.finish(begun, "done", posted=posted)
        entry = await self._outbox.entry(key)
        assert entry is not None
        return entry

    async def _look_at_once(self, claim: Claim) -> Posted | None:
        """What came of an action of which the answer was lost, if it can be seen already."""
        with suppress(UpstreamFailed):
            return await self._find(claim)
        return None

    async def run_by_hand(self, draft: Draft, principal: str) -> Sequence[OutboxEntry]:
        """Do what a rule would do for an event, each of its effects once: those that were done before stay done.

        Args:
            draft: of the action `run_automation`.
            principal: who said yes to it.

        Returns:
            what became of each effect, in order.
        """
        assert draft.event is not None
        rule, event_id = draft.place, draft.event
        wanted = [
            Decided(key=action_key(rule, event_id, each), rule=rule, event_id=event_id, draft=each, max_per_hour=0)
            for each in draft.effects
        ]
        entries = []
        for entry in await self._outbox.put(wanted, principal):
            if entry.state in {"failed", "held", "dropped"}:
                await self._outbox.again(entry.key)
            claim = await self._outbox.claim(tuple(self._writers), self._claim_lasts, key=entry.key)
            if claim is not None:
                await self._carry(claim)
            entries.append(await self._outbox.entry(entry.key) or entry)
        return entries

    async def decline(self, draft: Draft, principal: str) -> None:
        """Write down that somebody said no."""
        await self._audit.record(principal, draft.action, draft.target, "declined", {"text": draft.text})

    # What rules decided.

    def wake(self) -> None:
        """There is something in the outbox."""
        for news in self._news.values():
            news.set()

    async def run(self) -> None:
        """Carry what is due until cancelled. An upstream that is away holds up no other."""
        if not self._writes.allowed:
            await asyncio.Event().wait()
        self._news = {upstream: asyncio.Event() for upstream in self._writers}
        async with asyncio.TaskGroup() as tasks:
            for upstream in self._writers:
                tasks.create_task(self._follow(upstream))

    async def _follow(self, upstream: Upstream) -> None:
        limiter = AsyncLimiter(1, 1 / self._per_second[upstream])
        news, pause = self._news[upstream], 0.0
        while True:
            try:
                claim = await self._outbox.claim((upstream,), self._claim_lasts)
                if claim is not None:
                    async with limiter:
                        await self._carry(claim)
                    pause = 0.0
                    continue
            except StoreUnavailable as error:
                pause = min(30.0, pause * 2 or 0.25)
                logger.warning("The way out to %s waits %.2g s: %s", upstream, pause, error)
                await asyncio.sleep(pause)
                continue
            news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(IDLE_SECONDS):
                    await news.wait()

    async def drain(self) -> int:
        """Carry everything that is due now, and return; gives how many entries were looked at."""
        carried = 0
        while (claim := await self._outbox.claim(tuple(self._writers), self._claim_lasts)) is not None:
            await self._carry(claim)
            carried += 1
        return carried

    async def _carry(self, claim: Claim) -> None:
        """One step of one entry. Nothing that happens to it may stop the others, but for a store that is away."""
        try:
            await self._step(claim)
        except StoreUnavailable:
            raise
        except Exception as error:
            # A mistake of ours, at whatever moment: nothing that may have left is tried again.
            logger.exception("The action %s could not be carried", claim.entry.key)
            reason = f"carrying it failed inside the program ({type(error).__name__}); look whether it is there"
            await self._outbox.finish(claim, "parked", reason=reason)

    async def _step(self, claim: Claim) -> None:
        draft = claim.entry.draft
        try:
            self._writes.check(draft.target)
            if claim.entry.state == "unknown":
                if (posted := await self._find(claim)) is not None:
                    await self._outbox.finish(claim, "done", posted=posted)
                    return
                if claim.entry.rule is None:  # somebody was told so, and may have done it again by now
                    await self._outbox.finish(claim, "failed", reason="it never arrived; nothing was sent")
                    return
                if not await self._outbox.resume(claim, self._claim_lasts):
                    return
                claim = Claim(entry=claim.entry.model_copy(update={"state": "in_flight"}), holder=claim.holder)
            posted = await self._send(claim)
        except UpstreamUnreadable as error:
            logger.warning("The action for %s is parked: %s", draft.target, error)
            await self._outbox.finish(claim, "parked", reason=str(error))
        except (UpstreamUnknown, UpstreamAway) as error:
            await self._later(claim, error)
        except (UpstreamFailed, Refused, Misconfigured) as error:
            logger.warning("The action %s for %s was not done: %s", draft.action, draft.target, error)
            await self._outbox.finish(claim, "failed", reason=str(error))
        else:
            await self._outbox.finish(claim, "done", posted=posted)

    async def _later(self, claim: Claim, error: UpstreamUnknown | UpstreamAway) -> None:
        """Let the entry wait: for its next try, or to be looked for; longer each time, and for a day at most."""
        entry = claim.entry
        unknown = isinstance(error, UpstreamUnknown) or entry.state == "unknown"
        if datetime.now(UTC) - entry.created_at > GIVE_UP:
            await self._outbox.finish(claim, "parked" if unknown else "failed", reason=f"given up after a day: {error}")
            return
        asked = error.seconds if isinstance(error, UpstreamAway) else None
        if asked is not None:
            await self._outbox.pause(entry.draft.upstream, timedelta(seconds=asked))
        least = self._read_back_after.total_seconds() if unknown else asked or 0.0
        pause = max(least, min(self._longest_pause, self._first_pause * 2 ** min(entry.attempts - 1, 16)))
        again_in = timedelta(seconds=pause * random.uniform(1.0, 1.2))  # noqa: S311 - to spread, not to hide
        await self._outbox.finish(claim, "unknown" if unknown else "pending", reason=str(error), again_in=again_in)

    # The calls themselves.

    async def _send(self, claim: Claim) -> Posted:
        draft = claim.entry.draft
        writer = self._writer(draft.upstream)
        await self._introduce(draft.upstream, writer)
        return await writer.carry(draft, claim.entry.key)

    async def _find(self, claim: Claim) -> Posted | None:
        entry = claim.entry
        writer = self._writer(entry.draft.upstream)
        return await writer.find(entry.draft, entry.key, entry.sent_at or entry.created_at)

    async def _introduce(self, upstream: Upstream, writer: Writer) -> None:
        """Write down who we are there, before anything of ours can come back as news."""
        if upstream not in self._introduced:
            await self._outbox.remember(upstream, await writer.accounts())
            self._introduced.add(upstream)


def _settled(entry: OutboxEntry) -> OutboxEntry:
    """An action that is not new: what became of it."""
    if entry.state == "done":
        return entry
    if entry.state == "failed":
        raise UpstreamFailed(entry.reason or "It failed before.")
    raise UpstreamUnknown(
        entry.reason
        or f"It is being sent to {entry.draft.target} right now, or was when the server stopped. "
        "Look there before you try again."
    )

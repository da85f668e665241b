"""Carries confirmed drafts out: into the outbox, upstream, into the audit log. The same key never leaves twice."""

from collections.abc import Callable

import anyio

from domain.actions import Draft
from domain.errors import Misconfigured, UpstreamFailed, UpstreamUnknown
from domain.ports import Audit, JiraWriter, Outbox, OutboxEntry, Posted, SlackWriter


class Courier:
    """The only way out. A tool drafts, somebody confirms, the courier delivers."""

    def __init__(
        self,
        outbox: Outbox,
        audit: Audit,
        jira: Callable[[], JiraWriter | None],
        slack: Callable[[], SlackWriter | None],
    ) -> None:
        """Name the ways out.

        Args:
            outbox: where every action is written before it leaves.
            audit: where refusals are written too.
            jira: gives the Jira client when it is first needed, or None if Jira is not configured.
            slack: likewise for Slack.
        """
        self._outbox = outbox
        self._audit = audit
        self._jira = jira
        self._slack = slack

    def check(self, draft: Draft) -> None:
        """Do nothing if there is a way out for `draft`.

        Raises:
            Misconfigured: the upstream is not configured.
        """
        if draft.action == "post_jira_comment" and self._jira() is None:
            raise Misconfigured(
                "Jira is not configured: the operator must set ENGINTEL_JIRA_URL and ENGINTEL_JIRA_TOKEN."
            )
        if draft.action == "notify_slack" and self._slack() is None:
            raise Misconfigured("Slack is not configured: the operator must set ENGINTEL_SLACK_TOKEN.")

    async def deliver(self, key: str, draft: Draft, principal: str) -> OutboxEntry:
        """Carry out `draft`, once for its key. Asked again with the same key, tells how it went.

        Raises:
            UpstreamFailed: it was not done.
            UpstreamUnknown: it may or may not have been done.
        """
        entry = await self._outbox.put(key, draft, principal)
        if entry.state != "pending" or not await self._outbox.start(key):
            return _settled(await self._outbox.put(key, draft, principal))
        try:
            posted = await self._send(draft)
        except UpstreamUnknown as error:
            await self._outbox.finish(key, "unknown", reason=str(error))
            raise
        except (UpstreamFailed, Misconfigured) as error:
            await self._outbox.finish(key, "failed", reason=str(error))
            raise
        except BaseException:
            # A crash of ours, or being cancelled: the request may have left.
            with anyio.CancelScope(shield=True):
                await self._outbox.finish(key, "unknown", reason="the server stopped while it was being sent")
            raise
        await self._outbox.finish(key, "done", posted=posted)
        return await self._outbox.put(key, draft, principal)

    async def decline(self, draft: Draft, principal: str) -> None:
        """Write down that somebody said no."""
        await self._audit.record(principal, draft.action, draft.target, "declined", {"text": draft.text})

    async def _send(self, draft: Draft) -> Posted:
        self.check(draft)
        place = draft.target.partition(":")[2]
        if draft.action == "post_jira_comment":
            jira = self._jira()
            assert jira is not None
            return await jira.add_comment(place, draft.text)
        slack = self._slack()
        assert slack is not None
        return await slack.post_message(place, draft.text)


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

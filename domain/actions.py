"""What may be done in the organisation's name, and to what."""

import hashlib
import re
from fnmatch import fnmatchcase
from typing import Final, Literal

from domain.errors import Misconfigured, TargetNotAllowed, WritesOff
from domain.frozen import Frozen

ActionStatus = Literal["preview", "done", "declined"]
Upstream = Literal["jira", "slack"]

ISSUE: Final = re.compile(r"[A-Z][A-Z0-9_]{1,30}-[1-9]\d{0,8}")
"""A key as Jira writes it."""
CHANNEL: Final = re.compile(r"#[a-z0-9][a-z0-9_.-]{0,79}|[CG][A-Z0-9]{8,20}")
"""A Slack channel: its name or its id."""
BROADCAST: Final = re.compile(r"<!(channel|here|everyone)[^>]*>|@(channel|here|everyone)\b", re.IGNORECASE)
"""What would ring everybody in a Slack channel."""


class Draft(Frozen):
    """An action as it would be carried out: the exact text and the exact target.

    Shape:
        target: as in the allowlist: `jira:PAY-12`, `slack:#payments`; `automation:NAME` for a rule that is run by hand.
        text: exactly what is sent; of a transition, the status that the issue is to have.
        only_from: the statuses from which a transition may be made; none for any.
        effects: what a rule would do, each by itself, and
        event: the id of the event that it would do it for.
    """

    action: Literal["post_jira_comment", "transition_jira_issue", "notify_slack", "run_automation"]
    target: str
    text: str
    only_from: tuple[str, ...] = ()
    effects: tuple["Draft", ...] = ()
    event: str | None = None

    @property
    def digest(self) -> str:
        """Names exactly this draft: any other text or target gives another digest."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    @property
    def upstream(self) -> Upstream:
        """Where it goes."""
        return "slack" if self.action == "notify_slack" else "jira"

    @property
    def place(self) -> str:
        """What the upstream calls the target: an issue's key, a channel."""
        return self.target.partition(":")[2]

    @property
    def question(self) -> str:
        """What somebody is asked before it is done."""
        where = self.target.replace(":", " ", 1)
        if self.action == "transition_jira_issue":
            return f"Move {where} to this status?\n\n{self.text}"
        if self.action == "run_automation":
            return f"Run the {where}? It would do this:\n\n{self.text}"
        return f"Send this to {where}?\n\n{self.text}"


class WritePolicy(Frozen):
    """Which targets may be written to; nothing, unless the operator said otherwise."""

    allowed: tuple[str, ...] = ()

    @classmethod
    def parse(cls, setting: str) -> "WritePolicy":
        """The policy that `ENGINTEL_WRITES` asks for.

        `off` or nothing allows nothing; `on` every target of the configured upstreams; otherwise a comma-separated
        list of targets, in which `*` stands for any text: `jira:PAY-*, slack:#payments`.

        Raises:
            Misconfigured: an entry names no upstream.
        """
        words = [word.strip() for word in setting.split(",") if word.strip()]
        if not words or words == ["off"]:
            return cls()
        if words == ["on"]:
            return cls(allowed=("jira:*", "slack:*"))
        for word in words:
            if not word.startswith(("jira:", "slack:")):
                raise Misconfigured(
                    f"ENGINTEL_WRITES has {word!r}: expected off, on, or targets such as jira:PAY-* and "
                    "slack:#payments, separated by commas."
                )
        return cls(allowed=tuple(words))

    def check(self, target: str) -> None:
        """Do nothing if `target` may be written to.

        Raises:
            WritesOff: nothing may.
            TargetNotAllowed: something may, but not this.
        """
        if not self.allowed:
            raise WritesOff(target)
        if not any(fnmatchcase(target, pattern) for pattern in self.allowed):
            raise TargetNotAllowed(target, self.allowed)

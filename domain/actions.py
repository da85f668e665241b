"""What may be done in the organisation's name, and to what."""

import hashlib
import json
from fnmatch import fnmatchcase
from typing import Literal

from domain.errors import Misconfigured, TargetNotAllowed, WritesOff
from domain.frozen import Frozen

ActionStatus = Literal["preview", "done", "declined"]


class Draft(Frozen):
    """An action as it would be carried out: the exact text and the exact target.

    `target` is written as in the allowlist: `jira:PAY-12`, `slack:#payments`.
    """

    action: Literal["post_jira_comment", "notify_slack"]
    target: str
    text: str

    @property
    def digest(self) -> str:
        """Names exactly this draft: any other text or target gives another digest."""
        content = json.dumps([self.action, self.target, self.text], ensure_ascii=True)
        return hashlib.sha256(content.encode()).hexdigest()


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

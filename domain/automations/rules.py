"""A rule: when something happens, then do something. Rules are data that a team edits; see `reading` for their form."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Literal

from domain.automations.templates import Template
from domain.frozen import Frozen

Operator = Literal[
    "is", "is_not", "one_of", "none_of", "contains", "starts_with", "at_least", "at_most", "present"
]  # fmt: skip
MAX_AGE: Final = timedelta(hours=1)
"""How old news may be when it reaches us and still be news. What a backfill brings is older."""
MAX_PER_HOUR: Final = 20
"""Actions of one rule in any hour. A storm of failures is one piece of news, not a hundred."""


class Condition(Frozen):
    """What a field of the event must hold. Texts compare without regard to case."""

    field: str
    operator: Operator
    wanted: tuple[str | float | bool, ...]

    def __str__(self) -> str:
        words = ", ".join(f"{w:g}" if isinstance(w, float) else str(w) for w in self.wanted)
        return f"{self.field} {self.operator.replace('_', ' ')} {words}"


class Changed(Frozen):
    """A field that must have changed with this very event, and to what."""

    field: str
    to: tuple[str, ...] = ()
    before: tuple[str, ...] = ()


class When(Frozen):
    """The events that a rule is about."""

    types: tuple[str, ...]
    source: str | None = None
    where: tuple[Condition, ...] = ()
    changed: Changed | None = None
    mentions_issue: bool = False
    """Only texts that mention an issue, and then once for every issue."""


class Comment(Frozen):
    """Comment on a Jira issue."""

    kind: Literal["comment"] = "comment"
    issue: Template
    text: Template


class Transition(Frozen):
    """Move a Jira issue to a status; from one of `only_from`, if any are given."""

    kind: Literal["transition"] = "transition"
    issue: Template
    to: str
    only_from: tuple[str, ...] = ()


class Message(Frozen):
    """Post in a Slack channel."""

    kind: Literal["slack"] = "slack"
    channel: Template
    text: Template


Then = Comment | Transition | Message


class Rule(Frozen):
    """One automation. `line` is where it begins in its file."""

    name: str
    line: int
    about: str = ""
    when: When
    then: tuple[Then, ...]
    enabled: bool = True
    max_age: timedelta = MAX_AGE
    max_per_hour: int = MAX_PER_HOUR


class RuleBook(Frozen):
    """The rules of an organisation, and the channels of its projects.

    `channels` are by project id, by a project's reference (`jira:PAY`, `github:acme/api`) or by board (`board:12`);
    `default` is for all others.
    """

    rules: tuple[Rule, ...] = ()
    channels: Mapping[str, str] = {}

    @property
    def enabled(self) -> tuple[Rule, ...]:
        """The rules that are on."""
        return tuple(rule for rule in self.rules if rule.enabled)

    def named(self, name: str) -> Rule | None:
        """The rule of that name, on or off."""
        return next((rule for rule in self.rules if rule.name == name), None)

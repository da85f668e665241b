"""Whether a rule acts on an event, and why or why not: every check is told, passed or not."""

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from domain.actions import WritePolicy
from domain.automations.conditions import change_of, found, holds
from domain.automations.keys import mentioned, possible_keys, project_of
from domain.automations.rules import Rule
from domain.events import Commit, Event, Issue, IssueComment, PullRequest, Review, Source
from domain.frozen import Frozen, Utc
from domain.projects import Project

LATEST: Final = timedelta(days=1)
"""How long after its arrival an event may still be acted on, where the program was down or behind meanwhile."""
SIGNATURE: Final = "engintel automation: "
"""What every comment of a rule ends with. It is recognised in whatever comes back, also from another installation."""
_SIGNED: Final = re.compile(rf"{re.escape(SIGNATURE)}[a-z0-9-]+")


class Circumstances(Frozen):
    """What is known around an event when rules are held against it.

    Shape:
        now: the moment of judging.
        received_at: when the event reached us; None if nobody knows, as for one that is only tried out.
        own: the accounts that we write with, as keys of actors.
        jira_projects: the keys of the Jira projects that are known.
        project: what the event's project reference stands for.
        channel: the Slack channel of that project.
        summary: of a sprint, what it completed.
        site: the address of our Jira.
        writes: what may be written to.
        by_hand: somebody asked for the rule to be run, so that age does not matter, nor whether the rule is on.
    """

    now: Utc
    received_at: Utc | None = None
    own: frozenset[str] = frozenset()
    jira_projects: frozenset[str] = frozenset()
    project: Project | None = None
    channel: str | None = None
    summary: str | None = None
    site: str | None = None
    writes: WritePolicy = WritePolicy()
    by_hand: bool = False


class Check(Frozen):
    """One thing that a rule asks for, and whether it is so."""

    passed: bool
    text: str


class Verdict(Frozen):
    """A rule held against an event. `issues` are those that it mentions, where the rule is about them."""

    rule: Rule
    checks: tuple[Check, ...]
    issues: tuple[str, ...] = ()

    @property
    def matched(self) -> bool:
        """Whether the rule acts."""
        return all(check.passed for check in self.checks)


def concerns(rule: Rule, event: Event) -> bool:
    """Whether an event is of a kind that the rule is about: cheap, and false for nearly everything."""
    return event.type in rule.when.types and rule.when.source in {None, event.source.value}


def matches(rule: Rule, event: Event) -> bool:
    """Whether an event is as the rule wants it, whatever the circumstances."""
    when = rule.when
    return (
        concerns(rule, event)
        and all(holds(condition, event) for condition in when.where)
        and (when.changed is None or change_of(when.changed, event) is not None)
        and (not when.mentions_issue or bool(keys_in(event, None)))
    )


def keys_in(event: Event, site: str | None) -> tuple[str, ...]:
    """What may be issues in the text of an event."""
    body = event.body
    match body:
        case Commit():
            return possible_keys(f"{body.title}\n{body.message}", site=site)
        case PullRequest():
            return possible_keys(f"{body.title}\n{body.text}", site=site, branch=body.head_branch)
        case Review() | IssueComment():
            return possible_keys(body.text, site=site)
        case Issue():
            return tuple(key for key in possible_keys(f"{body.title}\n{body.text}", site=site) if key != body.key)
        case _:
            return ()


def is_ours(event: Event, own: Collection[str]) -> str | None:
    """Why an event is our own doing, or None. What we caused never triggers anything."""
    if event.source is Source.ENGINTEL:
        return "it is a decision that was taken through this program"
    if event.actor is not None and event.actor.key in own:
        return f"it was done with our own account ({event.actor.key})"
    if isinstance(event.body, IssueComment) and _SIGNED.search(event.body.text):
        return "it is the comment of an automation"
    return None


def judge(rule: Rule, event: Event, about: Circumstances) -> Verdict:
    """Hold `rule` against `event`; every check is made, so that all reasons are told at once."""
    when = rule.when
    checks = []
    if not rule.enabled and not about.by_hand:
        checks.append(Check(passed=False, text="the rule is off (enabled: false)"))
    of_type = event.type in when.types
    checks.append(Check(passed=of_type, text=f"type {' or '.join(when.types)}: it is {event.type}"))
    if when.source is not None:
        of_source = event.source.value == when.source
        checks.append(Check(passed=of_source, text=f"source {when.source}: it is {event.source.value}"))
    if not of_type:
        return Verdict(rule=rule, checks=tuple(checks))
    checks += [Check(passed=holds(each, event), text=found(each, event)) for each in when.where]
    if when.changed is not None:
        change = change_of(when.changed, event)
        wanted = (
            f"{when.changed.field} changed{_listed(' from ', when.changed.before)}{_listed(' to ', when.changed.to)}"
        )
        told = f"from {change.before} to {change.after}" if change else _changes(event)
        checks.append(Check(passed=change is not None, text=f"{wanted}: {told}"))
    issues: tuple[str, ...] = ()
    if when.mentions_issue:
        issues, check = _mentions(event, about)
        checks.append(check)
    ours = is_ours(event, about.own)
    if ours:
        checks.append(Check(passed=False, text=f"not our own doing: {ours}"))
    if not about.by_hand:
        checks.append(_age(rule, event, about))
    return Verdict(rule=rule, checks=tuple(checks), issues=issues)


def moment_of(event: Event) -> datetime:
    """When an event became news: of a commit, when it was pushed."""
    return getattr(event.body, "pushed_at", None) or event.occurred_at


def timely(rule: Rule, event: Event, received_at: datetime | None, now: datetime) -> bool:
    """Whether an event is news to a rule; where nobody knows when it arrived, as if it had just now."""
    known = received_at or now
    return known - moment_of(event) <= rule.max_age and now - known <= LATEST


def _age(rule: Rule, event: Event, about: Circumstances) -> Check:
    known = about.received_at or about.now
    age, waited = known - moment_of(event), about.now - known
    if timely(rule, event, about.received_at, about.now):
        return Check(passed=True, text=f"no older than {_told(rule.max_age)} on arrival: it was {_told(age)} old")
    if age > rule.max_age:
        return Check(passed=False, text=f"no older than {_told(rule.max_age)} on arrival: it was {_told(age)} old")
    return Check(passed=False, text=f"no more than {_told(LATEST)} after its arrival: that was {_told(waited)} ago")


def _mentions(event: Event, about: Circumstances) -> tuple[tuple[str, ...], Check]:
    keys = keys_in(event, about.site)
    issues = mentioned(keys, about.jira_projects)
    if issues:
        return issues, Check(passed=True, text=f"mentions an issue: {', '.join(issues)}")
    if keys:
        projects = ", ".join(dict.fromkeys(map(project_of, keys)))
        return (), Check(passed=False, text=f"mentions an issue: no Jira project {projects} is known")
    return (), Check(passed=False, text="mentions an issue: it names none (addresses and code do not count)")


def _changes(event: Event) -> str:
    changes = event.body.changes if isinstance(event.body, Issue) else ()
    told = ", ".join(f"{change.field} to {change.after}" for change in changes[:5])
    return f"it changed {told}" if told else "it tells of no change"


def _listed(before: str, words: tuple[str, ...]) -> str:
    return before + " or ".join(words) if words else ""


def _told(lasts: timedelta) -> str:
    seconds = max(0, round(lasts.total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds} s"

"""From what a file says to rules that make sense, or to errors that say where it does not, what was expected, and why.

Nothing is guessed: an unknown key, a field that the event does not have, a condition that cannot be, and a rule that
would match everything are refused when the file is read, not discovered when something happens.
"""

import re
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Final

from domain.actions import BROADCAST, CHANNEL
from domain.automations.conditions import read_changed, read_conditions
from domain.automations.keys import is_key
from domain.automations.nodes import Node, Problem, expected, mapping, sequence, shown, text, texts
from domain.automations.rules import MAX_AGE, MAX_PER_HOUR, Comment, Message, Rule, RuleBook, Then, Transition, When
from domain.automations.schema import field_of, fields_of
from domain.automations.templates import CONTEXT, BadTemplate, Place, Template
from domain.errors import Misconfigured
from domain.events import Source
from domain.routing import ROUTES, Store

AUTOMATED: Final = tuple(sorted(kind for kind, stores in ROUTES.items() if Store.AUTOMATIONS in stores))
"""The event types that a rule can be about."""
_SELDOM: Final = frozenset({"sprint_created", "sprint_started", "sprint_closed", "release"})
"""Types of which each event is news. Any other needs a condition: a rule on all of them would match everything."""
_SPRINTS: Final = ("sprint_created", "sprint_started", "sprint_updated", "sprint_closed")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_DURATION: Final = re.compile(r"(\d{1,5}) ?(s|m|h|d)")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LONGEST: Final = timedelta(days=30)
_MOST_PER_HOUR: Final = 1_000
_RULE_KEYS: Final = ("name", "about", "when", "then", "enabled", "max_age", "max_per_hour")
_WHEN_KEYS: Final = ("type", "source", "where", "changed", "mentions")
_ACTIONS: Final = ("comment", "transition", "slack")


class BadRules(Misconfigured):
    """A file of rules that cannot be used. `problems` has one line for each thing that is wrong."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        more = f" (and {len(problems) - 1} more: `engintel automations list` shows all)" if len(problems) > 1 else ""
        super().__init__(f"{problems[0]}{more}")
        self.problems = problems


def read_rules(root: Node, file: str) -> RuleBook:
    """The rules that a file says.

    Args:
        root: the whole file.
        file: what it is called, for errors.

    Raises:
        BadRules: something in it will not do; every problem is told with its line.
    """
    problems: list[Problem] = []
    rules: dict[str, Rule] = {}
    channels: Mapping[str, str] = {}
    try:
        top = mapping(root, "the file", ("channels", "rules"), ("rules",))
        channels = _channels(top["channels"]) if "channels" in top else {}
        items = sequence(top["rules"], "rules")
    except Problem as problem:
        raise BadRules((_told(file, problem),)) from problem
    for item in items:
        try:
            rule = _rule(item, rules)
            rules[rule.name] = rule
        except Problem as problem:
            problems.append(problem)
    if problems:
        raise BadRules(tuple(_told(file, problem) for problem in problems))
    return RuleBook(rules=tuple(rules.values()), channels=channels)


def _told(file: str, problem: Problem) -> str:
    text = str(problem)
    return f"{file}, line {problem.line}: {text}" + ("" if text.endswith("?") else ".")


def _channels(node: Node) -> dict[str, str]:
    return {
        project: _channel(place, f"the channel of {project!r}")
        for project, place in mapping(node, "channels", None).items()
    }


def _channel(node: Node, what: str) -> str:
    name = text(node, what)
    if not CHANNEL.fullmatch(name):
        raise Problem(node.line, f"{what} is {name!r}: expected '#name', in quotes, or an id such as C0123456789")
    return name


def _rule(node: Node, known: Collection[str]) -> Rule:
    told = mapping(node, "a rule", _RULE_KEYS, ("name", "when", "then"))
    name = text(told["name"], "name")
    if not _NAME.fullmatch(name):
        raise Problem(told["name"].line, f"name is {name!r}: expected lower case letters, digits and hyphens")
    if name in known:
        raise Problem(told["name"].line, f"a second rule is named {name!r}: give each its own name")
    what = f"the rule {name!r}"
    when = _when(told["when"], what)
    then = tuple(_then(item, when, what) for item in sequence(told["then"], f"then of {what}"))
    places = [(action.kind, str(getattr(action, "channel", None) or getattr(action, "issue", None))) for action in then]
    if len(set(places)) < len(places):
        raise Problem(told["then"].line, f"{what} does the same thing to the same target twice: keep one")
    return Rule(
        name=name,
        line=node.line,
        about=text(told["about"], "about") if "about" in told else "",
        when=when,
        then=then,
        enabled=_truth(told["enabled"], "enabled") if "enabled" in told else True,
        max_age=_duration(told["max_age"], "max_age") if "max_age" in told else MAX_AGE,
        max_per_hour=_whole(told["max_per_hour"], "max_per_hour") if "max_per_hour" in told else MAX_PER_HOUR,
    )


def _when(node: Node, what: str) -> When:
    told = mapping(node, f"when of {what}", _WHEN_KEYS, ("type",))
    types = texts(told["type"], "type")
    for kind in types:
        if kind not in AUTOMATED:
            raise Problem(told["type"].line, f"there is no event type {kind!r} for rules: {expected(kind, AUTOMATED)}")
    source = text(told["source"], "source") if "source" in told else None
    if source is not None and source not in set(Source):
        known = tuple(each.value for each in Source)
        raise Problem(told["source"].line, f"there is no source {source!r}: {expected(source, known)}")
    mentions = "mentions" in told and text(told["mentions"], "mentions")
    if mentions not in {False, "issue"}:
        raise Problem(told["mentions"].line, f"mentions is {mentions!r}: expected issue")
    conditions, narrow = read_conditions(told["where"], types, what) if "where" in told else ((), False)
    changed = read_changed(told["changed"], types, what) if "changed" in told else None
    if not (narrow or changed or mentions or set(types) <= _SELDOM):
        busy = ", ".join(kind for kind in types if kind not in _SELDOM)
        raise Problem(
            node.line,
            f"{what} would match every {busy} there is: narrow it with where, changed or mentions",
        )
    return When(types=types, source=source, where=conditions, changed=changed, mentions_issue=bool(mentions))


def _then(node: Node, when: When, what: str) -> Then:
    told = mapping(node, f"an action of {what}", _ACTIONS)
    if len(told) != 1:
        raise Problem(node.line, f"an action of {what}: expected exactly one of {', '.join(_ACTIONS)}")
    [(kind, body)] = told.items()
    if kind == "slack":
        given = mapping(body, f"slack of {what}", ("channel", "text"), ("channel", "text"))
        message = _template(given["text"], when, "text")
        if any(isinstance(piece, str) and BROADCAST.search(piece) for piece in message.pieces):
            raise Problem(given["text"].line, "text would notify a whole channel (@channel, @here): leave that out")
        return Message(channel=_channel_template(given["channel"], when), text=message)
    if kind == "comment":
        given = mapping(body, f"comment of {what}", ("issue", "text"), ("issue", "text"))
        return Comment(issue=_issue_template(given["issue"], when), text=_template(given["text"], when, "text"))
    given = mapping(body, f"transition of {what}", ("issue", "to", "only_from"), ("issue", "to"))
    return Transition(
        issue=_issue_template(given["issue"], when),
        to=text(given["to"], "to"),
        only_from=texts(given["only_from"], "only_from") if "only_from" in given else (),
    )


def _channel_template(node: Node, when: When) -> Template:
    template = _template(node, when, "channel")
    place = _only_place(template)
    if template.fixed is not None:
        _channel(node, "channel")
    elif place is None or place.name != "channel":
        raise Problem(
            node.line, f"channel is {template}: expected '#name', an id, or {{channel}} for the project's own"
        )
    elif not place.otherwise.startswith("(") and not CHANNEL.fullmatch(place.otherwise):
        raise Problem(node.line, f"{place.otherwise!r} is not a channel: expected #name or an id")
    return template


def _issue_template(node: Node, when: When) -> Template:
    template = _template(node, when, "issue")
    place = _only_place(template)
    if template.fixed is not None and not is_key(template.fixed):
        raise Problem(
            node.line, f"issue is {template.fixed!r}: expected a key such as PAY-12, {{issue}} or {{event.key}}"
        )
    if template.fixed is None and (place is None or place.name not in {"issue", "event.key"}):
        raise Problem(node.line, f"issue is {template}: expected a key such as PAY-12, {{issue}} or {{event.key}}")
    return template


def _only_place(template: Template) -> Place | None:
    return template.places[0] if len(template.pieces) == 1 and template.places else None


def _template(node: Node, when: When, what: str) -> Template:
    """A template whose places are all there, in every event that the rule is about."""
    try:
        template = Template.parse(text(node, what))
    except BadTemplate as problem:
        raise Problem(node.line, f"{what}: {problem}") from problem
    for place in template.places:
        if place.field is not None:
            _check_field(place.field, when, node, what)
        elif place.name not in CONTEXT:
            known = (*CONTEXT, *(f"event.{name}" for name in fields_of(when.types[0])))
            raise Problem(
                node.line, f"{what} names {{{place.name}}}, which there is not: {expected(place.name, known)}"
            )
        elif place.name == "issue" and not when.mentions_issue:
            raise Problem(node.line, f"{what} names {{issue}}: add `mentions: issue` to when, or use {{event.key}}")
        elif place.name == "summary" and not set(when.types) <= set(_SPRINTS):
            raise Problem(node.line, f"{what} names {{summary}}, which only sprints have")
    return template


def _check_field(name: str, when: When, node: Node, what: str) -> None:
    for kind in when.types:
        if field_of(kind, name) is None:
            known = tuple(f"event.{each}" for each in fields_of(kind))
            raise Problem(
                node.line,
                f"{what} names {{event.{name}}}, which {kind} does not have: {expected(f'event.{name}', known)}",
            )


def _truth(node: Node, what: str) -> bool:
    if not isinstance(node.value, bool):
        raise Problem(node.line, f"{what}: expected true or false, not {shown(node)}")
    return node.value


def _whole(node: Node, what: str) -> int:
    if type(node.value) is not int or not 1 <= node.value <= _MOST_PER_HOUR:
        raise Problem(node.line, f"{what}: expected a number from 1 to {_MOST_PER_HOUR}, not {shown(node)}")
    return node.value


def _duration(node: Node, what: str) -> timedelta:
    found = _DURATION.fullmatch(str(node.value)) if isinstance(node.value, str) else None
    lasts = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else timedelta()
    if not timedelta() < lasts <= _LONGEST:
        raise Problem(node.line, f"{what}: expected a time such as 30m, 2h or 1d, 30d at most, not {shown(node)}")
    return lasts

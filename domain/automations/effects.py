"""What a rule would do about an event: the drafts, word for word, and what stands in the way of each."""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Final

from domain.actions import Draft
from domain.automations.keys import is_key
from domain.automations.matching import SIGNATURE, Circumstances, Verdict
from domain.automations.rules import Comment, Message, Rule, Then
from domain.automations.schema import said, value_of
from domain.automations.templates import Place, Template
from domain.errors import Refused
from domain.events import Commit, Event
from domain.frozen import Frozen
from domain.text import clean, line

COMMENT_LIMIT: Final = 8_000
MESSAGE_LIMIT: Final = 4_000
_VALUE_LIMIT: Final = 1_000
"""Characters that one place of a template takes at most."""
_WIKI: Final = re.compile(r"[\\{\[!|]")
"""What begins a macro, a link, a mention, an image or a table in Jira's markup."""
_SLACK: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


class Effect(Frozen):
    """One thing that a rule would do. `withheld` says why it will not, if it will not; then there may be no draft."""

    rule: str
    event_id: str
    draft: Draft | None = None
    withheld: str | None = None

    @property
    def key(self) -> str:
        """Names this action of this rule for this event, so that it is done once whoever asks for it how often."""
        assert self.draft is not None
        return action_key(self.rule, self.event_id, self.draft)


def action_key(rule: str, event_id: str, draft: Draft) -> str:
    """The key of what a rule does to one target because of one event; its words are no part of it."""
    told = json.dumps([rule, event_id, draft.action, draft.target])
    return f"auto-{hashlib.sha256(told.encode()).hexdigest()[:32]}"


def effects_of(verdict: Verdict, event: Event, about: Circumstances) -> tuple[Effect, ...]:
    """What the rule does; nothing if it does not match."""
    if not verdict.matched:
        return ()
    return tuple(_effects(verdict, event, about))


def _effects(verdict: Verdict, event: Event, about: Circumstances) -> Iterator[Effect]:
    for action in verdict.rule.then:
        if isinstance(action, Message):  # one message, however many issues are mentioned
            yield _effect(verdict.rule, action, event, about, ", ".join(verdict.issues) or None)
        elif any(place.name == "issue" for place in action.issue.places):
            for issue in verdict.issues:
                yield _effect(verdict.rule, action, event, about, issue)
        else:
            yield _effect(verdict.rule, action, event, about, ", ".join(verdict.issues) or None)


def _target(action: Then) -> Template:
    return action.channel if isinstance(action, Message) else action.issue


def _effect(rule: Rule, action: Then, event: Event, about: Circumstances, issue: str | None) -> Effect:
    known = _Known(rule, event, about, issue)
    place = _target(action).fill(known.bare)
    effect = Effect(rule=rule.name, event_id=event.id)
    if isinstance(action, Message):
        if place.startswith("("):
            where = about.project.id if about.project else event.project or "it"
            why = f"no channel is known for {where}: add it, or a default, under `channels` in the rules"
            return effect.model_copy(update={"withheld": why})
        text = clean(action.text.fill(known.in_slack), MESSAGE_LIMIT)
        draft = Draft(action="notify_slack", target=f"slack:{place}", text=text)
    else:
        if not is_key(place):
            return effect.model_copy(update={"withheld": f"{line(place, 80)} is no issue of Jira's"})
        target = f"jira:{place}"
        if isinstance(action, Comment):
            text = clean(action.text.fill(known.in_jira), COMMENT_LIMIT)
            draft = Draft(action="post_jira_comment", target=target, text=f"{text}\n\n_{SIGNATURE}{rule.name}_")
        else:
            draft = Draft(action="transition_jira_issue", target=target, text=action.to, only_from=action.only_from)
    try:
        about.writes.check(draft.target)
    except Refused as refusal:
        return effect.model_copy(update={"draft": draft, "withheld": str(refusal)})
    return effect.model_copy(update={"draft": draft})


class _Known:
    """What the places of a template stand for. Text of an event is data: it can neither ring nor format anything."""

    def __init__(self, rule: Rule, event: Event, about: Circumstances, issue: str | None) -> None:
        self._event = event
        self._context = {
            "actor": _actor(event),
            "project": about.project.name if about.project else (event.project or "").partition(":")[2] or None,
            "channel": about.channel,
            "link": link_of(event) or "no link",
            "rule": rule.name,
            "issue": issue,
            "summary": about.summary,
        }

    def bare(self, place: Place) -> str | None:
        value = self._context.get(place.name) if place.field is None else value_of(self._event, place.field)
        if value is None:
            return None
        told = said(value)
        return line(told, _VALUE_LIMIT) if place.name != "event.text" else clean(told, _VALUE_LIMIT)

    def in_slack(self, place: Place) -> str | None:
        told = self.bare(place)
        return None if told is None else "".join(_SLACK.get(letter, letter) for letter in told)

    def in_jira(self, place: Place) -> str | None:
        told = self.bare(place)
        return None if told is None else _WIKI.sub(r"\\\g<0>", told)


def _actor(event: Event) -> str:
    actor = event.actor
    return (actor.name or actor.username or actor.external_id) if actor else "somebody"


def link_of(event: Event) -> str | None:
    """Where an event can be seen, if that is known."""
    url = getattr(event.body, "url", None)
    if url is None and isinstance(event.body, Commit) and (event.project or "").startswith("github:"):
        return f"https://github.com/{(event.project or '').partition(':')[2]}/commit/{event.body.sha}"
    return url

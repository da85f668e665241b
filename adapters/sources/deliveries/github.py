"""GitHub webhooks as events: what tells of what, and what every delivery says of its repository."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Final

from adapters.sources.deliveries.fields import Fields
from adapters.sources.deliveries.github_code import push
from adapters.sources.deliveries.github_envelope import Envelope, account, full_name
from adapters.sources.deliveries.github_issues import issue_comment, issues
from adapters.sources.deliveries.github_pulls import pull_request, review, review_comment
from adapters.sources.deliveries.github_shipping import deployment_status, release, workflow_run
from adapters.sources.deliveries.raw import digest, raw_event
from domain.errors import InvalidInput
from domain.events import Event, ProjectDescribed, Source, TeamMembership
from domain.text import line, slug

_MAPPERS: Final[Mapping[str, Callable[[Envelope], list[Event] | None]]] = {
    "push": push,
    "pull_request": pull_request,
    "pull_request_review": review,
    "pull_request_review_comment": review_comment,
    "issues": issues,
    "issue_comment": issue_comment,
    "workflow_run": workflow_run,
    "deployment_status": deployment_status,
    "release": release,
}
"""Who reads which event; None from one of them means that it does not understand the action."""


def github_events(headers: Mapping[str, str], body: object, received_at: datetime) -> list[Event]:
    """The events that one delivery tells.

    Args:
        headers: with names in lower case.
        body: the payload as parsed from JSON.
        received_at: when it reached us.

    Raises:
        InvalidInput: it is not a delivery of GitHub's.
    """
    name = line(headers.get("x-github-event", ""))
    if not name:
        raise InvalidInput("Expected the header X-GitHub-Event, by which GitHub says what a delivery tells of.")
    if name == "ping":
        return []
    payload = Fields(body, f"a GitHub {name} delivery")
    action = payload.raw("action")
    action = line(action) if isinstance(action, str) else ""
    events: list[Event] | None = None
    if name == "membership":
        events = _membership(payload, action, headers, received_at)
    elif mapper := _MAPPERS.get(name):
        envelope = Envelope(action, payload, full_name(payload), received_at)
        events = mapper(envelope)
        if events:
            events.append(description(envelope, events[0].occurred_at))
    return [_raw(name, action, payload, headers, received_at)] if events is None else events


def _delivery_id(headers: Mapping[str, str]) -> str:
    delivery_id = line(headers.get("x-github-delivery", ""))
    if not delivery_id:
        raise InvalidInput("Expected the header X-GitHub-Delivery, by which GitHub tells deliveries apart.")
    return delivery_id


def description(envelope: Envelope, at: datetime) -> Event:
    """What GitHub says of the repository. Its id holds a digest, so that the log keeps one for each change."""
    repository = envelope.body.child("repository")
    name, described = _described(repository.body("description"), repository.url("html_url"))
    return envelope.event(name, at, f"project:github:{envelope.repository}", described)


@lru_cache(maxsize=2_000)  # every delivery tells it of its repository, the same each time
def _described(text: str, url: str | None) -> tuple[str, ProjectDescribed]:
    return f"described:{digest(text, url)}", ProjectDescribed(description=text, url=url)


def _membership(payload: Fields, action: str, headers: Mapping[str, str], received_at: datetime) -> list[Event] | None:
    """Somebody joined or left a team.

    The payload has no time, and one may join, leave and join again: nothing but the delivery's id tells which it is.
    """
    if action not in {"added", "removed"} or payload.maybe_text("scope") != "team":
        return None
    team, member = payload.child("team"), account(payload.maybe_child("member"))
    name = team.name("name")
    team_slug = team.maybe_text("slug") or slug(name) or team.identifier("id")  # a deleted team has lost its slug
    if member is None:
        return []
    event = Event(
        id=f"github:team:{team_slug}:{member.external_id}:{action}:{_delivery_id(headers)}",
        source=Source.GITHUB,
        occurred_at=received_at,
        entity=f"team:github:{team_slug}:{member.external_id}",
        actor=member,
        body=TeamMembership(type="team_joined" if action == "added" else "team_left", team=team_slug, team_name=name),
    )
    return [event]


def _raw(name: str, action: str, payload: Fields, headers: Mapping[str, str], received_at: datetime) -> Event:
    """A delivery that is not understood; whatever is odd about it is no reason to refuse it."""
    try:
        project = f"github:{full_name(payload)}"
    except InvalidInput:
        project = None
    try:
        sender = account(payload.maybe_child("sender"))
    except InvalidInput:
        sender = None
    kind = f"{name}.{action}" if action else name
    return raw_event(
        Source.GITHUB, _delivery_id(headers), kind, payload.whole, at=received_at, project=project, actor=sender
    )

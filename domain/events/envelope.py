"""The event: something that happened, immutable, with everything that is needed to project it."""

from typing import Annotated, Final, get_args

from pydantic import Field, TypeAdapter
from pydantic_core import to_json

from domain.events.actors import Actor, Source
from domain.events.code import Commit, CommitDropped, PullRequest, Push, Review
from domain.events.delivery import Alert, Deployment, MetricSample, Release, WorkflowRun
from domain.events.knowledge import (
    AccountDescribed,
    CodeOwners,
    Document,
    DocumentRemoved,
    DocumentSignal,
    IdentityDecision,
    Mailmap,
    Manifest,
    ManifestRemoved,
    PersonDescribed,
    ProjectDescribed,
    Raw,
    TeamMembership,
)
from domain.events.work import Issue, IssueComment, Sprint
from domain.frozen import Frozen, Utc

Body = (
    Commit
    | CommitDropped
    | Push
    | PullRequest
    | Review
    | Issue
    | IssueComment
    | Sprint
    | WorkflowRun
    | Deployment
    | Release
    | MetricSample
    | Alert
    | Document
    | DocumentRemoved
    | DocumentSignal
    | Manifest
    | ManifestRemoved
    | CodeOwners
    | Mailmap
    | ProjectDescribed
    | PersonDescribed
    | AccountDescribed
    | TeamMembership
    | IdentityDecision
    | Raw
)
"""What happened. `type` tells the bodies apart and is what the routing table is keyed by."""

DONE_FOR_ACTOR: Final = frozenset(
    {
        "pr_review_requested", "pr_updated", "pr_closed", "pr_merged", "pr_reopened",
        "person_described", "account_described", "team_joined", "team_left", "identity_merged", "identity_split",
    }
)  # fmt: skip
"""Types whose actor need not have done anything: others merge somebody's pull request, and list them on a team."""


class Event(Frozen):
    """Something that happened.

    Shape:
        id: names this happening for good, in every way it may reach us: a webhook, its redelivery and a backfill of
            the same thing give the same id. The log keeps the first.
        source: where it was observed.
        occurred_at: the event's own time. When we received it is the log's to say.
        entity: what it is about (`pr:github:acme/api#12`). Events of one entity are applied in the order in which
            they were appended.
        project: the project as the source names it (`git:api`, `github:acme/api`, `jira:API`), if it has one.
        actor: who did it, as the source names them, if anybody did.
    """

    id: str
    source: Source
    occurred_at: Utc
    entity: str
    project: str | None = None
    actor: Actor | None = None
    body: Annotated[Body, Field(discriminator="type")]

    @property
    def type(self) -> str:
        """The event type, as in the routing table."""
        return self.body.type


def _types() -> tuple[str, ...]:
    literals = (body.model_fields["type"].annotation for body in get_args(Body))
    return tuple(name for literal in literals for name in get_args(literal))


EVENT_TYPES: Final = _types()
"""Every event type there is."""

_ADAPTER: Final[TypeAdapter[Event]] = TypeAdapter(Event)


def encode(event: Event) -> bytes:
    """`event` as JSON. Fields at their defaults are left out; the body's `type` never is."""
    plain = event.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    plain["body"]["type"] = event.body.type
    return to_json(plain)


def decode(payload: bytes | str) -> Event:
    """The event that `encode` wrote.

    Raises:
        pydantic.ValidationError: `payload` is not an event of a type that this version knows.
    """
    return _ADAPTER.validate_json(payload)

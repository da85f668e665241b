"""What is known about projects and people beyond their activity: documents, manifests, owners, rosters, decisions.

Each body is the whole current state of its entity, so applying the newest one is enough.
"""

from typing import Literal

from domain.events.actors import Actor
from domain.frozen import Frozen, Utc


class Document(Frozen):
    """A text that explains something: a README, a page under docs/, a Notion page, an epic's description."""

    type: Literal["doc_changed"] = "doc_changed"
    doc_id: str
    title: str
    text: str
    path: str | None = None
    url: str | None = None


class DocumentRemoved(Frozen):
    """A document that is no longer there."""

    type: Literal["doc_removed"] = "doc_removed"
    doc_id: str


class DocumentSignal(Frozen):
    """A source says that a document changed and not how: whoever can read there has to fetch it.

    It is in the log like anything else, so a fetch that fails can be tried again: whoever fetches moves a position of
    its own past the signal in the step that appends what was fetched. Fetching twice is no harm.
    """

    type: Literal["doc_signalled"] = "doc_signalled"
    object_id: str
    """What to fetch, as the source calls it: a Notion page's id with its hyphens."""
    kind: Literal["page", "database", "data_source"]
    """A page is fetched itself; of the other two, the pages that changed."""
    reason: str
    """The source's own name for what happened: `page.content_updated`."""


class Requirement(Frozen):
    """One line of a manifest: a package that a project needs."""

    package: str
    """`pypi:requests`, `npm:@acme/ui`, `go:example.com/x`, `maven:group:artifact`, `cargo:serde`; name normalised."""
    spec: str = ""
    scope: Literal["runtime", "build", "test", "optional"] = "runtime"


class Manifest(Frozen):
    """What a package file of a project says it provides and requires."""

    type: Literal["manifest_changed"] = "manifest_changed"
    path: str
    provides: tuple[str, ...] = ()
    requires: tuple[Requirement, ...] = ()


class ManifestRemoved(Frozen):
    """A package file that is no longer there."""

    type: Literal["manifest_removed"] = "manifest_removed"
    path: str


class OwnerRule(Frozen):
    """One line of a CODEOWNERS file. An owner is `@login`, `@org/team` or a mail."""

    pattern: str
    owners: tuple[str, ...]


class CodeOwners(Frozen):
    """A project's CODEOWNERS file; no rules means that there is none any more."""

    type: Literal["codeowners_changed"] = "codeowners_changed"
    path: str
    rules: tuple[OwnerRule, ...] = ()


class Alias(Frozen):
    """A line of a `.mailmap`, applied: this signature is really that one."""

    signature: Actor
    proper: Actor


class Mailmap(Frozen):
    """Every signature in a project's history that its `.mailmap` rewrites."""

    type: Literal["mailmap_changed"] = "mailmap_changed"
    aliases: tuple[Alias, ...] = ()


class ProjectDescribed(Frozen):
    """What a source says a project is: the names it has elsewhere, who owns it, what it depends on.

    `refs` are project references (`github:acme/api`, `jira:API`) that are all this one project. `depends_on` and
    `owner_team` are None where the source says nothing of them, which differs from saying that there are none.
    """

    type: Literal["project_described"] = "project_described"
    name: str | None = None
    refs: tuple[str, ...] = ()
    description: str = ""
    owner_team: str | None = None
    status: str | None = None
    priority: str | None = None
    target_date: str | None = None
    slack_channel: str | None = None
    depends_on: tuple[str, ...] | None = None
    url: str | None = None


class PersonDescribed(Frozen):
    """A row of a roster: these accounts are one person, on these terms."""

    type: Literal["person_described"] = "person_described"
    name: str
    email: str | None = None
    accounts: tuple[Actor, ...] = ()
    team: str | None = None
    role: str | None = None
    allocation: float | None = None
    """Share of full time, 0..1."""
    away_until: Utc | None = None


class AccountDescribed(Frozen):
    """A source says whose an account is: the event's actor, with its name, user name and mail as they now are."""

    type: Literal["account_described"] = "account_described"
    active: bool = True
    """False once the account is closed."""


class TeamMembership(Frozen):
    """Somebody joined a team or left it. The event's actor is the member."""

    type: Literal["team_joined", "team_left"]
    team: str
    team_name: str


class IdentityDecision(Frozen):
    """A person said that accounts are one, or are not. Later decisions about the same pair win."""

    type: Literal["identity_merged", "identity_split"]
    left: str
    """An account key such as `github:583231`."""
    right: str
    reason: str = ""


class Raw(Frozen):
    """A delivery of a kind that nothing here understands yet: kept, so that it can be understood later."""

    type: Literal["raw"] = "raw"
    kind: str
    """The source's own name for it, with its action: `star.created`."""
    excerpt: str = ""
    """The beginning of the payload, as JSON text; it may be cut."""

"""Who did something, as the source named them. Who that is gets decided when asked: see `domain.identity`."""

from enum import StrEnum
from functools import lru_cache

from domain.frozen import Frozen


class Source(StrEnum):
    """Where an event was observed."""

    GIT = "git"
    GITHUB = "github"
    JIRA = "jira"
    NOTION = "notion"
    SLACK = "slack"
    PROMETHEUS = "prometheus"
    ENGINTEL = "engintel"
    """The program itself: decisions that a person took through it."""


class Actor(Frozen):
    """One account in one source.

    `external_id` is what the source holds constant: GitHub's numeric id, Jira's accountId, and for git, which has
    no accounts, the pair `Name <mail>`. A GitHub account of which only the login is known is `login:<login>`.
    """

    source: Source
    external_id: str
    username: str | None = None
    name: str | None = None
    email: str | None = None
    bot: bool = False
    """True when the source itself says so (GitHub `type: Bot`, Jira `accountType: app`)."""

    @property
    def key(self) -> str:
        """What events and stores know this account by, such as `github:583231`."""
        return f"{self.source}:{self.external_id}"


@lru_cache(maxsize=5_000)  # the same people sign commit after commit
def git_actor(name: str, email: str, username: str | None = None) -> Actor:
    """The account behind a git signature. Both parts may be anything, `hello` and nothing included.

    Args:
        name: the name as written in the commit.
        email: the mail as written; compared without regard to case.
        username: the GitHub login that GitHub itself put beside the signature, if it did.
    """
    name, email = name.strip(), email.strip().lower()
    return Actor(
        source=Source.GIT,
        external_id=f"{name} <{email}>".strip(),
        username=username,
        name=name or None,
        email=email or None,
    )

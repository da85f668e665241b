"""People, bots and teams, and what each source calls them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from adapters.sources.sample.ids import uuid

COMPANY: Final = "Brambleway"
ORG: Final = "brambleway"
"""The organisation's login on GitHub."""
ORG_ID: Final = 71482093
MAIL: Final = "brambleway.example"
NEVER_RESTS: Final = -1


@dataclass(frozen=True, slots=True)
class Signature:
    """What git writes beside a commit.

    `known` says whether the mail belongs to a GitHub account: only then does GitHub put a login beside it.
    """

    name: str
    email: str
    known: bool = True


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, or some bot, with an account in each source.

    Shape:
        name: as the roster writes it; unique.
        login, github_id: the GitHub account.
        jira_id, jira_name: the Jira account; the display name is often not the roster's.
        slack_id, notion_user: accounts that only the roster and Notion mention.
        signatures: git signatures that can be attributed, the usual one first.
        stray: signatures that nothing ties to this person.
        offset: minutes east of UTC that the person's git writes; 0 for those who commit in UTC.
        allocation: share of full time, 0..1.
        rests: days before the end of the sample from which no new work is taken on, or `NEVER_RESTS`.
        returns: days after the end of the sample until which the person is on leave, if they are.
    """

    name: str
    team: str
    role: str
    login: str
    github_id: int
    jira_id: str
    jira_name: str
    slack_id: str
    email: str
    signatures: tuple[Signature, ...]
    stray: tuple[Signature, ...] = ()
    offset: int = 0
    allocation: float = 1.0
    rests: int = NEVER_RESTS
    returns: int | None = None
    bot: bool = False

    @property
    def notion_user(self) -> str:
        """The id of the person's Notion account."""
        return uuid("notion user", self.name)

    @property
    def row(self) -> str:
        """The id of the person's row in the roster."""
        return uuid("notion roster", self.name)

    def away_until(self, until: datetime) -> date | None:
        """The day on which somebody on leave is back; `until` is the end of the sample."""
        return None if self.returns is None else (until + timedelta(days=self.returns)).date()

    @property
    def web_signatures(self) -> tuple[Signature, ...]:
        """What GitHub may sign with when this person presses a button: mails it knows, or its own."""
        own = Signature(self.signatures[0].name, f"{self.github_id}+{self.login}@users.noreply.github.com")
        return tuple(signature for signature in self.signatures if signature.known) or (own,)


@dataclass(frozen=True, slots=True)
class Team:
    """A team, known to GitHub by its slug and to everybody else by its name."""

    name: str
    slug: str
    github_id: int


def employee(
    name: str,
    team: str,
    role: str,
    *,
    login: str,
    github_id: int,
    jira_name: str,
    mails: tuple[str | Signature, ...] = (),
    offset: int = 0,
    git_name: str = "",
    email: str = "",
    linked: bool = True,
    stray: tuple[Signature, ...] = (),
    allocation: float = 1.0,
    rests: int = NEVER_RESTS,
    returns: int | None = None,
) -> Person:
    """A person from a row of the roster.

    `mails` are further git mails, `noreply` stands for GitHub's own. An account that is not `linked` never told
    GitHub its work mail, so GitHub puts no login beside its commits: only the roster ties the mail to a person.
    """
    git_name = git_name or name
    work = email or f"{git_name.lower().replace(' ', '.')}@{MAIL}"
    noreply = f"{github_id}+{login}@users.noreply.github.com"
    further = (
        mail if isinstance(mail, Signature) else Signature(git_name, noreply if mail == "noreply" else mail)
        for mail in mails
    )
    long = uuid("jira", name)
    return Person(
        name=name,
        team=team,
        role=role,
        login=login,
        github_id=github_id,
        jira_id=f"712020:{long}" if github_id % 2 else long.replace("-", "")[:24],
        jira_name=jira_name,
        slack_id=f"U0{uuid('slack', name).replace('-', '')[:9].upper()}",
        email=work,
        signatures=(Signature(git_name, work, known=linked), *further),
        stray=stray,
        offset=offset,
        allocation=allocation,
        rests=rests,
        returns=returns,
    )


def bot(login: str, github_id: int) -> Person:
    """A GitHub app: it has no account elsewhere."""
    return Person(
        name=f"{login}[bot]",
        team="",
        role="bot",
        login=f"{login}[bot]",
        github_id=github_id,
        jira_id="",
        jira_name="",
        slack_id="",
        email="",
        signatures=(Signature(f"{login}[bot]", f"{github_id}+{login}[bot]@users.noreply.github.com"),),
        bot=True,
    )

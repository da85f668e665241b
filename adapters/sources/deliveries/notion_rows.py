"""Rows of Notion's databases that say who works here and what is built: the roster and the roadmap.

Which columns mean what is data, at the top; their names are compared without regard to case.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from adapters.sources.deliveries.fields import Fields
from adapters.sources.deliveries.notion_text import shown
from domain.events import Actor, PersonDescribed, ProjectDescribed, Source

ROSTER: Final = {
    "email": ("email", "e-mail", "mail"),
    "github": ("github", "github login", "github username"),
    "jira": ("jira", "jira account", "jira account id"),
    "slack": ("slack", "slack id", "slack user id"),
    "team": ("team",),
    "role": ("role",),
    "allocation": ("allocation",),
    "away_until": ("away until", "on leave until"),
}
"""The columns of a roster."""
ROSTER_MARKS: Final = ("email", "github", "jira", "slack")
ROSTER_MARKS_NEEDED: Final = 2
"""A row with at least two of these columns describes a person."""
ROADMAP: Final = {
    "repository": ("repository", "repo", "github repository"),
    "jira": ("jira project", "jira key", "jira project key"),
    "depends_on": ("depends on", "dependencies"),
    "owner_team": ("owner team", "team", "owner"),
    "status": ("status",),
    "priority": ("priority",),
    "target_date": ("target date", "due date", "deadline"),
    "slack_channel": ("slack channel", "slack"),
    "description": ("summary", "description"),
}
"""The columns of a roadmap."""
ROADMAP_MARKS: Final = ("repository", "jira", "depends_on")
"""A row with any of these columns describes a project, whatever else it has."""

_LOGIN: Final = re.compile(
    r"(?:@|(?:https?://)?github\.com/)?(?P<login>[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})(?:\[bot\])?)/?"
)
_REPOSITORY: Final = re.compile(
    r"(?:(?:https?://|ssh://git@|git@)[\w.-]+[/:])?(?P<name>[\w.-]+/[\w.-]+?)(?:\.git)?/?", re.ASCII
)
_JIRA_KEY: Final = re.compile(r"[A-Z][A-Z0-9_]+")
_PLACEHOLDERS: Final = frozenset({"n/a", "na", "none", "tba", "tbd"})
"""What people write where there is nothing to write. Two rows must not become one project because both say TBD."""
_UNDASHED: Final = re.compile(r"[0-9a-f]{32}")


class Row:
    """The properties of a page, by the names that people gave to them."""

    def __init__(self, properties: Fields | None) -> None:
        self._by_name: dict[str, Fields] = {}
        self.title: str | None = None
        self.titled = False
        for key in properties.whole if properties else ():
            if properties and isinstance(key, str) and key in properties:
                prop = properties.child(key)
                self._by_name.setdefault(" ".join(key.lower().split()), prop)
                if prop.raw("type") == "title":
                    self.titled, self.title = True, shown(prop)

    def find(self, names: tuple[str, ...]) -> Fields | None:
        """The property that goes by one of `names`, the first of them before the others."""
        return next((self._by_name[name] for name in names if name in self._by_name), None)

    def text(self, names: tuple[str, ...]) -> str | None:
        """What the property that goes by one of `names` shows."""
        prop = self.find(names)
        return shown(prop) if prop else None

    @property
    def is_project(self) -> bool:
        """Whether it is a row of a roadmap."""
        return self.titled and any(self.find(ROADMAP[mark]) for mark in ROADMAP_MARKS)

    @property
    def is_person(self) -> bool:
        """Whether it is a row of a roster."""
        marks = sum(self.find(ROSTER[mark]) is not None for mark in ROSTER_MARKS)
        return self.titled and not self.is_project and marks >= ROSTER_MARKS_NEEDED


def dashed(page_id: str) -> str:
    """A page's id as Notion's API writes it: addresses leave the hyphens out."""
    plain = page_id.lower().replace("-", "")
    if not _UNDASHED.fullmatch(plain):
        return page_id
    return "-".join((plain[:8], plain[8:12], plain[12:16], plain[16:20], plain[20:]))


def person_of(row: Row, page_id: str) -> tuple[Actor, PersonDescribed] | None:
    """The account that stands for a row of the roster, and what the row says; None for a row without a name."""
    if row.title is None:
        return None
    email = row.text(ROSTER["email"])
    email = email.lower() if email else None
    described = PersonDescribed(
        name=row.title,
        email=email,
        accounts=tuple(_accounts(row)),
        team=row.text(ROSTER["team"]),
        role=row.text(ROSTER["role"]),
        allocation=_share(row.find(ROSTER["allocation"])),
        away_until=_until(row.find(ROSTER["away_until"])),
    )
    return Actor(source=Source.NOTION, external_id=page_id, name=row.title, email=email), described


def _accounts(row: Row) -> Iterator[Actor]:
    """The accounts that a roster says are this person's. Of GitHub it knows the login only."""
    login = _LOGIN.fullmatch(row.text(ROSTER["github"]) or "")
    if login and login["login"].lower() not in _PLACEHOLDERS:
        yield Actor(source=Source.GITHUB, external_id=f"login:{login['login']}", username=login["login"])
    for source, column in ((Source.JIRA, "jira"), (Source.SLACK, "slack")):
        external_id = row.text(ROSTER[column])
        if external_id and external_id.lower() not in _PLACEHOLDERS:
            yield Actor(source=source, external_id=external_id)


def _share(prop: Fields | None) -> float | None:
    """A share of full time, 0..1, whether it is written as 0.8 or as 80."""
    value = prop.raw("number") if prop else None
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 100:  # noqa: PLR2004 - per cent
        return None
    return float(value) if value <= 1 else value / 100


def _until(prop: Fields | None) -> datetime | None:
    """The moment at which somebody is back. A day without a time begins at midnight UTC, for want of their zone."""
    span = prop.maybe_child("date") if prop else None
    if span is None:
        return None
    key = "end" if "end" in span else "start"
    text = span.name(key)
    try:
        moment = datetime.fromisoformat(text)
        return span.moment(key) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except ValueError:
        raise span.unexpected(key, "a date such as 2025-03-01", "another text") from None


def project_of(row: Row, url: str | None) -> ProjectDescribed:
    """What a row of the roadmap says of a project."""
    repositories = (_REPOSITORY.fullmatch(text) for text in _words(row.text(ROADMAP["repository"])))
    keys = (_JIRA_KEY.fullmatch(text) for text in _words(row.text(ROADMAP["jira"])))
    return ProjectDescribed(
        name=row.title,
        refs=(*(f"github:{found['name']}" for found in repositories if found), *(f"jira:{k[0]}" for k in keys if k)),
        description=row.text(ROADMAP["description"]) or "",
        owner_team=row.text(ROADMAP["owner_team"]),
        status=row.text(ROADMAP["status"]),
        priority=row.text(ROADMAP["priority"]),
        target_date=row.text(ROADMAP["target_date"]),
        slack_channel=row.text(ROADMAP["slack_channel"]),
        depends_on=_related(row.find(ROADMAP["depends_on"])),
        url=url,
    )


def _words(text: str | None) -> list[str]:
    """The entries of a property that may hold several."""
    words = re.split(r"[\s,;]+", text or "")
    return [word for word in words if word and word.lower() not in _PLACEHOLDERS]


def _related(prop: Fields | None) -> tuple[str, ...] | None:
    """The pages that a relation leads to; None where there is no relation, which differs from an empty one."""
    if prop is None or prop.raw("type") != "relation":
        return None
    return tuple(dict.fromkeys(f"notion:{dashed(page.name('id'))}" for page in prop.children("relation")))

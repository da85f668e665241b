"""The four stores: what each can be asked.

Rows of which an answer may rest on thousands are plain dataclasses: a store vouches for their types, and for the time
zone of moments.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from domain.events import Event, OwnerRule
from domain.frozen import Frozen, Utc
from domain.impact import Dependency
from domain.lookup import Found, Kind
from domain.people import Person, Team
from domain.projects import Project
from domain.window import Window
from domain.work import WorkItem


class DocumentRow(Frozen):
    """A document as the directory knows it, without its text."""

    id: str
    title: str
    project: str | None
    source: str
    url: str | None
    changed_at: Utc


class Directory(Protocol):
    """Who and what there is: people, teams, projects, work in hand, documents. Filled from events."""

    async def people(
        self, *, ids: Collection[str] | None = None, accounts: Collection[str] | None = None
    ) -> Sequence[Person]:
        """The people with these ids or these account keys; everybody, if neither is given."""

    async def find_people(self, wanted: str) -> Sequence[Person]:
        """Everybody who is exactly meant by `wanted`: an id, an account, a handle, a mail, a full name.

        The best kind of match that anybody makes is the only one returned: an id beats a handle, a handle a name.
        """

    async def projects(
        self, *, ids: Collection[str] | None = None, refs: Collection[str] | None = None
    ) -> Sequence[Project]:
        """The projects with these ids or references; all, if neither is given."""

    async def find_projects(self, wanted: str) -> Sequence[Project]:
        """Every project that is exactly meant by `wanted`: an id, a reference, a repository, a tracker key, a name."""

    async def teams(self, *, ids: Collection[str] | None = None) -> Sequence[Team]:
        """The teams with these ids; all, if none are given."""

    async def find_teams(self, wanted: str) -> Sequence[Team]:
        """Every team that is exactly meant by `wanted`: an id or a name."""

    async def search(self, wanted: str, kinds: Collection[Kind], limit: int) -> Sequence[Found]:
        """What goes by something like `wanted`, best first."""

    async def open_work(
        self, *, accounts: Collection[str] | None = None, projects: Collection[str] | None = None
    ) -> Sequence[WorkItem]:
        """Work that is not done, of these accounts (as assignee, author or reviewer) and these project references."""

    async def done_issues(self, accounts: Collection[str], window: Window) -> Sequence[WorkItem]:
        """Issues assigned to these accounts that were done in `window` and still are."""

    async def work_items(self, keys: Collection[str]) -> Sequence[WorkItem]:
        """The issues and pull requests with these keys, done or not."""

    async def owner_rules(self, projects: Collection[str]) -> Mapping[str, Sequence[OwnerRule]]:
        """The CODEOWNERS rules by project reference."""

    async def documents(self, ids: Collection[str]) -> Sequence[DocumentRow]:
        """The documents with these ids."""


Groups = Mapping[str, str]
"""Keys as events carry them, each with what it is to be counted as: account keys with people, references with projects.
What is in no group is not counted."""


@dataclass(frozen=True, slots=True)
class Activity:
    """How often somebody did one kind of thing somewhere: distinct entities, first and last time.

    `account` and `project` are the groups that were asked for, or the keys themselves where none were.
    """

    account: str
    project: str | None
    type: str
    n: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Touch:
    """How often somebody changed one file: distinct commits, and the same with age taken off."""

    account: str
    project: str
    path: str
    commits: int
    weight: float
    last_at: datetime


@dataclass(frozen=True, slots=True)
class SkillUse:
    """In how many commits somebody touched one skill, last time."""

    account: str
    skill: str
    commits: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class WorkHit:
    """A commit, pull request or issue whose words match. `score`: the share of the question that they carry."""

    account: str
    project: str | None
    type: str
    entity: str
    title: str
    at: datetime
    score: float


class Events(Protocol):
    """Everything that happened. Filled from events; answers how often, when and by whom."""

    async def activity(
        self,
        window: Window,
        types: Collection[str],
        *,
        accounts: Groups | None = None,
        projects: Groups | None = None,
    ) -> Sequence[Activity]:
        """Counts by account, project and type. What was seen through two sources counts once in its group."""

    async def last_seen(self, accounts: Groups) -> Mapping[str, Utc]:
        """By group, when it was last seen doing anything; groups that never were are absent."""

    async def touches(
        self,
        window: Window,
        *,
        half_life: timedelta,
        paths: Collection[str] = (),
        accounts: Groups | None = None,
        projects: Groups | None = None,
        limit: int = 2_000,
    ) -> Sequence[Touch]:
        """Who changed which files, greatest weight first; around `paths` the nearest first, however little they weigh.

        Args:
            window: when.
            half_life: the age at which a commit weighs half.
            paths: only files at, below or up to two folders beside these; none for all files. Where one of them is
                really there, the same folders in another project are a coincidence, and not looked into.
            accounts: whose; none for everybody.
            projects: where; none for everywhere.
            limit: how many rows at most.
        """

    async def skills(
        self,
        window: Window,
        *,
        accounts: Groups | None = None,
        skills: Collection[str] | None = None,
        limit: int = 2_000,
    ) -> Sequence[SkillUse]:
        """Who touched which skills in how many commits, most first, at most so many rows."""

    async def find_work(
        self, text: str, window: Window, *, projects: Collection[str] | None = None, limit: int = 200
    ) -> Sequence[WorkHit]:
        """Commits, pull requests and issues with words of `text`, rare words counting more, best first."""

    async def read(
        self,
        types: Collection[str],
        window: Window,
        *,
        projects: Collection[str] | None = None,
        limit: int = 50_000,
    ) -> Sequence[Event]:
        """Events of these types in order of time. Commits come without their files."""

    async def happened(
        self, *, ids: Collection[str] | None = None, entity: str | None = None, limit: int = 50
    ) -> Sequence[Event]:
        """Events by their ids, or all that happened to one thing; the newest first, commits without their files."""


class Match(Frozen):
    """A text that is close to what was searched for. `score` is 0..1 and comparable within one answer only."""

    id: str
    score: float
    text: str
    metadata: Mapping[str, str]


class Closest(Frozen):
    """What a search found, closest first. `notes`: what a reader must know of how it was looked for."""

    matches: tuple[Match, ...] = ()
    notes: tuple[str, ...] = ()


class Vectors(Protocol):
    """Texts that can be found by what they say, in two namespaces: `developer_profiles` and `project_docs`."""

    @property
    def method(self) -> str:
        """How closeness is judged, for the reader of an answer: `lexical` or an embedding model's name."""

    async def search(
        self, namespace: str, text: str, *, limit: int, where: Mapping[str, Collection[str]] | None = None
    ) -> Closest:
        """The closest texts of `namespace` whose metadata has one of the given values for each given field.

        Raises:
            StoreUnavailable: it cannot be asked, or not in time.
        """


@dataclass(frozen=True, slots=True)
class Contribution:
    """Somebody works, or worked, on a project."""

    account: str
    project: str
    first_at: datetime
    last_at: datetime


class Graph(Protocol):
    """Who works on what and what depends on what."""

    async def contributors(self, projects: Collection[str]) -> Sequence[Contribution]:
        """Everybody who ever contributed to these project references."""

    async def contributions(self, accounts: Collection[str]) -> Sequence[Contribution]:
        """Everything that these accounts ever contributed to."""

    async def dependencies(self, projects: Collection[str], *, upstream: bool, depth: int) -> Sequence[Dependency]:
        """The edges met when walking up to `depth` steps from these project references.

        Args:
            projects: where to start.
            upstream: towards what they need; otherwise towards what needs them.
            depth: how many steps.
        """


class Embedder(Protocol):
    """Turns texts into vectors of one length."""

    @property
    def name(self) -> str:
        """Which embedder made a vector: vectors of different ones are never mixed."""

    @property
    def dimension(self) -> int:
        """The length of its vectors."""

    @property
    def lexical(self) -> bool:
        """Whether it knows words and nothing of what they mean."""

    async def embed(self, texts: Sequence[str], *, hurried: bool = False) -> Sequence[Sequence[float]]:
        """A vector of length 1 for each text.

        Args:
            texts: any texts, of any length; there may be none.
            hurried: whether somebody waits for an answer: then it is tried once, and not for long.

        Raises:
            StoreUnavailable: it cannot be reached, is too slow, or refuses; the text says what to do.
        """

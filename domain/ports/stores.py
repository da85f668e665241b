"""The four stores: how each is filled, and what each can be asked."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Protocol

from domain.events import Event, OwnerRule
from domain.frozen import Frozen, Utc
from domain.impact import Dependency
from domain.lookup import Found, Kind
from domain.people import Person, Team
from domain.ports.leases import Lease
from domain.ports.log import Quarantined
from domain.projects import Project
from domain.routing import Store
from domain.window import Window
from domain.work import WorkItem


class Batch(Frozen):
    """The part of a lane that one store is to apply: everything after `after`, up to and with `upto`.

    Shape:
        events: those that are routed to the store, in order; there may be none, and the position still moves.
        positions: where each of `events` stands in the lane; left out, they stand one after the other.
        aside: events among them that can never be applied, to be put into quarantine in the same step.
        lease: by which right the batch is applied; None where nobody else could be at it.
    """

    lane: int
    after: int
    upto: int
    events: tuple[Event, ...]
    positions: tuple[int, ...] = ()
    aside: tuple[Quarantined, ...] = ()
    lease: Lease | None = None

    def divided(self, held: Collection[str]) -> tuple[list[Event], list[tuple[int, Event]]]:
        """The events that can be applied, and those that wait (with their positions) behind one that cannot.

        Args:
            held: the entities that have something in quarantine already.
        """
        if not held and not self.aside:
            return list(self.events), []
        since = dict.fromkeys(held, self.after)
        for item in self.aside:
            if item.entity:
                since[item.entity] = min(since.get(item.entity, item.position), item.position)
        free: list[Event] = []
        waiting: list[tuple[int, Event]] = []
        for place, event in self._places():
            if place > since.get(event.entity, place):
                waiting.append((place, event))
            else:
                free.append(event)
        return free, waiting

    def placed(self, events: Collection[Event]) -> list[tuple[int, Event]]:
        """Those of its events, in order, each with its position."""
        wanted = {event.id for event in events}
        return [(place, event) for place, event in self._places() if event.id in wanted]

    def _places(self) -> Iterator[tuple[int, Event]]:
        places = self.positions or range(self.after + 1, self.after + 1 + len(self.events))
        return zip(places, self.events, strict=True)


class Standing(Frozen):
    """Where a store is in the log, by lane; lanes without a word are absent.

    Shape:
        positions: the last position that was applied.
        again_upto: what was applied once before, in lanes that are being replayed: up to there it is no news.
        begun: where the batch ends that was begun and may have been applied, in stores whose effect and position do
            not move in one step: the next batch of the lane must be the same one.
        unseen_since: since when something waits that was applied and that no reader sees yet; None if nothing does.
    """

    positions: Mapping[int, int] = {}
    again_upto: Mapping[int, int] = {}
    begun: Mapping[int, int] = {}
    unseen_since: Utc | None = None


class Projection(Protocol):
    """A store as the router fills it. Position and effect move together, or writes are idempotent by key."""

    @property
    def store(self) -> Store:
        """Which role it fills."""

    async def positions(self) -> Mapping[int, int]:
        """For each lane the last position that was applied; 0 or absent before the first."""

    async def standing(self) -> Standing:
        """Where it is, and what it has before it."""

    async def apply(self, batch: Batch) -> bool:
        """Apply `batch` and move the lane's position to `batch.upto`, all or nothing.

        Events of an entity that has something in quarantine join it there, in order, in the same step.

        Returns:
            False, with nothing changed, if the lane is not at `batch.after`, somebody else is applying to the store,
            or the lease does not count any more.

        Raises:
            PoisonEvent: an event in it can never be applied.
            StoreUnavailable: try again later.
        """

    async def finish(self, *, at_last: bool = False) -> None:
        """Do what `apply` put off while more was to come. Called whenever the store has caught up.

        Args:
            at_last: whether somebody waits for all of it; if not, what was done a moment ago may wait for a while.

        Raises:
            StoreUnavailable: try again later.
        """

    async def release(self, item: Quarantined, event: Event) -> bool:
        """Apply `event`, which was put aside as `item`, and take it out of quarantine, all or nothing.

        Returns:
            False, with nothing changed, if it is not there, or not the first of its entity.

        Raises:
            PoisonEvent: it still cannot be applied.
            StoreUnavailable: try again later.
        """

    async def settle(self) -> None:
        """Make reading fast after much was applied; what is there does not change."""

    async def rewind(self, position: int) -> None:
        """Go back to `position` in every lane that is further, and keep what was applied: doing it again is no harm.

        What was put aside after that position is forgotten: it is met again.
        """

    async def reset(self) -> None:
        """Forget everything that was applied or put aside, so that the log can fill it again.

        Until that is done, `standing` says how far it was.
        """


class Inspection(Frozen):
    """What an engine says of itself.

    Shape:
        engine: its name, for people.
        version: which one it is.
        schema_version: what of our schema it has, such as `3 of 3`; empty where it needs none.
        endpoint: where it is, without user and password.
    """

    engine: str
    version: str
    schema_version: str = ""
    endpoint: str = ""


class StoreEngine(Projection, Protocol):
    """A projection in an engine of its own, which may be away, older than this program, or empty."""

    async def inspect(self) -> Inspection:
        """Ask the engine who it is.

        Raises:
            StoreUnavailable: it cannot be reached.
            Misconfigured: it can, and will not do.
        """

    async def migrate(self) -> Sequence[str]:
        """Bring it to the schema that this version needs; gives what was done, for people. Safe to race.

        Raises:
            StoreUnavailable: it cannot be reached.
            Misconfigured: it is newer than this program, or its user may not do what is needed.
        """

    async def tally(self) -> Mapping[str, int]:
        """How much it holds of the organisation, by kind: `events`, `documents`, `dependencies`, ...

        Raises:
            StoreUnavailable: it cannot be asked.
        """


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


class Activity(Frozen):
    """How often somebody did one kind of thing somewhere: distinct entities, first and last time.

    `account` and `project` are the groups that were asked for, or the keys themselves where none were.
    """

    account: str
    project: str | None
    type: str
    n: int
    first_at: Utc
    last_at: Utc


class Touch(Frozen):
    """How often somebody changed one file: distinct commits, and the same with age taken off."""

    account: str
    project: str
    path: str
    commits: int
    weight: float
    last_at: Utc


class SkillUse(Frozen):
    """In how many commits somebody touched one skill, last time."""

    account: str
    skill: str
    commits: int
    last_at: Utc


class WorkHit(Frozen):
    """A commit, pull request or issue whose words match. `score`: the share of the question that they carry."""

    account: str
    project: str | None
    type: str
    entity: str
    title: str
    at: Utc
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
        """Who changed which files, greatest weight first.

        Args:
            window: when.
            half_life: the age at which a commit weighs half.
            paths: only files at, below or up to two folders beside these; none for all files.
            accounts: whose; none for everybody.
            projects: where; none for everywhere.
            limit: how many rows at most.
        """

    async def skills(
        self, window: Window, *, accounts: Groups | None = None, skills: Collection[str] | None = None
    ) -> Sequence[SkillUse]:
        """Who touched which skills in how many commits."""

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


class Contribution(Frozen):
    """Somebody works, or worked, on a project."""

    account: str
    project: str
    first_at: Utc
    last_at: Utc


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

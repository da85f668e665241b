"""The rules at work: what they say about an event, and which of it goes into the outbox."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from adapters.rules.yaml_file import SHIPPED, parse_rules, rules_in, shipped_rules
from domain.actions import CHANNEL, Draft, WritePolicy
from domain.automations import (
    BadRules,
    Circumstances,
    Effect,
    RuleBook,
    Verdict,
    concerns,
    judge,
    keys_in,
    matches,
    moment_of,
    project_of,
    sprint_summary,
    timely,
)
from domain.automations.effects import effects_of
from domain.delivery import SPRINT_TYPES
from domain.errors import InvalidInput
from domain.events import Event, Sprint
from domain.ports import Batch, Decided, Directory, EventLog, Events
from domain.projects import Project
from domain.text import line
from domain.window import Window
from server.settings import Settings

_ISSUE_TYPES: Final = ("issue_created", "issue_updated", "issue_deleted")
_SPRINT_LOOKBACK: Final = timedelta(days=120)
"""How far back the issues of a sprint are read: longer than any sprint, and than most of what is in one."""
_LATEST: Final = 50
"""Events of one entity that are looked through for one that a rule is about."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rules:
    """The rules of this process: where they come from, what they say, or what is wrong with them."""

    origin: str
    book: RuleBook
    problems: tuple[str, ...] = ()


def load_rules(settings: Settings) -> Rules:
    """The rules of a team, or those that are shipped. A file that will not do gives no rules, and its problems."""
    named = Path(settings.automations).expanduser() if settings.automations else None
    own = settings.home_folder / "automations.yaml"
    path = named or (own if own.exists() else None)
    try:
        if path is None:
            return Rules("the shipped rules", parse_rules(shipped_rules(), SHIPPED))
        return Rules(str(path), rules_in(path))
    except BadRules as error:
        return Rules(str(path or SHIPPED), RuleBook(), error.problems)


@dataclass(frozen=True)
class Outcome:
    """What one rule says about one event, and what it would do if the event were news."""

    verdict: Verdict
    effects: tuple[Effect, ...] = ()


class Automations:
    """Holds rules against events. It reads and decides; nothing leaves here."""

    def __init__(
        self,
        rules: Rules,
        *,
        directory: Directory,
        events: Events,
        log: EventLog,
        own_accounts: Callable[[], Awaitable[frozenset[str]]],
        writes: WritePolicy,
        site: str | None,
        now: Callable[[], datetime],
    ) -> None:
        """Name the rules and what is asked about an event.

        Args:
            rules: to hold against events.
            directory: knows projects and their channels.
            events: knows what a sprint completed.
            log: knows when an event arrived.
            own_accounts: tells the accounts that we write with.
            writes: what may be written to.
            site: the address of our Jira.
            now: tells the time.
        """
        self.rules = rules
        self._directory = directory
        self._events = events
        self._log = log
        self._own_accounts = own_accounts
        self._writes = writes
        self._site = site
        self._now = now

    @property
    def active(self) -> bool:
        """Whether any rule may do anything: otherwise nobody needs to read the log for them."""
        return bool(self.rules.book.enabled) and bool(self._writes.allowed)

    async def decide(self, batch: Batch) -> Sequence[Decided]:
        """What the rules want done because of `batch`.

        Nearly everything that happens is no rule's business, and nearly everything that a backfill brings is no news:
        neither costs a question to a store.
        """
        rules = self.rules.book.enabled
        near = [(event, mine) for event in batch.events if (mine := [rule for rule in rules if matches(rule, event)])]
        if not near:
            return ()
        arrived = await self._arrivals(batch, [event for event, _ in near])
        now = self._now()
        news = [
            (event, timely_rules)
            for event, mine in near
            if (timely_rules := [rule for rule in mine if timely(rule, event, arrived.get(event.id), now)])
        ]
        if not news:
            return ()
        own = await self._own_accounts()
        projects = await self._projects([event for event, _ in news])
        wanted: list[Decided] = []
        for event, mine in news:
            about = await self._circumstances(event, own, projects, received_at=arrived.get(event.id))
            for rule in mine:
                effects = effects_of(judge(rule, event, about), event, about)
                wanted += _decided(effects, rule.max_per_hour)
        return wanted

    async def _arrivals(self, batch: Batch, near: Sequence[Event]) -> Mapping[str, datetime]:
        """When events reached us, where that matters: of news, their own time says enough."""
        ages = {rule.max_age for rule in self.rules.book.enabled}
        now = self._now()
        old = {event.id for event in near if now - moment_of(event) > min(ages)}
        if not old:
            return {}
        entries = await self._log.read(batch.lane, batch.after, batch.upto - batch.after)
        return {entry.event.id: entry.received_at for entry in entries if entry.event and entry.event.id in old}

    async def _projects(self, events: Sequence[Event]) -> Mapping[str, Project]:
        """By reference, every project that `events` are of or that they may mention an issue of."""
        refs = {f"jira:{project_of(key)}" for event in events for key in keys_in(event, self._site)}
        refs |= {event.project for event in events if event.project}
        known = await self._directory.projects(refs=refs) if refs else ()
        return {ref: project for project in known for ref in project.refs}

    async def explain(self, event: Event, received_at: datetime | None = None) -> list[Outcome]:
        """What every rule says about `event`, and what it would do, without doing it."""
        own, projects = await self._own_accounts(), await self._projects([event])
        about = await self._circumstances(event, own, projects, received_at=received_at)
        # What it would do does not depend on when somebody asks; that it is too old is told by the verdict.
        fresh = about.model_copy(update={"now": moment_of(event), "received_at": None})
        return [
            Outcome(judge(rule, event, about), effects_of(judge(rule, event, fresh), event, fresh))
            for rule in self.rules.book.rules
        ]

    async def by_hand(self, name: str, event_id: str | None, entity: str | None) -> Draft:
        """What the rule `name` would do for an event, as one draft. How old the event is does not matter.

        Args:
            name: of the rule.
            event_id: the event; or
            entity: the thing, of which the newest event that the rule is about is taken.

        Raises:
            InvalidInput: there is no such rule or event, or the rule would do nothing about it.
        """
        rule = self.rules.book.named(name)
        if rule is None:
            known = ", ".join(each.name for each in self.rules.book.rules) or "none"
            broken = f" The rules cannot be used: {self.rules.problems[0]}" if self.rules.problems else ""
            raise InvalidInput(f"There is no automation {line(name, 80)!r}. There are: {known}.{broken}")
        event = await self._event(event_id, entity, lambda each: concerns(rule, each))
        own, projects = await self._own_accounts(), await self._projects([event])
        about = await self._circumstances(event, own, projects, by_hand=True)
        verdict = judge(rule, event, about)
        if not verdict.matched:
            why = "; ".join(check.text for check in verdict.checks if not check.passed)
            raise InvalidInput(f"The automation {name} is not about {event.id}: {why}.")
        effects = effects_of(verdict, event, about)
        drafts = tuple(each.draft for each in effects if each.draft and not each.withheld)
        withheld = [each.withheld for each in effects if each.withheld]
        if not drafts:
            raise InvalidInput(f"The automation {name} would do nothing for {event.id}: {withheld[0]}")
        told = [f"{draft.action} {draft.target}: {draft.text}" for draft in drafts]
        told += [f"left out: {why}" for why in withheld]
        return Draft(
            action="run_automation",
            target=f"automation:{name}",
            text="\n\n".join(told),
            effects=drafts,
            event=event.id,
        )

    async def _event(self, event_id: str | None, entity: str | None, about: Callable[[Event], bool]) -> Event:
        if event_id is not None:
            found = await self._events.happened(ids=(event_id,), limit=1)
            if found:
                return found[0]
            raise InvalidInput(
                f"There is no event {line(event_id, 200)!r}; give an entity, such as issue:PAY-12, instead."
            )
        if entity is None:
            raise InvalidInput("Give event_id, or entity, such as issue:PAY-12 or PAY-12.")
        for name in dict.fromkeys((entity, f"issue:{entity.upper()}")):
            for event in await self._events.happened(entity=name, limit=_LATEST):
                if about(event):
                    return event
        raise InvalidInput(f"Nothing happened to {line(entity, 200)!r} that this automation is about.")

    async def _circumstances(
        self,
        event: Event,
        own: frozenset[str],
        projects: Mapping[str, Project],
        *,
        received_at: datetime | None = None,
        by_hand: bool = False,
    ) -> Circumstances:
        keys = {project_of(key) for key in keys_in(event, self._site)}
        project = projects.get(event.project or "")
        now = self._now()
        return Circumstances(
            now=now,
            received_at=received_at,
            own=own,
            jira_projects=frozenset(key for key in keys if f"jira:{key}" in projects),
            project=project,
            channel=self._channel(event, project),
            summary=await self._summary(event, now),
            site=self._site,
            writes=self._writes,
            by_hand=by_hand,
        )

    def _channel(self, event: Event, project: Project | None) -> str | None:
        """Where news of a project goes: what the rules say of it, what its roadmap row says, the default."""
        said = self.rules.book.channels
        names = [project.id, *project.refs] if project else [event.project] if event.project else []
        if isinstance(event.body, Sprint) and event.body.board_id:
            names.append(f"board:{event.body.board_id}")
        own = next((said[name] for name in names if name in said), None)
        return own or _named_channel(project) or said.get("default")

    async def _summary(self, event: Event, now: datetime) -> str | None:
        if event.type != "sprint_closed":
            return None
        window = Window(since=event.occurred_at - _SPRINT_LOOKBACK, until=now + timedelta(days=1))
        return sprint_summary(event, await self._events.read((*_ISSUE_TYPES, *SPRINT_TYPES), window), now)


def _named_channel(project: Project | None) -> str | None:
    """The channel on a project's roadmap row. People write it as they like; what is no channel is none."""
    told = (project.slack_channel or "").strip() if project else ""
    return next((name for name in (told, f"#{told}") if CHANNEL.fullmatch(name)), None)


def _decided(effects: Sequence[Effect], max_per_hour: int) -> list[Decided]:
    wanted = []
    for effect in effects:
        if effect.withheld or effect.draft is None:
            logger.info("The rule %s does nothing for %s: %s", effect.rule, effect.event_id, effect.withheld)
            continue
        wanted.append(
            Decided(
                key=effect.key,
                rule=effect.rule,
                event_id=effect.event_id,
                draft=effect.draft,
                max_per_hour=max_per_hour,
            )
        )
    return wanted

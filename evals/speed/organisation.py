"""An organisation as large as one likes, as a backup that `engintel restore` takes: made up, and the same every time.

240 people in 24 teams work on 60 projects. A piece of work is an issue, a pull request with its commits and reviews,
its workflow runs, and now and then a deployment: thirteen events, spread over three years.
"""

import json
import random
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from domain.events import (
    Actor,
    Body,
    Commit,
    Deployment,
    Document,
    Event,
    FileChange,
    Issue,
    PersonDescribed,
    ProjectDescribed,
    PullRequest,
    Review,
    Source,
    TeamMembership,
    WorkflowRun,
    encode,
)
from domain.ports import lane_of

PEOPLE: Final = 240
TEAMS: Final = 24
PROJECTS: Final = 60
UNTIL: Final = datetime(2026, 11, 21, tzinfo=UTC)
DAYS: Final = 1_095
OF_A_CHANGE: Final = 13
_KNOWN: Final = (
    "retry", "ledger", "cart", "search", "queue", "token", "cache", "price", "route", "event", "timeout", "index",
    "window", "batch", "schema", "limit", "replay", "audit",
)  # fmt: skip
_WORDS: Final = (
    *_KNOWN,
    *(f"{a}{b}{c}" for a in ("bar", "cel", "dor", "fen", "gil", "hav", "jor", "kel", "lum", "mer", "nov", "pel")
      for b in ("a", "e", "i", "o", "u", "ea", "ou", "ia", "io", "ua", "ei", "au")
      for c in ("ck", "ding", "fer", "let", "mon", "nish", "per", "rent", "sil", "tor", "ver", "xis", "zel", "lo")),
)  # fmt: skip
"""Two thousand words. As in any language, the hundredth is a tenth as common as the first few."""
_RARITY: Final = tuple(1 / (rank + 10) for rank in range(len(_WORDS)))
_FOLDERS: Final = ("api", "core", "jobs", "store", "ui", "internal/retry", "internal/ledger", "tests", "docs", "infra")
_ENDINGS: Final = ("py", "go", "ts", "sql", "md")


def account(number: int) -> Actor:
    """The GitHub account of the person of this number."""
    login = f"dev{number:03d}"
    return Actor(
        source=Source.GITHUB, external_id=str(10_000 + number), username=login,
        name=f"Devon {_WORDS[number % 10].title()} {number}", email=f"{login}@acme.example",
    )  # fmt: skip


def project_of(number: int) -> str:
    """The reference of the project of this number."""
    return f"github:acme/service-{number:02d}"


def write_organisation(path: Path, events: int) -> None:
    """Write a backup of an organisation with about so many `events`."""
    heads: Counter[int] = Counter()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("log.copy", "w", force_zip64=True) as file:
            for event in _events(events):
                lane = lane_of(event.entity)
                heads[lane] += 1
                payload = encode(event).decode().replace("\\", "\\\\")
                row = f"{lane}\t{heads[lane]}\t{event.id}\t{event.occurred_at.isoformat()}\t{payload}\n"
                file.write(row.encode())
        lanes = [f"{lane}\t{head}\n" for lane, head in sorted(heads.items())]
        archive.writestr("lanes.copy", "".join(lanes))
        manifest = {
            "format": 1, "version": "made up", "schema_version": 1, "org": "default", "at": UNTIL.isoformat(),
            "columns": {"lanes": ["lane", "head"], "log": ["lane", "position", "event_id", "received_at", "payload"]},
            "rows": {"lanes": len(lanes), "log": sum(heads.values())},
        }  # fmt: skip
        archive.writestr("manifest.json", json.dumps(manifest))


def _events(wanted: int) -> Iterator[Event]:
    chance = random.Random(20_261_121)  # noqa: S311 - the same organisation every time
    yield from _known(chance)
    changes = wanted // OF_A_CHANGE
    for number in range(changes):
        begun = UNTIL - timedelta(days=DAYS) * ((changes - number) / changes) - timedelta(hours=1)
        yield from _change(chance, number, begun)


def _event(id_: str, body: Body, *, entity: str, project: str | None, actor: Actor | None, when: datetime) -> Event:
    return Event(id=id_, source=Source.GITHUB, occurred_at=when, entity=entity, project=project, actor=actor, body=body)


def _phrase(chance: random.Random, words: int) -> str:
    return " ".join(chance.choices(_WORDS, _RARITY, k=words)).capitalize()


def _known(chance: random.Random) -> Iterator[Event]:
    """Who and what there is, before anything happens."""
    begun = UNTIL - timedelta(days=DAYS + 1)
    for number in range(PEOPLE):
        who = account(number)
        assert who.name
        team = f"team-{number % TEAMS:02d}"
        described = PersonDescribed(name=who.name, email=who.email, accounts=(who,), role="Engineer")
        yield _event(f"person:{number}", described, entity=f"person:{number}", project=None, actor=who, when=begun)
        joined = TeamMembership(type="team_joined", team=team, team_name=team.replace("-", " ").title())
        yield _event(f"team:{number}", joined, entity=f"team:{team}:{who.key}", project=None, actor=who, when=begun)
    for number in range(PROJECTS):
        ref = project_of(number)
        needs = tuple(project_of(needed) for needed in chance.sample(range(number), min(number, 2)))
        about = ProjectDescribed(
            name=f"service-{number:02d}", refs=(f"jira:P{number:02d}",), owner_team=f"team-{number % TEAMS:02d}",
            depends_on=needs,
        )  # fmt: skip
        yield _event(f"project:{number}", about, entity=f"project:{ref}", project=ref, actor=None, when=begun)
        for page in range(10):
            text = "\n\n".join(_phrase(chance, 40) for _ in range(6))
            doc = Document(doc_id=f"{ref}:docs/{page}.md", title=_phrase(chance, 2), text=text)
            yield _event(f"{ref}:doc:{page}", doc, entity=f"doc:{ref}:{page}", project=ref, actor=None, when=begun)


def _change(chance: random.Random, number: int, begun: datetime) -> Iterator[Event]:
    """One piece of work, from its issue to what reached users."""
    home = chance.randrange(PROJECTS)
    ref = project_of(home)
    # A project's people are those of its team, and now and then somebody else.
    crew = [account(home % TEAMS + TEAMS * place) for place in range(PEOPLE // TEAMS)]
    author, *reviewers = chance.sample(crew, 3)
    if chance.random() < 0.1:  # noqa: PLR2004 - one in ten
        author = account(chance.randrange(PEOPLE))
    key, jira = f"P{home:02d}-{number}", f"jira:P{home:02d}"
    title = _phrase(chance, 5)

    def after(hours: float) -> datetime:
        return min(begun + timedelta(hours=hours), UNTIL - timedelta(seconds=1))

    def issue(status: str, hours: float) -> Event:
        done = status == "Done"
        body = Issue(
            type="issue_created" if status == "To Do" else "issue_updated", key=key, title=title, kind="Story",
            status=status, category="done" if done else "todo" if status == "To Do" else "doing", assignee=author,
            created_at=after(0), updated_at=after(hours), resolved_at=after(hours) if done else None,
        )  # fmt: skip
        told = f"{key}:{status}"
        return _event(told, body, entity=f"issue:{key}", project=jira, actor=author, when=after(hours))

    yield issue("To Do", 0)
    yield issue("In Progress", 4)
    shas = [f"{number:08x}{part:02x}{'0' * 30}" for part in range(3)]
    for part, sha in enumerate(shas):
        folder = chance.choice(_FOLDERS)
        files = tuple(
            FileChange(path=f"{folder}/{chance.choice(_WORDS[:200])}.{chance.choice(_ENDINGS)}", added=9)
            for _ in range(chance.randint(1, 4))
        )
        body = Commit(
            sha=sha, title=f"{title} {part}", authored_at=after(6 + part), files=files, files_total=len(files)
        )
        yield _event(
            f"{ref}:commit:{sha}", body, entity=f"commit:{sha}", project=ref, actor=author, when=after(6 + part)
        )
    pull = f"pr:{ref}#{number}"
    told = {"number": number, "title": f"{key} {title}", "created_at": after(9), "head_sha": shas[-1]}
    opened = PullRequest(type="pr_opened", state="open", updated_at=after(9), **told)
    yield _event(f"{pull}:opened", opened, entity=pull, project=ref, actor=author, when=after(9))
    for reviewer in reviewers:
        seen = Review(number=number, pr_title=title, pr_author=author, verdict="approved")
        yield _event(f"{pull}:{reviewer.key}", seen, entity=pull, project=ref, actor=reviewer, when=after(20))
    merged = PullRequest(
        type="pr_merged", state="merged", updated_at=after(24), merged_at=after(24), merge_sha=shas[-1], **told
    )
    yield _event(f"{pull}:merged", merged, entity=pull, project=ref, actor=author, when=after(24))
    for run in range(2):
        worked = WorkflowRun(
            run_id=f"{number}-{run}", attempt=1, name="CI", sha=shas[-1], started_at=after(24), finished_at=after(25),
            conclusion="success" if chance.random() < 0.9 else "failure",  # noqa: PLR2004 - nine in ten
        )  # fmt: skip
        yield _event(f"{ref}:run:{number}-{run}", worked, entity=f"run:{number}-{run}", project=ref, actor=author,
                     when=after(25))  # fmt: skip
    if number % 2:
        shipped = Deployment(
            deployment_id=str(number), environment="production", production=True, outcome="success", sha=shas[-1],
            requested_at=after(26), finished_at=after(27),
        )  # fmt: skip
        yield _event(f"{ref}:deployment:{number}", shipped, entity=f"deployment:{number}", project=ref, actor=author,
                     when=after(27))  # fmt: skip
    yield issue("Done", 28)

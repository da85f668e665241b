"""Repositories and files that are not what they should be: told in one line, and never at the cost of anything else."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.window import Window
from tests.acceptance.shell import (
    ask,
    ask_all,
    clone_at,
    developers,
    engintel,
    fail,
    github,
    held_home,
    inside,
    jira,
    succeed,
    write_lines,
)
from tests.unit.deliveries import payloads_github as hub
from tests.unit.git.clones import Clone, run_git

MEGABYTE = 1024 * 1024
DAMAGED = "cannot be read to the end, git says"


@pytest.fixture(scope="module")
def kept() -> Iterator[Path]:
    """One home for all: what one test brings in bears a name of its own."""
    with held_home() as home:
        yield home


async def projects(home: Path) -> set[str]:
    """The ids of all projects that anything is known of."""
    async with inside(home) as engine:
        return {project.id for project in await engine.directory.projects()}


async def entries(home: Path) -> int:
    """How many events the log holds."""
    async with inside(home) as engine:
        return sum((await engine.log.heads()).values())


# Paths and repositories -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "says"),
    [
        ("nothing", "does not exist: expected the folder of a git repository; check the path."),
        ("a file", "is a file: expected the folder of a git repository; give that folder."),
        ("a folder", "holds no git repository: expected a clone or a bare repository; make one with `git clone`"),
    ],
)
async def test_a_path_that_is_no_repository_is_refused_by_name(
    kept: Path, tmp_path: Path, made: str, says: str
) -> None:
    """With what was expected there and what to do, and with nothing written down."""
    path = tmp_path / "here"
    if made == "a file":
        path.write_text("x")
    elif made == "a folder":
        path.mkdir()
    before = await entries(kept)

    told = fail(kept, "ingest", "git", path)
    assert told.startswith(str(path))
    assert says in told
    assert await entries(kept) == before


async def test_an_empty_repository_is_no_error_and_no_project(kept: Path, tmp_path: Path) -> None:
    """A clone made a minute ago: there is nothing to read yet, which is said, and a later run reads what came."""
    clone = clone_at(tmp_path / "newborn")

    first = succeed(kept, "ingest", "git", clone.path)
    assert f"note: {clone.path} has no commits yet: nothing to read" in first
    assert "newborn" not in await projects(kept)

    clone.commit("begin")
    assert "newborn: 1 commits read" in succeed(kept, "ingest", "git", clone.path)
    assert "newborn" in await projects(kept)


async def test_a_shallow_repository_is_refused_and_stops_no_other(kept: Path, tmp_path: Path) -> None:
    """Its counts would all be too low; the repositories before and after it are read as if it were not there."""
    deep, other = clone_at(tmp_path / "deep"), clone_at(tmp_path / "other")
    for clone in (deep, other):
        clone.commit("1")
        clone.commit("2")
    shallow = tmp_path / "shallow"
    run_git("clone", "--quiet", "--depth=1", f"file://{deep.path}", shallow)

    done = engintel(kept, "ingest", "git", deep.path, shallow, other.path)
    assert done.returncode == 1
    assert done.stderr == (
        f"engintel: {shallow} is a shallow clone: expected the whole history, without which every count is too low; "
        f"get it with `git -C {shallow} fetch --unshallow`.\n"
    )
    assert "deep: 2 commits read" in done.stdout
    assert "other: 2 commits read" in done.stdout
    assert {"deep", "other"} <= await projects(kept)
    assert "shallow" not in await projects(kept)

    run_git("-C", shallow, "fetch", "--quiet", "--unshallow")
    assert "shallow: 2 commits read" in succeed(kept, "ingest", "git", shallow)


def test_a_binary_file_named_package_json_costs_itself_alone(kept: Path, tmp_path: Path) -> None:
    """It is named in a note; the package file beside it and the history count."""
    clone, needed = clone_at(tmp_path / "binary"), clone_at(tmp_path / "needed")
    clone.commit(
        "1",
        {
            "package.json": bytes(range(256)),
            "app/pyproject.toml": '[project]\nname="app"\ndependencies=["needed-lib"]\n',
        },
    )
    needed.commit("1", {"pyproject.toml": '[project]\nname = "needed-lib"\n'})

    printed = succeed(kept, "ingest", "git", clone.path, needed.path)
    assert "binary: 1 commits read" in printed
    assert "  note: package.json: is a binary file" in printed
    [reached] = ask(kept, "get_dependency_impact", project="needed")["affected_projects"]
    assert (reached["id"], reached["evidence"][0]["source"]) == (
        "binary",
        "app/pyproject.toml requires pypi:needed-lib",
    )


def test_commits_with_an_empty_name_or_half_a_mail_are_somebody_s(kept: Path, tmp_path: Path) -> None:
    """Git takes anything for a name and a mail: such commits count for the project and can be asked for."""
    clone = clone_at(tmp_path / "nameless")
    clone.commit("1", {"a.py": "1\n"}, author="Zoe Zimmer <zoe@nameless.example>")
    clone.commit_raw(b" <> 1780400000 +0000")
    clone.commit_raw(b" <mailonly@nameless.example> 1780400001 +0000")
    clone.commit_raw(b"Earl Grey <hello> 1780400002 +0000")

    assert "nameless: 4 commits read" in succeed(kept, "ingest", "git", clone.path)
    health, earl, mail_only = ask_all(
        kept,
        ("get_project_health", {"project": "nameless", "days": 3650, "detail": "full"}),
        *(("get_developer", {"person": who, "days": 3650}) for who in ("Earl Grey", "mailonly@nameless.example")),
    )
    assert sum(row["commits"] for row in health["contributors"]) == 4
    assert all(row["name"] for row in health["contributors"])
    assert (earl["activity"]["commits"], earl["identities"][0]["external_id"]) == (1, "Earl Grey <hello>")
    assert "email" not in earl
    assert mail_only["activity"]["commits"] == 1


def test_a_mail_that_is_no_address_makes_nobody_one_person(kept: Path, tmp_path: Path) -> None:
    """Half the machines of a team say `root@localhost` or `hello`: that is no evidence of who it was."""
    clone = clone_at(tmp_path / "careless")
    for name in ("Ida Rhodes", "Jean Bartik"):
        clone.commit(name, author=f"{name} <hello>")
        clone.commit(name, author=f"{name} <root@localhost>")

    succeed(kept, "ingest", "git", clone.path)
    health = ask(kept, "get_project_health", project="careless", days=3650, detail="full")
    assert {row["name"] for row in health["contributors"]} == {"Ida Rhodes", "Jean Bartik"}
    assert all(row["commits"] == 1 for row in health["contributors"])


def odd_bytes(path: Path) -> Clone:
    """A clone with bytes in names, messages and authors that are no UTF-8."""
    clone = clone_at(path)
    clone.commit("before", {"a.py": "1\n"}, author="Ulla Umlaut <ulla@odd.example>")
    clone.commit_raw(b"R\xe9ne\xe9 <ren\xe9e@odd.example> 1780400000 +0000", message=b"caf\xe9 \xff\xfe\x1b[31m\n")
    path_bytes = os.path.join(os.fsencode(path), b"na\xffme\x01.py")  # noqa: PTH118 - no Path holds every name
    with open(path_bytes, "wb") as file:  # noqa: PTH123 - as above
        file.write(b"y = 1\n")
    clone.commit(b"m\xffessage", {"b.py": "1\n"}, author="Ulla Umlaut <ulla@odd.example>")
    return clone


def test_bytes_that_are_no_utf_8_lose_nothing_but_themselves(kept: Path, tmp_path: Path) -> None:
    """Old repositories are full of Latin-1: every commit counts, and what is printed is clean text."""
    clone = odd_bytes(tmp_path / "odd")

    assert "odd: 3 commits read" in succeed(kept, "ingest", "git", clone.path)
    health, found = ask_all(
        kept,
        ("get_project_health", {"project": "odd", "days": 3650, "detail": "full"}),
        ("find_developers", {"requirement": "change it", "paths": ["b.py"], "detail": "full"}),
    )
    assert sorted(row["commits"] for row in health["contributors"]) == [1, 2]
    assert [developer["name"] for developer in found["developers"]] == ["Ulla Umlaut"]
    said = json.dumps([health, found], ensure_ascii=False)
    assert not any(ord(character) < 0x20 for character in said)


async def test_a_damaged_repository_keeps_what_was_read_and_is_finished_once_it_is_mended(
    kept: Path, tmp_path: Path
) -> None:
    """A disk error half way through: the line says so, and reading again after a repair counts everything once."""
    clone = clone_at(tmp_path / "torn")
    shas = [clone.commit(str(n), {"a.py": f"{n}\n"}, author="Tess Tear <tess@torn.example>") for n in range(3)]
    tree = clone.git("rev-parse", f"{shas[1]}^{{tree}}")
    file = clone.path / ".git" / "objects" / tree[:2] / tree[2:]
    whole = file.read_bytes()
    file.chmod(0o600)
    file.write_bytes(b"not an object")

    told = engintel(kept, "ingest", "git", clone.path)
    assert told.returncode == 1
    assert f"{clone.path} {DAMAGED}" in told.stderr
    assert "fsck" in told.stderr

    file.write_bytes(whole)
    assert "torn: 3 commits read" in succeed(kept, "ingest", "git", clone.path)
    [tess] = developers(kept, "tess@torn.example")
    assert [(row["id"], row["commits"]) for row in tess["projects"]] == [("torn", 3)]


# Recorded deliveries --------------------------------------------------------------------------------------------------


def good(number: int) -> dict[str, Any]:
    """A delivery that tells of a pull request of its own."""
    pull: dict[str, Any] = {"id": number, "title": f"Good {number}"}
    body = hub.pull_request("opened", **pull)
    body["number"] = body["pull_request"]["number"] = number
    return github("pull_request", body, f"good-{number}")


BAD_LINES: tuple[tuple[str, Any, str], ...] = (
    ("invalid JSON", b'{"source": "github", ', "not JSON: "),
    ("half a line", b'"', "not JSON: "),
    ("no UTF-8", b'{"source": "\xff"}', "not UTF-8: "),
    ("NaN", b'{"source": NaN}', "NaN is not a value of JSON"),
    ("a list", [good(1)], "not an object: expected {source, headers, body}"),
    ("a number", 7, "not an object: expected {source, headers, body}"),
    ("a text", "github", "not an object: expected {source, headers, body}"),
    ("null", b"null", "not an object: expected {source, headers, body}"),
    ("an object without the keys", {"event": "push"}, "source: expected one of github, jira, notion, prometheus"),
    ("a source that nobody knows", {"source": "gitea", "headers": {}, "body": {}}, "source: expected one of github"),
    ("no body", {"source": "github", "headers": {"X-GitHub-Event": "push"}}, "body: expected one"),
    ("headers that are a list", {"source": "github", "headers": ["X"], "body": {}}, "headers: expected an object"),
    ("no event header", {"source": "github", "headers": {}, "body": {}}, "Expected the header X-GitHub-Event"),
    ("a payload that is a list", github("push", [1]), "Expected an object as a GitHub push delivery, got a list."),
    ("a payload of another shape", github("push", {"repository": 3}), "Expected an object at 'repository'"),
    ("a payload without its parts", github("pull_request", hub.envelope()), "Expected an object at 'pull_request'"),
    ("a date that is none", github("pull_request", hub.pull_request("opened", created_at="noon")), "Expected a time"),
    ("a Jira payload without an event", jira({"issue": {}}), "at 'webhookEvent' of a Jira delivery"),
    ("nesting without end", b'{"a":' * 100_000, "nested too deeply"),
)


@pytest.fixture(scope="module")
def mixed(kept: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], str]:
    """A file in which every bad line has good ones around it, read once: the complaints, and what was printed."""
    lines: list[Any] = [good(100)]
    for number, (_, bad, _) in enumerate(BAD_LINES):
        lines += [bad, good(101 + number)]
    done = engintel(
        kept, "ingest", "deliveries", write_lines(tmp_path_factory.mktemp("files") / "mixed.ndjson", *lines)
    )
    assert done.returncode == 1
    return done.stderr.splitlines(), done.stdout


@pytest.mark.parametrize("index", range(len(BAD_LINES)), ids=[name for name, _, _ in BAD_LINES])
def test_a_bad_line_is_told_with_its_number_and_what_was_expected(mixed: tuple[list[str], str], index: int) -> None:
    """Whoever recorded the file finds the line, and nothing of what it held is repeated."""
    complaints, _ = mixed
    [complaint] = [row for row in complaints if row.startswith(f"  line {2 * index + 2}: ")]
    assert BAD_LINES[index][2] in complaint


async def test_bad_lines_stop_no_good_line_before_or_after_them(kept: Path, mixed: tuple[list[str], str]) -> None:
    """All good ones are there afterwards, and the summary counts both kinds."""
    complaints, printed = mixed
    lines, bad = 2 * len(BAD_LINES) + 1, len(BAD_LINES)
    assert f"mixed.ndjson: {lines} deliveries read" in printed
    assert complaints[-1] == f"engintel: {bad} deliveries could not be used; everything else was"
    assert len(complaints) == bad + 1

    async with inside(kept) as engine:
        work = await engine.directory.open_work(projects=["github:acme/api"])
    assert {item.title for item in work} >= {f"Good {100 + n}" for n in range(bad + 1)}


def test_only_so_many_complaints_are_shown(kept: Path, tmp_path: Path) -> None:
    """A file of another kind altogether has one mistake on every line, and a screen has fifty."""
    done = engintel(kept, "ingest", "deliveries", write_lines(tmp_path / "wrong.ndjson", *([7] * 1_000)))
    rows = done.stderr.splitlines()
    assert done.returncode == 1
    assert rows[-2:] == ["  and 980 more", "engintel: 1000 deliveries could not be used; everything else was"]
    assert len(rows) == 22


def test_a_delivery_of_thirty_megabytes_is_refused_and_the_next_one_is_read(kept: Path, tmp_path: Path) -> None:
    """GitHub sends no more than 25; a larger line was not recorded from it and would only fill the memory."""
    body = hub.pull_request("opened", body="x" * 30 * MEGABYTE)
    before, after = good(201), good(202)
    done = engintel(
        kept,
        "ingest",
        "deliveries",
        write_lines(tmp_path / "large.ndjson", before, github("pull_request", body), after),
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == "  line 2: larger than 25 MB"
    looked_for = [("find_entity", {"query": f"Good {n}", "kind": "pull_request", "limit": 1}) for n in (201, 202)]
    found = [answer["entities"][0]["id"] for answer in ask_all(kept, *looked_for)]
    assert found == ["acme/api#201", "acme/api#202"]


async def test_an_event_type_that_nobody_knows_is_kept_as_it_came(kept: Path, tmp_path: Path) -> None:
    """GitHub and Jira invent new ones: no error, no effect on any number, and not lost for a version that knows it."""
    star = github("star", {"action": "created", "repository": hub.repository(), "sender": hub.user()}, "raw-1")
    worklog = jira({"webhookEvent": "worklog_created", "timestamp": 1_788_163_201_250}, "raw-2")
    file = write_lines(tmp_path / "unknown.ndjson", star, worklog)

    assert "unknown.ndjson: 2 deliveries read, 2 events new" in succeed(kept, "ingest", "deliveries", file)
    assert "0 events new, 2 known" in succeed(kept, "ingest", "deliveries", file)
    async with inside(kept) as engine:
        everything = Window(since=engine.now().replace(year=2000), until=engine.now().replace(year=2030))
        raw = await engine.events.read(("raw",), everything)
    kinds = {event.body.model_dump()["kind"]: event.body.model_dump()["excerpt"] for event in raw}
    assert {"star.created", "worklog_created"} <= kinds.keys()
    assert "acme/api" in kinds["star.created"]


@pytest.mark.parametrize(("made", "why"), [("nothing", "No such file or directory"), ("a folder", "Is a directory")])
async def test_a_file_that_is_not_there_or_is_a_folder_is_refused_by_name(
    kept: Path, tmp_path: Path, made: str, why: str
) -> None:
    """Why, what was expected and what to do, in one line."""
    path = tmp_path / "week.ndjson"
    if made == "a folder":
        path.mkdir()
    before = await entries(kept)

    told = fail(kept, "ingest", "deliveries", path)
    assert told.startswith(f"The file '{path}' cannot be read: {why}.")
    assert "Expected a file of recorded deliveries" in told
    assert "check the path" in told
    assert await entries(kept) == before


def test_an_empty_file_is_read_to_its_end(kept: Path, tmp_path: Path) -> None:
    """A night without deliveries is no failure of the job that reads them."""
    assert "none.ndjson: 0 deliveries read" in succeed(
        kept, "ingest", "deliveries", write_lines(tmp_path / "none.ndjson")
    )

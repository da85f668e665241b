"""Webhooks over real HTTP: what is acknowledged is there, whatever happens next; what is not authentic never is."""

import asyncio
import hashlib
import hmac
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from server.bootstrap import open_engine
from server.settings import Settings
from tests.acceptance.program import NOW, browser, free_port, run, serving, start, until_alive
from tests.conftest import make_home, remove_home
from tests.unit.deliveries.payloads import jira_issue
from tests.unit.deliveries.payloads_github import commit, push

SECRET = "a-secret-of-github"
JIRA_SECRET = "a-secret-of-jira"
SECRETS = {"ENGINTEL_GITHUB_WEBHOOK_SECRET": SECRET, "ENGINTEL_JIRA_WEBHOOK_SECRET": JIRA_SECRET}
DEEP = b'{"repository":' + b"[" * 100_000
LETTERS = "0123456789abcdef"


def signed(body: bytes, secret: str = SECRET, *, event: str = "push", delivery: str = "d-1") -> dict[str, str]:
    """The headers of a GitHub delivery."""
    mac = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {
        "X-Hub-Signature-256": f"sha256={mac}",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": delivery,
        "Content-Type": "application/json",
    }


def pushed(letter: str) -> bytes:
    """A push of one commit."""
    return json.dumps(push(commit(letter, f"Change {letter}"))).encode()


@pytest.fixture
async def url(home: Path) -> AsyncIterator[str]:
    """A server that knows both secrets."""
    async with serving(home, **SECRETS) as address:
        yield address


@pytest.fixture(scope="module")
async def untouched() -> AsyncIterator[tuple[str, Path]]:
    """One server, and its home, for deliveries that leave nothing behind."""
    folder = make_home()
    try:
        async with serving(folder, **SECRETS) as address:
            yield address, folder
    finally:
        await asyncio.to_thread(remove_home, folder)


async def in_the_log(home: Path) -> list[str]:
    """The type of every event that is in the log, lane by lane."""
    async with open_engine(Settings(home=str(home), now=NOW)) as engine:
        await engine.sorter.catch_up()
        entries = [entry for lane in await engine.log.heads() for entry in await engine.log.read(lane, 0, 10_000)]
    return sorted(entry.event.type for entry in entries if entry.event)


async def post(url: str, body: bytes, headers: dict[str, str], sender: str = "github") -> httpx2.Response:
    """One delivery."""
    async with browser() as http:
        return await http.post(f"{url}/webhooks/{sender}", content=body, headers=headers)


async def test_a_delivery_that_is_acknowledged_can_be_asked_about(url: str, home: Path) -> None:
    """From the sender to an answer, once, however often it is delivered."""
    body = pushed("a")
    answers = [await post(url, body, signed(body)) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [202, 202, 202]
    assert (await in_the_log(home)).count("push") == 1


async def test_jira_is_heard_too(url: str, home: Path) -> None:
    """With the header that its admin webhooks have."""
    body = json.dumps(
        {"webhookEvent": "jira:issue_created", "timestamp": 1_788_000_000_000, "issue": jira_issue()}
    ).encode()
    mac = hmac.new(JIRA_SECRET.encode(), body, hashlib.sha256).hexdigest()
    answer = await post(url, body, {"X-Hub-Signature": f"sha256={mac}"}, "jira")

    assert answer.status_code == 202, answer.text
    assert "issue_created" in await in_the_log(home)


async def test_many_at_once_are_all_kept(url: str, home: Path) -> None:
    """They share their way into the log; nobody's gets lost among the others'."""
    bodies = [json.dumps(push(commit(letter, f"{letter}{n}"), before=f"{n:040x}")).encode()
              for n, letter in enumerate(LETTERS * 4)]  # fmt: skip
    async with browser() as http:
        answers = await asyncio.gather(
            *(
                http.post(f"{url}/webhooks/github", content=body, headers=signed(body, delivery=f"d-{n}"))
                for n, body in enumerate(bodies)
            )
        )

    assert {answer.status_code for answer in answers} == {202}
    assert (await in_the_log(home)).count("push") == len(bodies)


@pytest.mark.parametrize(
    ("body", "headers", "answered"),
    [
        (pushed("a"), {}, (401, "X-Hub-Signature-256")),
        (pushed("a"), signed(pushed("a"), "another"), (401, "does not match")),
        (pushed("a"), signed(pushed("b")), (401, "does not match")),
        (b"payload=%7B%7D", signed(b"payload=%7B%7D"), (400, "application/json")),
        (b"[1]", signed(b"[1]"), (400, "xpected")),
        (DEEP, signed(DEEP), (400, "deep")),
        (b"\xff\xfe", signed(b"\xff\xfe"), (400, "JSON")),
        (b"{}", signed(b"{}"), (400, "repository")),
    ],
)
async def test_what_is_no_delivery_is_refused_and_leaves_nothing(
    untouched: tuple[str, Path], body: bytes, headers: dict[str, str], answered: tuple[int, str]
) -> None:
    """With what was expected, and never with a secret or a traceback."""
    url, home = untouched
    answer = await post(url, body, headers)

    assert answer.status_code == answered[0], answer.text
    assert answered[1] in answer.json()["error"]
    assert SECRET not in answer.text
    assert "Traceback" not in answer.text
    assert await in_the_log(home) == []


async def test_a_delivery_that_cannot_be_read_is_kept_and_told(url: str, home: Path) -> None:
    """It was authentic and may be understood one day: nothing of it is lost, and the others go on."""
    odd = json.dumps({"sender": {}}).encode()
    taken = await post(url, odd, signed(odd, delivery="odd"))
    await post(url, pushed("a"), signed(pushed("a")))

    assert taken.status_code == 202
    assert (await in_the_log(home)).count("push") == 1
    row = run(home, "quarantine", "list").stdout
    place = row.split("  ")[0]
    assert place.startswith("inbox/")
    assert "github:odd" in row
    assert "'repository'" in row
    shown = json.loads(run(home, "quarantine", "show", place).stdout)
    assert shown["body"] == odd.decode()
    assert "X-Hub-Signature" not in str(shown).title()
    again = run(home, "quarantine", "retry", place)
    assert (again.returncode, "repository" in again.stderr) == (1, True)
    assert "deliveries 1" in run(home, "doctor").stdout
    assert run(home, "quarantine", "drop", place).stdout == f"{place} was dropped from quarantine\n"
    assert run(home, "quarantine", "list").stdout == "nothing is in quarantine\n"


async def test_a_body_beyond_the_limit_is_not_read(untouched: tuple[str, Path]) -> None:
    """Whether its length is announced or not."""
    url, _ = untouched
    much = b" " * (26 * 1024 * 1024)
    announced = await post(url, much, signed(b""))

    async def pieces() -> AsyncIterator[bytes]:
        for start_ in range(0, len(much), 1024 * 1024):
            yield much[start_ : start_ + 1024 * 1024]

    async with browser() as http:
        streamed = await http.post(f"{url}/webhooks/github", content=pieces(), headers=signed(b""))
    assert (announced.status_code, streamed.status_code) == (413, 413)


async def test_without_a_secret_nothing_is_taken(home: Path) -> None:
    """Otherwise anybody could write into the picture of an organisation."""
    async with serving(home) as address:
        refused = await post(address, pushed("a"), signed(pushed("a")))
        unknown = await post(address, b"{}", {}, "gitlab")

    assert (refused.status_code, unknown.status_code) == (403, 404)
    assert "ENGINTEL_GITHUB_WEBHOOK_SECRET" in refused.json()["error"]
    assert "github, jira" in unknown.json()["error"]


async def test_senders_need_no_token_of_the_server_s(home: Path) -> None:
    """GitHub has a secret and no bearer token; everything else stays closed."""
    async with serving(home, ENGINTEL_HTTP_TOKEN="a-long-enough-token", **SECRETS) as address:
        taken = await post(address, pushed("a"), signed(pushed("a")))
        async with browser() as http:
            closed = await http.post(f"{address}/mcp", json={})

    assert (taken.status_code, closed.status_code) == (202, 401)


async def test_what_was_acknowledged_survives_the_death_of_the_server(home: Path) -> None:
    """Killed right behind the answer: the acknowledgement was a promise."""
    port = free_port()
    process = start(home, "serve", "--transport", "http", "--port", str(port), ENGINTEL_NOW=NOW, **SECRETS)
    acknowledged = 0
    try:
        address = await until_alive(f"http://127.0.0.1:{port}", process)
        for letter in LETTERS:
            body = json.dumps(push(commit(letter), after=letter * 40)).encode()
            answer = await post(address, body, signed(body, delivery=f"d-{letter}"))
            assert answer.status_code == 202, answer.text
            acknowledged += 1
    finally:
        process.send_signal(signal.SIGKILL)
        await asyncio.to_thread(process.communicate)

    types: list[Any] = await in_the_log(home)
    assert types.count("push") == acknowledged

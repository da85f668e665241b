"""Slack, Notion and Alertmanager over real HTTP, how Notion's token reaches the operator, and the door left open."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from evals.soak.deliveries import play
from evals.soak.payloads import DELIVERIES, SECRETS, ordinary, signature
from server.bootstrap import open_engine
from server.settings import Settings
from tests.acceptance.program import NOW, browser, free_port, run, serving, start, until_alive
from tests.conftest import make_home, remove_home

TOKEN = "secret_0123456789abcdef"
OFFER = json.dumps({"verification_token": TOKEN}).encode()
TALK = "PAY-1 is on fire"
MUTANTS = 5_000


@pytest.fixture(scope="module")
async def served() -> AsyncIterator[tuple[str, Path]]:
    """One server that knows every secret, and its home."""
    folder = make_home()
    try:
        async with serving(folder, **SECRETS) as address:
            yield address, folder
    finally:
        await asyncio.to_thread(remove_home, folder)


async def post(url: str, sender: str, body: bytes, headers: Any = ()) -> httpx2.Response:
    """One request to the route of `sender`."""
    async with browser() as http:
        return await http.post(f"{url}/webhooks/{sender}", content=body, headers=dict(headers))


async def entries(home: Path) -> list[Any]:
    """Every event that is in the log."""
    async with open_engine(Settings(home=str(home), now=NOW)) as engine:
        await engine.sorter.catch_up()
        found = [entry for lane in await engine.log.heads() for entry in await engine.log.read(lane, 0, 10_000)]
    return [entry.event for entry in found if entry.event]


async def test_every_sender_is_heard_and_nothing_that_people_said_is_kept(served: tuple[str, Path]) -> None:
    """Each delivery three times, as senders do that heard no answer: it counts once."""
    url, home = served
    for number in range(len(DELIVERIES)):
        sender, headers, body = ordinary(number)
        answers = [await post(url, sender, body, headers) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [202] * 3, answers[0].text
    kept = await entries(home)
    types = {event.type for event in kept}
    assert {"alert_firing", "alert_resolved", "account_described", "doc_signalled", "doc_removed", "raw"} <= types
    assert len({event.id for event in kept}) == len(kept)
    assert TALK not in " ".join(event.model_dump_json() for event in kept)


async def test_slack_s_question_is_answered(served: tuple[str, Path]) -> None:
    """With what it asked for, if it is Slack that asks."""
    url, _ = served
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1a", "token": "x"}).encode()
    answered, refused = await post(url, "slack", body, signature("slack", body)), await post(url, "slack", body)
    assert (answered.status_code, answered.json()) == (200, {"challenge": "3eZbrw1a"})
    assert refused.status_code == 401


async def test_there_is_no_route_of_another_organisation(served: tuple[str, Path]) -> None:
    """A server speaks for its own; nothing in a path changes that."""
    url, _ = served
    sender, headers, body = ordinary(0)
    for path in ("gitlab", "github/another", "%2e%2e/github"):
        assert (await post(url, path, body, headers)).status_code == 404, sender


async def test_the_operator_gets_notion_s_token_and_nobody_else(home: Path) -> None:
    """Neither the answer nor any log holds it; once one is set, no other is taken and none is kept."""
    async with serving(home) as url:
        offered = await post(url, "notion", OFFER)
        again = await post(url, "notion", OFFER)
        other = await post(url, "notion", json.dumps({"verification_token": "secret_of_somebody_else"}).encode())
        early = await post(url, "notion", b'{"id": "e"}')
    assert [each.status_code for each in (offered, again, other, early)] == [200, 200, 200, 403]
    assert TOKEN not in offered.text
    logs = "".join(file.read_text() for file in (home / "logs").iterdir())
    assert "doctor --notion-token" in logs
    assert TOKEN not in logs

    told = await asyncio.to_thread(run, home, "doctor", ENGINTEL_NOW=NOW)
    assert "engintel doctor --notion-token" in told.stdout
    assert TOKEN not in told.stdout + told.stderr
    shown = await asyncio.to_thread(run, home, "doctor", "--notion-token", ENGINTEL_NOW=NOW)
    assert (shown.returncode, shown.stdout.split()) == (0, [TOKEN, "secret_of_somebody_else"])
    assert "Anybody may have sent these" in shown.stderr

    async with serving(home, ENGINTEL_NOTION_WEBHOOK_TOKEN=TOKEN) as url:
        body = json.dumps({"verification_token": "secret_of_somebody_else"}).encode()
        late = await post(url, "notion", body)
    assert late.status_code == 401
    well = await asyncio.to_thread(run, home, "doctor", ENGINTEL_NOW=NOW, ENGINTEL_NOTION_WEBHOOK_TOKEN=TOKEN)
    assert "senders notion" in well.stdout
    set_already = await asyncio.to_thread(
        run, home, "doctor", "--notion-token", ENGINTEL_NOW=NOW, ENGINTEL_NOTION_WEBHOOK_TOKEN=TOKEN
    )
    assert (set_already.returncode, TOKEN in set_already.stderr) == (1, False)
    nothing_left = await asyncio.to_thread(run, home, "doctor", "--notion-token", ENGINTEL_NOW=NOW)
    assert (nothing_left.returncode, nothing_left.stdout) == (1, "")


async def test_an_offer_is_shown_for_an_hour(home: Path) -> None:
    """A secret that waits for nobody does not lie about."""
    async with serving(home) as url:
        await post(url, "notion", OFFER)
    later = "2026-11-21T01:00:01+00:00"
    assert (await asyncio.to_thread(run, home, "doctor", "--notion-token", ENGINTEL_NOW=later)).returncode == 1
    await asyncio.to_thread(run, home, "doctor", ENGINTEL_NOW=later)
    async with open_engine(Settings(home=str(home), now=NOW)) as engine:
        assert await engine.log.cursor("notion:offered") == {"offers": []}


async def test_on_one_s_own_machine_the_door_may_be_left_open(home: Path) -> None:
    """For those without a secret; a web page cannot use it, and whoever has a secret shows it."""
    port = free_port()
    words = ("serve", "--transport", "http", "--port", str(port), "--insecure-webhooks")
    process = start(home, *words, ENGINTEL_NOW=NOW, ENGINTEL_JIRA_WEBHOOK_SECRET="s")
    try:
        url = await until_alive(f"http://127.0.0.1:{port}", process)
        _, headers, body = ordinary(0)
        bare = {name: value for name, value in headers.items() if "Signature" not in name}
        taken = await post(url, "github", body, bare)
        page = await post(url, "github", body, {**bare, "Origin": "https://evil.example"})
        jira = await post(url, "jira", b"{}")
    finally:
        process.terminate()
        said = (await asyncio.to_thread(process.communicate, timeout=30))[1]
    assert [each.status_code for each in (taken, page, jira)] == [202, 403, 401]
    assert "whoever reaches this port can write" in said


@pytest.mark.parametrize(
    "words",
    [("--transport", "http", "--host", "0.0.0.0"), ("--transport", "http", "--host", "192.0.2.1"), ()],
)
def test_the_door_is_not_left_open_to_others(home: Path, words: tuple[str, ...]) -> None:
    """Not even with a token for everything else; and where there is no door the flag is a mistake."""
    settings = {"ENGINTEL_HTTP_TOKEN": "t" * 20, "ENGINTEL_ALLOWED_HOSTS": "x.example"}
    refused = run(home, "serve", *words, "--insecure-webhooks", **settings)
    assert refused.returncode == 1
    assert "--insecure-webhooks" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


def test_thousands_of_mutated_deliveries_leave_a_server_as_it_was(home: Path) -> None:
    """No 5xx, memory flat, no lane stuck, and ordinary deliveries taken afterwards; `make soak` sends 100,000."""
    home.mkdir(mode=0o711)
    tally = play(home, MUTANTS)
    assert tally.complaints == []
    assert sum(tally.answers.values()) == MUTANTS
    assert min(tally.answers[status] for status in (202, 400, 401)) > MUTANTS / 10

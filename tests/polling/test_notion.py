"""A Notion workspace, read over its API: documents, the roster and the roadmap, and what is gone."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from adapters.sources import patience
from adapters.sources.notion import NotionClient, NotionWorkspace, fetch_page
from domain.errors import SourceUnusable
from domain.events import Document, PersonDescribed, ProjectDescribed
from tests.polling.conftest import Desk
from tests.polling.notion_site import NotionSite, a_block, a_page, page_id
from tests.polling.web import Dropped, Reply, failing, running
from tests.unit.deliveries.payloads import notion, roadmap_row, roster_row

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=7)


@pytest.fixture
def site() -> Iterator[NotionSite]:
    with running(NotionSite()) as there:
        yield there


def source(site: NotionSite, now: datetime = NOW) -> NotionWorkspace:
    return NotionWorkspace(NotionClient("notion-token", site.url, rate=10_000), lambda: now)


async def test_a_workspace_is_read_whole(desk: Desk, site: NotionSite) -> None:
    site.page_limit = 2
    site.add(a_page(1, 1, "Runbook"), a_block(1, "First."), a_block(2, "List", below=True), a_block(3, "Last."))
    site.blocks[page_id(900_002)] = [a_block(4, "inner", kind="bulleted_list_item", below=True)]
    site.blocks[page_id(900_004)] = [a_block(5, "innermost", kind="bulleted_list_item")]
    site.add(a_page(2, 2, properties=roster_row()))
    site.add(a_page(3, 3, properties=roadmap_row()))
    result = await desk.backfill(source(site))
    assert (result.problems, result.read) == ([], 3)
    bodies = [event.body for event in await desk.events()]
    [document] = [body for body in bodies if isinstance(body, Document)]
    assert document.title == "Runbook"
    assert [line.strip() for line in document.text.splitlines() if line] == [
        "First.", "List", "- inner", "- innermost", "Last.",
    ]  # fmt: skip
    [person] = [body for body in bodies if isinstance(body, PersonDescribed)]
    [project] = [body for body in bodies if isinstance(body, ProjectDescribed)]
    assert (person.name, project.name) == ("Ada Lovelace", "Payments API")
    assert len(project.depends_on or ()) == 1


async def test_a_page_that_was_delivered_before_is_known(desk: Desk, site: NotionSite) -> None:
    told = a_page(1, 1, "Runbook")
    site.add(told, a_block(1, "First."))
    await desk.log.append(notion({**told, "blocks": [a_block(1, "First.")]}))
    assert (await desk.backfill(source(site))).appended.new == 0


async def test_a_long_relation_is_read_to_its_end(desk: Desk, site: NotionSite) -> None:
    shown = {"id": "dep%3A", "type": "relation", "relation": [{"id": page_id(1)}], "has_more": True}
    site.add(a_page(3, 3, properties=roadmap_row(**{"Depends on": shown})))
    site.relations[page_id(3)] = [
        {"object": "property_item", "type": "relation", "relation": {"id": page_id(n)}} for n in range(1, 41)
    ]
    site.page_limit = 25
    await desk.backfill(source(site))
    [event] = await desk.events()
    assert isinstance(event.body, ProjectDescribed)
    assert len(event.body.depends_on or ()) == 40


async def test_news_are_read_alone(desk: Desk, site: NotionSite) -> None:
    for number in range(1, 9):
        site.add(a_page(number, number), a_block(number, "Text."))
    await desk.backfill(source(site))
    site.add(a_page(2, 30, "Renamed"), a_block(2, "Text."))
    site.asked.clear()
    result = await desk.backfill(source(site))
    assert result.appended.new == 1
    assert len([path for path in site.paths() if "/blocks/" in path]) <= 3, "the last, whose minute may not be over"


async def test_an_edit_within_the_minute_that_was_read_last_is_seen(desk: Desk, site: NotionSite) -> None:
    """Notion tells the minute of an edit only."""
    site.add(a_page(1, 5), a_block(1, "Text."))
    await desk.backfill(source(site))
    site.add(a_page(1, 5), a_block(1, "Other text."))
    assert (await desk.backfill(source(site))).appended.new == 1


async def test_what_is_gone_is_removed(desk: Desk, site: NotionSite) -> None:
    """Notion's search leaves out what is in the trash or no longer shared, without a word."""
    for number in (1, 2, 3):
        site.add(a_page(number, number), a_block(number, "Text."))
    await desk.backfill(source(site))
    site.pages[page_id(1)] |= {"in_trash": True, "archived": True, "last_edited_time": "2026-09-01T10:00:00.000Z"}
    del site.pages[page_id(2)]

    await desk.backfill(source(site))
    assert (await desk.types())["doc_removed"] == 0, "it is looked for now and then only"
    await desk.backfill(source(site, LATER))
    removed = {event.entity for event in await desk.events() if event.type == "doc_removed"}
    assert removed == {f"doc:notion:{page_id(1)}", f"doc:notion:{page_id(2)}"}
    assert (await desk.backfill(source(site, LATER + timedelta(hours=7)))).appended.new == 0


async def test_one_page_is_fetched_by_its_id(site: NotionSite) -> None:
    """What a webhook's signal about a page leads to."""
    site.add(a_page(1, 1, "Runbook"), a_block(1, "First."))
    site.add(a_page(2, 2, in_trash=True))
    client = NotionClient("t", site.url, rate=10_000)
    [shown] = await fetch_page(client, page_id(1), NOW)
    assert isinstance(shown.body, Document)
    assert (shown.body.title, shown.body.text) == ("Runbook", "First.")
    for number in (2, 3):
        [gone] = await fetch_page(client, page_id(number), NOW)
        assert (gone.type, gone.entity) == ("doc_removed", f"doc:notion:{page_id(number)}")
    await client.close()


async def test_blocks_that_are_not_shared_leave_the_rest(desk: Desk, site: NotionSite) -> None:
    site.add(a_page(1, 1), a_block(1, "Seen."), a_block(2, "Synced", below=True))
    site.fault = lambda r: Reply(404, {"message": "no"}) if page_id(900_002) in r.path else None
    assert (await desk.backfill(source(site))).problems == []
    [event] = await desk.events()
    assert isinstance(event.body, Document)
    assert "Seen." in event.body.text


async def test_notion_is_asked_three_times_a_second(site: NotionSite) -> None:
    client = NotionClient("t", site.url)
    began = time.monotonic()
    await asyncio.gather(*(client.me() for _ in range(4)))
    assert time.monotonic() - began >= 0.99
    await client.close()


async def test_a_limit_is_waited_for_and_what_breaks_is_tried_again(desk: Desk, site: NotionSite) -> None:
    site.add(a_page(1, 1), a_block(1, "Text."))
    site.fault = failing(1, Reply(429, {"code": "rate_limited"}, {"Retry-After": "1"}), "/blocks")
    assert (await desk.backfill(source(site))).problems == []
    site.fault = failing(1, Dropped, "/search")
    assert (await desk.backfill(source(site))).problems == []


async def test_a_reading_that_is_cut_short_is_finished_by_the_next(desk: Desk, site: NotionSite) -> None:
    for number in range(1, 41):
        site.add(a_page(number, number), a_block(number, "Text."))
    reading = source(site)
    for _ in range(3):
        task = asyncio.create_task(desk.polling.backfill(reading, lambda *_: None))
        loop, before = asyncio.get_running_loop(), len(site.asked)

        def cut(_: object, task: "asyncio.Task[object]" = task, before: int = before) -> None:
            if len(site.asked) == before + 16:
                loop.call_soon_threadsafe(task.cancel)  # noqa: B023 - there is one loop

        site.fault = cut
        with pytest.raises(asyncio.CancelledError):
            await task
    site.fault = lambda _: None
    site.asked.clear()
    await desk.backfill(reading)
    assert (await desk.types())["doc_changed"] == 40
    assert len([path for path in site.paths() if "/blocks/" in path]) < 25, "it went on where it was cut"


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply(401, {"message": "API token is invalid."}), "ENGINTEL_NOTION_TOKEN"),
        (Reply(200, "<html></html>"), "not JSON"),
        (Reply(200, ["x"]), "not the object"),
        (Reply(302, "", {"Location": "http://127.0.0.1:9/"}), "302"),
    ],
)
async def test_a_workspace_that_cannot_be_read_is_said_in_a_line(
    desk: Desk, site: NotionSite, monkeypatch: pytest.MonkeyPatch, reply: Reply, says: str
) -> None:
    monkeypatch.setattr(patience, "ATTEMPTS", 1)
    site.fault = lambda _: reply
    with pytest.raises(SourceUnusable, match=says) as told:
        await desk.backfill(source(site))
    assert "notion-token" not in str(told.value)

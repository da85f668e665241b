import json
from datetime import UTC, datetime

import pytest

from domain.errors import InvalidInput
from domain.events import Actor, Document, DocumentRemoved, PersonDescribed, ProjectDescribed, Raw, Source
from tests.unit.deliveries.payloads import (
    OTHER_PAGE,
    PAGE,
    RECEIVED_AT,
    Json,
    block,
    ids,
    notion,
    page,
    prop,
    rich,
    roadmap_row,
    roster_row,
    types,
)

EDITED_AT = datetime(2026, 8, 31, 9, 15, tzinfo=UTC)


def the_person(**columns: Json) -> PersonDescribed:
    told = notion(page(roster_row(**columns)))[0].body
    assert isinstance(told, PersonDescribed)
    return told


def the_project(**columns: Json) -> ProjectDescribed:
    told = notion(page(roadmap_row(**columns)))[0].body
    assert isinstance(told, ProjectDescribed)
    return told


def the_text(*blocks: Json) -> str:
    told = notion(page(None, *blocks))[0].body
    assert isinstance(told, Document)
    return told.text


def test_a_row_of_the_roster_says_which_accounts_are_one_person() -> None:
    (event,) = notion(page(roster_row()))
    assert event.id.startswith(f"notion:person:{PAGE}:2026-08-31T09:15:00Z:")
    assert (event.entity, event.project, event.occurred_at) == (f"person:notion:{PAGE}", None, EDITED_AT)
    assert event.actor == Actor(source=Source.NOTION, external_id=PAGE, name="Ada Lovelace", email="ada@acme.example")
    assert event.body == PersonDescribed(
        name="Ada Lovelace",
        email="ada@acme.example",
        accounts=(
            Actor(source=Source.GITHUB, external_id="login:ada", username="ada"),
            Actor(source=Source.JIRA, external_id="712020:ada"),
            Actor(source=Source.SLACK, external_id="U0ADA"),
        ),
        team="Payments",
        role="Engineer",
        allocation=0.8,
        away_until=datetime(2026, 9, 14, tzinfo=UTC),
    )


@pytest.mark.parametrize("login", ["ada", "@ada", "https://github.com/ada", "github.com/ada/"])
def test_a_login_may_be_written_as_a_handle_or_an_address(login: str) -> None:
    assert the_person(GitHub=prop("rich_text", rich(login))).accounts[0].username == "ada"


@pytest.mark.parametrize("login", ["", "n/a", "none", "TBD", "ada lovelace", "https://example.com/ada"])
def test_what_is_no_login_is_no_account(login: str) -> None:
    accounts = the_person(GitHub=prop("rich_text", rich(login))).accounts
    assert [account.source for account in accounts] == [Source.JIRA, Source.SLACK]


@pytest.mark.parametrize(
    ("number", "share"), [(1, 1.0), (0, 0.0), (0.5, 0.5), (80, 0.8), (100, 1.0), (101, None), (-1, None), (None, None)]
)
def test_an_allocation_is_a_share_or_per_cent(number: object, share: float | None) -> None:
    assert the_person(Allocation=prop("number", number)).allocation == share


@pytest.mark.parametrize(
    ("span", "until"),
    [
        ({"start": "2026-09-14"}, datetime(2026, 9, 14, tzinfo=UTC)),
        ({"start": "2026-09-01", "end": "2026-09-14"}, datetime(2026, 9, 14, tzinfo=UTC)),
        ({"start": "2026-09-14T09:00:00.000+02:00"}, datetime(2026, 9, 14, 7, tzinfo=UTC)),
        (None, None),
    ],
)
def test_somebody_is_away_until_the_end_of_the_time_given(span: object, until: datetime | None) -> None:
    assert the_person(**{"Away until": prop("date", span)}).away_until == until


def test_a_row_without_a_name_is_nobody() -> None:
    assert notion(page(roster_row(Name=prop("title", [])))) == []


def test_columns_are_found_however_they_are_capitalised() -> None:
    row = {name.upper() + " ": value for name, value in roster_row().items()}
    assert types(notion(page(row))) == ["person_described"]


def test_two_columns_of_accounts_make_a_roster_and_one_does_not() -> None:
    row = {name: roster_row()[name] for name in ("Name", "Email", "Team")}
    assert types(notion(page(row))) == ["doc_changed"]
    assert types(notion(page(row | {"Slack": prop("rich_text", [])}))) == ["person_described"]


def test_a_row_of_the_roadmap_says_what_is_one_project() -> None:
    (event,) = notion(page(roadmap_row()))
    assert (event.entity, event.project) == (f"project:notion:{PAGE}", f"notion:{PAGE}")
    assert event.id.startswith(f"notion:project:{PAGE}:2026-08-31T09:15:00Z:")
    assert event.body == ProjectDescribed(
        name="Payments API",
        refs=("github:acme/api", "jira:PAY"),
        description="Pays people",
        owner_team="Payments",
        status="At risk",
        priority="High",
        target_date="2026-12-01",
        slack_channel="#proj-pay",
        depends_on=(f"notion:{OTHER_PAGE}",),
        url="https://www.notion.so/Page-3f2a",
    )


@pytest.mark.parametrize(
    ("text", "refs"),
    [
        ("acme/api", ["github:acme/api"]),
        ("https://github.com/acme/api", ["github:acme/api"]),
        ("https://github.com/acme/api.git/", ["github:acme/api"]),
        ("git@github.com:acme/api.git", ["github:acme/api"]),
        ("acme/api, acme/web", ["github:acme/api", "github:acme/web"]),
        ("n/a", []),
        ("TBD", []),
        ("", []),
    ],
)
def test_a_repository_may_be_written_in_many_ways(text: str, refs: list[str]) -> None:
    assert list(the_project(Repository=prop("rich_text", rich(text))).refs[:-1]) == refs


def test_a_repository_may_be_an_address() -> None:
    assert the_project(Repository=prop("url", "https://github.com/acme/api")).refs[0] == "github:acme/api"


@pytest.mark.parametrize("text", ["TBD", "none", "", "pay later"])
def test_what_is_no_jira_key_joins_nothing(text: str) -> None:
    assert the_project(**{"Jira project": prop("rich_text", rich(text))}).refs == ("github:acme/api",)


def test_saying_nothing_of_dependencies_differs_from_having_none() -> None:
    row = roadmap_row()
    del row["Depends on"]
    silent = notion(page(row))[0].body
    assert isinstance(silent, ProjectDescribed)
    assert silent.depends_on is None
    assert the_project(**{"Depends on": prop("relation", [])}).depends_on == ()
    assert the_project(**{"Depends on": prop("rich_text", rich("Ledger"))}).depends_on is None


def test_a_row_with_slack_and_mail_is_still_a_project_if_it_has_a_repository() -> None:
    row = roadmap_row(Email=prop("email", "team@acme.example"), Slack=prop("rich_text", rich("#pay")))
    assert types(notion(page(row))) == ["project_described"]


def test_a_row_with_text_is_a_document_of_its_own_project_too() -> None:
    described, document = notion(page(roadmap_row(), block("paragraph", "Pays on Sundays.")))
    assert described.type == "project_described"
    assert isinstance(document.body, Document)
    assert (document.body.title, document.body.text) == ("Payments API", "Pays on Sundays.")
    assert document.project == described.project == f"notion:{PAGE}"


def test_a_page_below_a_page_is_a_document_of_that_project() -> None:
    parent = {"type": "page_id", "page_id": OTHER_PAGE.replace("-", "").upper()}
    (event,) = notion(page(None, block("paragraph", "Restart it."), parent=parent))
    assert event.id.startswith(f"notion:doc:{PAGE}:2026-08-31T09:15:00Z:")
    assert (event.entity, event.project) == (f"doc:notion:{PAGE}", f"notion:{OTHER_PAGE}")
    assert event.body == Document(
        doc_id=f"notion:{PAGE}", title="Runbook", text="Restart it.", url="https://www.notion.so/Page-3f2a"
    )
    assert event.actor is None


def test_an_editor_who_is_named_is_the_actor() -> None:
    editor = {
        "object": "user",
        "id": OTHER_PAGE,
        "type": "person",
        "name": "Grace Hopper",
        "person": {"email": "Grace@acme.example"},
    }
    actor = notion(page(last_edited_by=editor))[0].actor
    assert actor == Actor(source=Source.NOTION, external_id=OTHER_PAGE, name="Grace Hopper", email="grace@acme.example")


def test_a_page_that_was_emptied_is_an_empty_document() -> None:
    assert the_text() == ""


def test_two_edits_within_a_minute_are_two_events() -> None:
    texts = ["one", "two", "one"]
    names = [ids(notion(page(None, block("paragraph", text))))[0] for text in texts]
    assert names[0] == names[2]
    assert len(set(names)) == 2


@pytest.mark.parametrize("how", ["archived", "in_trash"])
def test_a_page_in_the_bin_is_a_document_removed(how: str) -> None:
    (event,) = notion(page() | {how: True})
    assert event.body == DocumentRemoved(doc_id=f"notion:{PAGE}")
    assert event.id == f"notion:doc:{PAGE}:removed:2026-08-31T09:15:00Z"
    assert event.entity == f"doc:notion:{PAGE}"


def test_blocks_become_markdown() -> None:
    text = the_text(
        block("heading_1", "Runbook"),
        block("paragraph", "When it ", "stops:"),
        block("numbered_list_item", "Look."),
        block(
            "numbered_list_item",
            "Restart.",
            children=[block("bulleted_list_item", "gently"), block("paragraph", "Or\nnot.")],
        ),
        block("heading_2", "After"),
        block("to_do", "Tell", checked=True),
        block("to_do", "Write", checked=False),
        block("code", "make stop\nmake start", language="shell"),
        block("quote", "It never stops."),
        block("divider"),
        block("numbered_list_item", "Again."),
        {"type": "bookmark", "bookmark": {"url": "https://acme.example"}},
        {"type": "table_row", "table_row": {"cells": [rich("a"), rich("b")]}},
        {"type": "table_row", "table_row": {"cells": [rich("1"), rich("2")]}},
        {"type": "unsupported", "unsupported": {}},
    )
    assert text == (
        "# Runbook\n\nWhen it stops:\n\n1. Look.\n2. Restart.\n  - gently\n\n  Or\n  not.\n\n## After\n\n"
        "- [x] Tell\n- [ ] Write\n\n```shell\nmake stop\nmake start\n```\n\n> It never stops.\n\n---\n\n1. Again.\n\n"
        "https://acme.example\n\na | b\n1 | 2"
    )


def test_blocks_may_be_nested_beyond_reason() -> None:
    nested: Json = block("paragraph", "deep")
    for _ in range(100_000):
        nested = block("toggle", children=[nested])
    assert the_text(nested) == "deep"


def test_a_block_that_is_none_shows_nothing() -> None:
    blocks = ["x", None, {"type": 7}, {"type": "paragraph", "paragraph": [1]}, {"type": "table_row", "table_row": {}}]
    (event,) = notion(page() | {"blocks": blocks})
    assert isinstance(event.body, Document)
    assert event.body.text == ""


def test_a_signal_of_a_webhook_is_kept_raw() -> None:
    (event,) = notion({"id": "367cba44", "type": "page.content_updated", "timestamp": "2026-08-31T09:15:00.000Z"})
    assert (event.id, event.occurred_at) == ("notion:raw:367cba44", RECEIVED_AT)
    assert isinstance(event.body, Raw)
    assert event.body.kind == "page.content_updated"


def test_a_page_whose_blocks_nobody_fetched_is_kept_raw() -> None:
    bare = page()
    del bare["blocks"]
    assert types(notion(bare)) == ["raw"]


def test_the_secret_that_begins_a_webhook_is_kept_nowhere() -> None:
    assert notion({"verification_token": "secret_x"}) == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("x", "an object as a Notion delivery, got a text"),
        ({}, "a text at 'object' of a Notion delivery, got nothing"),
        (page(last_edited_time="2026-08-31"), "a time with an offset such as +00:00 at 'last_edited_time'"),
        (page() | {"blocks": {}}, "a list at 'blocks'"),
        (page({"Name": 7}), "an object at 'properties.Name' of a Notion delivery"),
        (page(roster_row(**{"Away until": prop("date", {"start": "soon"})})), "a date such as 2025-03-01"),
    ],
)
def test_what_is_no_page_is_refused_in_one_sentence(body: object, expected: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        notion(json.loads(json.dumps(body)))
    assert expected in str(refused.value)

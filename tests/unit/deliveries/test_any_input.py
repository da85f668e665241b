"""Whatever is delivered gives events that the log keeps as they are, or is refused as no delivery."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sources.deliveries import events_of
from domain.errors import InvalidInput
from domain.events import Event
from tests.unit.deliveries.payloads import (
    OTHER_PAGE,
    RECEIVED_AT,
    Json,
    block,
    issue_event,
    jira_issue,
    jira_user,
    matrix,
    page,
    rich,
    roadmap_row,
    roster_row,
    sprint_event,
    survives,
)
from tests.unit.deliveries.payloads_github import (
    DELIVERY,
    MERGED,
    ZEROS,
    comment,
    commit,
    deployment,
    envelope,
    issue,
    membership,
    pull,
    pull_request,
    push,
    release,
    review,
    run,
)

GITHUB = (
    "push",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "issues",
    "issue_comment",
    "workflow_run",
    "deployment_status",
    "release",
    "membership",
    "star",
)
JIRA = ("jira:issue_created", "jira:issue_updated", "jira:issue_deleted", "comment_created", "sprint_closed", "x")

REALISTIC: tuple[tuple[str, str, Json], ...] = (
    ("github", "push", push(commit("b", "Pair\n\nCo-authored-by: A <b>"), commit("c", added=["ä.py"]))),
    ("github", "push", push(branch="gone", before=ZEROS)),
    ("github", "pull_request", pull_request("closed", **MERGED, labels=[{"id": 1, "name": "x"}])),
    ("github", "pull_request", pull_request("review_requested", about={"requested_reviewer": {"id": 3, "login": "l"}})),
    ("github", "pull_request_review", review()),
    ("github", "pull_request_review_comment", envelope(action="created", comment=comment(), pull_request=pull())),
    ("github", "issues", envelope(action="closed", issue=issue(state="closed", closed_at="2026-08-30T09:30:00Z"))),
    ("github", "issue_comment", envelope(action="created", comment=comment(), issue=issue())),
    ("github", "workflow_run", envelope(action="completed", workflow_run=run())),
    ("github", "deployment_status", deployment("success")),
    ("github", "release", release()),
    ("github", "membership", membership()),
    (
        "jira",
        "",
        issue_event(
            "updated",
            jira_issue(
                description={"type": "doc", "content": [{"type": "text", "text": "x"}]},
                customfield_10020=[{"id": 1}, "Sprint@1[id=2,name=x]"],
                issuelinks=[{"inwardIssue": {"key": "PAY-1"}}],
            ),
            changelog={"id": "1", "items": [{"field": "status", "fromString": "a", "toString": "b"}]},
        ),
    ),
    (
        "jira",
        "",
        {
            "webhookEvent": "comment_created",
            "issue": jira_issue(),
            "comment": {"id": "1", "author": jira_user(), "body": "x", "created": "2026-08-31T10:00:00.000+0200"},
        },
    ),
    ("jira", "", sprint_event("closed", "closed", completeDate="2026-09-01T09:00:00.000Z")),
    ("notion", "", page(roster_row())),
    ("notion", "", page(roadmap_row(), block("paragraph", "x"))),
    (
        "notion",
        "",
        page(
            None,
            block("to_do", "x", checked=True, children=[block("code", "y", language="sh")]),
            {"type": "table_row", "table_row": {"cells": [rich("a")]}},
            parent={"type": "page_id", "page_id": OTHER_PAGE},
        ),
    ),
    ("prometheus", "", matrix(({"__name__": "up", "service": "acme/api"}, [[1_788_163_200, "1"], [1.5, "2"]]))),
)

text = st.text(st.characters(codec=None, categories=None), max_size=20) | st.sampled_from(
    [
        "",
        "\x00",
        "\ud800",
        "2026-08-31T10:00:00Z",
        "9999-12-31T23:59:59-12:00",
        "0001-01-01T00:00:00+14:00",
        "NaN",
        "open",
    ]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | text | st.sampled_from([2**63, -(2**64), 10**400])
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=8
)


def paths(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where anything stands within `value`."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, each in inner for found in ((*path, key), *paths(each, (*path, key)))]


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, str, Json]:
    """A realistic delivery with up to four of its parts taken out or replaced."""
    source, event, original = draw(st.sampled_from(REALISTIC))
    body = copy.deepcopy(original)
    for _ in range(draw(st.integers(1, 4))):
        *way, last = draw(st.sampled_from(paths(body) or [("x",)]))
        place: Any = body
        for key in way:
            place = place[key]
        if draw(st.booleans()) and isinstance(place, dict):
            place.pop(last, None)
        else:
            place[last] = draw(anything)
    return source, event, body


def check(source: str, event: str, body: object) -> None:
    headers = {"X-GitHub-Event": event, "X-GitHub-Delivery": DELIVERY} if source == "github" else {}
    events: list[Event] = []
    refusal = "Expected nothing else."
    try:
        events = events_of(source, headers, body, received_at=RECEIVED_AT)
    except InvalidInput as problem:
        refusal = str(problem)
    assert all(survives(told) for told in events)
    assert refusal.startswith("Expected ")
    assert "\n" not in refusal


@pytest.mark.parametrize("event", GITHUB)
@given(body=anything)
@settings(max_examples=60, deadline=None)
def test_github_may_deliver_anything(event: str, body: object) -> None:
    check("github", event, body)
    check("github", event, {"repository": {"full_name": "acme/api"}, "action": "opened", event: body})


@pytest.mark.parametrize("event", JIRA)
@given(body=anything)
@settings(max_examples=60, deadline=None)
def test_jira_may_deliver_anything(event: str, body: object) -> None:
    check("jira", "", body)
    check("jira", "", {"webhookEvent": event, "issue": body, "comment": body, "sprint": body})


@given(body=anything)
@settings(max_examples=200, deadline=None)
def test_notion_may_deliver_anything(body: object) -> None:
    check("notion", "", body)
    check("notion", "", page() | {"properties": body})
    check("notion", "", page() | {"blocks": [body, {"type": "paragraph", "paragraph": body}]})


@given(body=anything)
@settings(max_examples=200, deadline=None)
def test_prometheus_may_deliver_anything(body: object) -> None:
    check("prometheus", "", body)
    check("prometheus", "", matrix(({"a": "b"}, [])) | {"data": {"resultType": "matrix", "result": [body]}})
    check(
        "prometheus",
        "",
        {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": body}]}},
    )


@given(delivery=mutated())
@settings(max_examples=1_500, deadline=None)
def test_a_delivery_may_have_any_part_wrong(delivery: tuple[str, str, Json]) -> None:
    check(*delivery)


@pytest.mark.parametrize(("source", "event", "body"), REALISTIC)
def test_a_delivery_is_left_as_it_was(source: str, event: str, body: Json) -> None:
    before = json.dumps(body)
    check(source, event, body)
    assert json.dumps(body) == before


@pytest.mark.parametrize(("source", "event", "body"), REALISTIC)
def test_a_payload_that_is_nested_beyond_reason_is_refused_or_read(source: str, event: str, body: Json) -> None:
    nested: object = "x"
    for _ in range(50_000):
        nested = {"content": [nested], "child": nested, "children": [nested]}
    for path in paths(body):
        if len(path) < 4:
            changed = copy.deepcopy(body)
            place: Any = changed
            for key in path[:-1]:
                place = place[key]
            place[path[-1]] = nested
            check(source, event, changed)

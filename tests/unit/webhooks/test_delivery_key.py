"""A redelivery is the same delivery, and nothing else is."""

import json

from hypothesis import given
from hypothesis import strategies as st

from adapters.sources.webhooks import SENDERS, delivery_key
from domain.text import line


def test_github_and_jira_name_their_deliveries_in_a_header() -> None:
    """A redelivery has the same name, whatever else differs."""
    named = {"x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958"}
    assert delivery_key("github", named, b"{}") == delivery_key("github", named, b"{ }")
    assert delivery_key("jira", {"x-atlassian-webhook-identifier": "a1"}, b"{}") == "jira:a1"


def test_notion_and_slack_name_theirs_in_the_body() -> None:
    """The second attempt says that it is one, so its bytes differ."""
    first, second = ({"id": "e1", "attempt_number": number} for number in (1, 2))
    assert delivery_key("notion", {}, json.dumps(first).encode()) == delivery_key(
        "notion", {}, json.dumps(second).encode()
    )
    assert delivery_key("slack", {}, b'{"event_id": "Ev1"}') == "slack:Ev1"


def test_without_a_name_the_same_bytes_are_the_same_delivery() -> None:
    """And other bytes are another one."""
    assert delivery_key("alertmanager", {}, b"a") == delivery_key("alertmanager", {}, b"a")
    assert delivery_key("alertmanager", {}, b"a") != delivery_key("alertmanager", {}, b"b")


def test_the_same_name_of_two_senders_is_two_deliveries() -> None:
    """They know nothing of each other."""
    assert delivery_key("github", {"x-github-delivery": "1"}, b"") != delivery_key(
        "jira", {"x-atlassian-webhook-identifier": "1"}, b""
    )


@given(st.sampled_from(SENDERS), st.text(max_size=400), st.binary(max_size=200))
def test_any_delivery_has_a_short_name(sender: str, header: str, body: bytes) -> None:
    """Whatever was sent: it is a key in a table."""
    headers = {"x-github-delivery": header, "x-atlassian-webhook-identifier": header}
    key = delivery_key(sender, headers, body)
    assert key.startswith(f"{sender}:")
    assert len(key) <= 220
    assert key == line(key)

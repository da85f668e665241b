"""What is known of a body before it is kept."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sources.webhooks import check_shape, kept_headers
from domain.errors import InvalidInput
from tests.unit.deliveries.payloads_github import commit, push


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"payload=%7B%7D", "application/json"),
        (b'{"repository": {}', "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[1]", "repository"),
        (b'"text"', "repository"),
        (b"{}", "repository"),
        (b'{"repository":' + b"[" * 100_000, "deep"),
    ],
)
def test_what_can_be_no_delivery_is_told_apart(body: bytes, reason: str) -> None:
    """With what was expected in its place."""
    with pytest.raises(InvalidInput, match=reason):
        check_shape("github", body)


def test_a_delivery_is_let_through() -> None:
    """Of every sender."""
    check_shape("github", json.dumps(push(commit("a"))).encode())
    check_shape("jira", b'{"webhookEvent": "jira:issue_updated"}')


@given(st.binary(max_size=200))
def test_no_bytes_do_worse_than_being_refused(body: bytes) -> None:
    """Whatever is signed and sent."""
    for sender in ("github", "jira"):
        with suppress(InvalidInput):
            check_shape(sender, body)


def test_only_the_headers_that_tell_what_it_is_are_kept() -> None:
    """A signature proves something once, and a token is a secret."""
    headers = {
        "x-github-event": "push",
        "x-github-delivery": "d-1",
        "x-hub-signature-256": "sha256=00",
        "authorization": "Bearer secret",
        "cookie": "secret",
    }
    assert kept_headers("github", headers) == {"x-github-event": "push", "x-github-delivery": "d-1"}
    assert kept_headers("jira", headers) == {}


@pytest.mark.parametrize("missing", ["X-GitHub-Event", "X-GitHub-Delivery"])
def test_a_header_that_every_delivery_has_is_missed(missing: str) -> None:
    """Without it nobody can tell what it is, or whether it came before."""
    headers = {"x-github-event": "push", "x-github-delivery": "d-1", missing.lower(): " "}
    with pytest.raises(InvalidInput, match=missing):
        kept_headers("github", headers)

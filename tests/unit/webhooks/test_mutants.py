"""Deliveries with something wrong end in a verdict, and what is authentic in events that the log keeps as they are.

`ENGINTEL_MUTANTS=100000` asks for more of them; `make soak` sends as many over HTTP.
"""

import os
import tracemalloc
from datetime import UTC, datetime

import pytest

from adapters.sources.deliveries import events_of, parsed
from adapters.sources.webhooks import Authentic, Denial, judge
from domain.errors import InvalidInput
from domain.events import decode, encode
from evals.soak.mutants import mutant
from evals.soak.payloads import DELIVERIES, SECRETS, SENT_AT, ordinary
from server.senders import secrets_of
from server.settings import load_settings

COUNT = int(os.environ.get("ENGINTEL_MUTANTS", "4000"))
NOW = datetime.fromtimestamp(SENT_AT, UTC)
KNOWN = secrets_of(load_settings(SECRETS))
STATUSES = {400, 401, 404, 413}
ROOM = 16 * 1024 * 1024


def outcome(number: int) -> str:
    """What becomes of a mutant; anything but a verdict, a refusal or events that survive is an error."""
    made = mutant(number)
    verdict = judge(made.sender, KNOWN, made.headers, made.body, NOW)
    if isinstance(verdict, Denial):
        assert verdict.status in STATUSES
        assert "\n" not in verdict.text
        return f"denied {verdict.status}"
    assert made.signed
    assert isinstance(verdict, Authentic)
    try:
        events = events_of(verdict.sender.source, verdict.headers, parsed(verdict.body), received_at=NOW)
    except InvalidInput as problem:
        return "unreadable" if "\n" not in str(problem) else f"told in two lines: {problem}"
    assert all(decode(encode(event)) == event for event in events)
    return "events" if events else "nothing"


def test_every_mutant_ends_well() -> None:
    """Its number is in the failure, and makes it again."""
    seen: dict[str, int] = {}
    for number in range(COUNT):
        try:
            became = outcome(number)
        except Exception as error:
            raise AssertionError(f"mutant {number} of {mutant(number).sender}") from error
        seen[became] = seen.get(became, 0) + 1
    assert seen.keys() <= {"events", "nothing", "unreadable", *(f"denied {status}" for status in STATUSES)}
    # A fuzzer that never gets past the door proves nothing.
    assert seen["events"] > COUNT / 10
    assert seen["unreadable"] > COUNT / 10
    assert seen["denied 401"] > COUNT / 10


def test_mutants_leave_nothing_behind_in_memory() -> None:
    """Nor does any one of them take much more than its own size."""
    for number in range(300):
        outcome(number)  # whatever is built once is built now
    tracemalloc.start()
    try:
        for number in range(300, 1_300):
            outcome(number)
        left, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert left < ROOM / 8
    assert most < ROOM


@pytest.mark.parametrize("number", range(len(DELIVERIES)))
def test_what_they_are_made_from_is_understood(number: int) -> None:
    """Otherwise every mutant would be refused for what was wrong before."""
    sender, sent, body = ordinary(number)
    verdict = judge(sender, KNOWN, sent, body, NOW)
    assert isinstance(verdict, Authentic)
    assert events_of(verdict.sender.source, verdict.headers, parsed(verdict.body), received_at=NOW)

"""Frames: what an engine that counts requests is given, and what comes back of it."""

import zlib
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.log.wire import FRAME_BYTES, MOST_BYTES, frames, inflated, org_of, read_again, unframed
from domain.events import Event, decode
from domain.ports import Carried, DeadLetter
from tests.events import commit

happenings = st.lists(
    st.builds(
        lambda sha, entity, title: commit(f"{sha}", title=title).model_copy(update={"entity": entity}),
        st.integers(0, 10_000),
        st.sampled_from(["issue:A-1", "pr:acme/api#7", "doc:Zoë", "e" * 400]),
        st.text(max_size=200).map(lambda text: text * 300),
    ),
    max_size=30,
)


@given(happenings, st.integers(60_000, 400_000))
def test_frames_hold_every_event_once_in_the_order_of_its_entity(events: list[Event], limit: int) -> None:
    """And an entity is at most once in a round, and no frame is too large."""
    rounds = frames("acme", events, limit)

    read: dict[str, list[Event]] = defaultdict(list)
    for round_ in rounds:
        assert len({frame.entity for frame in round_}) == len(round_)
        for frame in round_:
            assert len(frame.payload) <= limit
            assert org_of(frame.payload) == "acme"
            found = [told for told in unframed("part", "1", frame.payload) if isinstance(told, Carried)]
            assert [told.id for told in found] == list(frame.ids)
            read[frame.entity] += [decode(told.payload) for told in found]
    wanted: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        wanted[event.entity].append(event)
    assert read == wanted


def test_a_frame_holds_so_much_and_no_more() -> None:
    """A busy entity is sent in several, one after the other."""
    events = [commit(f"{n}", title="x" * 290).model_copy(update={"entity": "e"}) for n in range(1_500)]

    rounds = frames("acme", events, 10 * FRAME_BYTES)

    assert len(rounds) > 1
    assert {len(round_) for round_ in rounds} == {1}


@given(st.binary(max_size=300))
def test_anything_else_becomes_a_letter(noise: bytes) -> None:
    """Nothing that somebody may write there raises."""
    for payload in (noise, b"engintel/1 acme\n" + noise, b"engintel/1 acme\n" + zlib.compress(noise)):
        for told in unframed("part", "1", payload):
            assert isinstance(told, DeadLetter)
            assert told.reason


def test_a_bomb_stops_before_it_grows() -> None:
    """What is small and would be gigabytes is refused."""
    bomb = zlib.compress(bytes(MOST_BYTES + 1))

    with pytest.raises(zlib.error):
        inflated(bomb)


def test_what_was_put_aside_can_be_read_again() -> None:
    """As a frame or as an event by itself, whatever it was."""
    [[frame]] = frames("acme", [commit("a")], 100_000)
    [alone] = unframed("part", "1", frame.payload)
    assert isinstance(alone, Carried)

    assert read_again("part", "1", frame.payload) == [alone]
    assert read_again("part", "1", alone.payload.encode()) == [alone]

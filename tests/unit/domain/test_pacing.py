"""How much of the machine a replay takes."""

from hypothesis import given
from hypothesis import strategies as st

from domain.pacing import linger, replay_pause

worked = st.floats(0.001, 0.25)


@given(worked)
def test_alone_it_does_not_rest(seconds: float) -> None:
    """Nobody is in its way."""
    assert replay_pause(seconds, busy=False, late=False) == 0


@given(worked)
def test_beside_live_traffic_it_works_a_fifth_of_the_time(seconds: float) -> None:
    """In proportion to what it did: a slow machine gets longer rests."""
    pause = replay_pause(seconds, busy=True, late=False)

    assert seconds / (seconds + pause) <= 0.2 + 1e-9


@given(worked, st.booleans())
def test_it_rests_longer_while_live_stores_are_late(seconds: float, busy: bool) -> None:
    """They come first."""
    assert replay_pause(seconds, busy=busy, late=True) >= replay_pause(seconds, busy=True, late=False)


@given(st.integers(1, 100_000))
def test_the_more_news_comes_the_longer_it_is_collected_and_never_long(passed: int) -> None:
    """What is alone is there at once, and nothing waits for half a second."""
    assert 0.03 <= linger(passed) <= linger(passed + 1) <= 0.4

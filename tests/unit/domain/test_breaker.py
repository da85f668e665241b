"""The circuit breaker: few attempts while a store is away, one to see whether it is back."""

from hypothesis import given
from hypothesis import strategies as st

from domain.breaker import FIRST_PAUSE, LONGEST_PAUSE, THRESHOLD, Breaker

luck = st.floats(0, 1, exclude_max=True)


def failed_often(times: int, now: float = 0.0) -> Breaker:
    """After so many failures in a row, each as soon as it was allowed."""
    breaker = Breaker()
    for _ in range(times):
        now = max(now, breaker.until)
        attempted = breaker.attempted(now)
        assert attempted is not None
        breaker = attempted.failed(now, 0.5)
    return breaker


def test_a_hiccup_does_not_open_it() -> None:
    """It is tried again soon, and forgotten once it goes well."""
    breaker = failed_often(THRESHOLD - 1)

    assert breaker.state == "closed"
    assert breaker.succeeded() == Breaker()


def test_it_opens_after_several_failures_and_lets_one_attempt_through() -> None:
    """Half open means that one is looking; nobody else may."""
    breaker = failed_often(THRESHOLD)
    assert breaker.state == "open"
    assert breaker.attempted(breaker.until - 0.01) is None

    probing = breaker.attempted(breaker.until)

    assert probing is not None
    assert probing.state == "half_open"
    assert probing.attempted(breaker.until + 100) is None
    assert probing.succeeded() == Breaker()
    assert probing.failed(breaker.until, 0.5).state == "open"


@given(st.lists(st.tuples(st.floats(0, 120), luck, st.booleans()), max_size=60))
def test_whatever_happens_pauses_are_bounded_and_a_success_ends_them(steps: list[tuple[float, float, bool]]) -> None:
    """No attempt before its time, no pause over the longest, never stuck."""
    breaker, now = Breaker(), 0.0
    for passes, lucky, well in steps:
        now += passes
        attempted = breaker.attempted(now)
        if attempted is None:
            assert breaker.state == "open" or breaker.wait(now) > 0
            assert 0 < breaker.wait(now) <= LONGEST_PAUSE
            continue
        breaker = attempted.succeeded() if well else attempted.failed(now, lucky)
        if well:
            assert breaker == Breaker()
        else:
            assert breaker.wait(now) + 1e-6 >= FIRST_PAUSE / 2
            assert breaker.wait(now) <= LONGEST_PAUSE
            assert (breaker.state == "open") == (attempted.state == "half_open" or breaker.failures >= THRESHOLD)


@given(st.integers(1, 40), luck, luck)
def test_those_that_failed_together_come_back_apart(failures: int, one: float, other: float) -> None:
    """Jitter: the more luck, the later, and never less than half of the pause."""
    breaker = failed_often(failures)
    pauses = [breaker.failed(breaker.until, lucky).until - breaker.until for lucky in sorted((one, other))]

    assert pauses[0] <= pauses[1] + 1e-9
    assert pauses[1] <= 2 * pauses[0] + 1e-9

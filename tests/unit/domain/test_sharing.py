"""Who fills which store, where several workers are there: evenly, and with as few changes as can be."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from domain.sharing import shared_out

names = st.sampled_from([f"w{n}" for n in range(6)])
shares = st.sets(st.sampled_from([f"s{n}" for n in range(9)]))


@given(shares, st.sets(names, min_size=1), st.dictionaries(st.sampled_from([f"s{n}" for n in range(9)]), names))
def test_everything_is_done_by_somebody_there_and_nobody_does_two_more_than_another(
    shares: set[str], workers: set[str], holders: dict[str, str]
) -> None:
    """And once it is so, it stays so."""
    given_out = shared_out(shares, workers, holders)

    assert given_out.keys() == shares
    counts = Counter(dict.fromkeys(workers, 0)) + Counter()
    counts.update(given_out.values())
    assert set(given_out.values()) <= workers
    loads = [counts[worker] for worker in workers]
    assert max(loads) - min(loads) <= 1
    assert shared_out(shares, workers, given_out) == given_out


@given(shares, st.sets(names, min_size=2))
def test_when_one_leaves_only_its_shares_change_hands(shares: set[str], workers: set[str]) -> None:
    """The others keep what they have."""
    before = shared_out(shares, workers, {})
    gone = min(workers)

    after = shared_out(shares, workers - {gone}, before)

    assert all(after[share] == worker for share, worker in before.items() if worker != gone)


@given(shares, st.sets(names, min_size=1, max_size=5))
def test_a_newcomer_takes_no_more_than_its_part(shares: set[str], workers: set[str]) -> None:
    """Nothing moves between those who were there."""
    before = shared_out(shares, workers, {})

    after = shared_out(shares, {*workers, "newcomer"}, before)

    moved = {share for share in shares if after[share] != before[share]}
    assert all(after[share] == "newcomer" for share in moved)
    assert len(moved) <= len(shares) // (len(workers) + 1)


def test_without_workers_nothing_is_given_out() -> None:
    """Nobody is there to do it."""
    assert shared_out({"a"}, set(), {"a": "gone"}) == {}

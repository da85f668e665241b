"""A few rounds of `make soak`: real processes, really killed, and a ledger that every store must agree with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from evals.soak.rounds import play
from tests.conftest import make_home, remove_home


@pytest.fixture
def soaked_home() -> Iterator[Path]:
    """A home that is treated badly."""
    home = make_home()
    home.mkdir(mode=0o711)
    yield home
    remove_home(home)


async def test_killed_at_random_nothing_is_lost_repeated_or_overtaken(soaked_home: Path) -> None:
    """Receiver, workers and PostgreSQL, each at least once."""
    kinds = ("kill receiver", "kill worker", "kill postgres")

    report = await play(
        soaked_home, rounds=8, seconds=0.5, workers=2, senders=6, rate=120, seed=4, kinds=kinds, between=20
    )

    assert report.rounds.keys() == set(kinds)
    assert report.acknowledged > 100
    assert report.wrong == []


async def test_a_worker_that_was_paused_past_its_lease_does_no_harm(soaked_home: Path) -> None:
    """Another takes over while it stands still; when it goes on, what it had in hand is refused."""
    kinds = ("pause worker",)

    report = await play(soaked_home, rounds=1, seconds=2, workers=2, senders=6, rate=120, seed=1, kinds=kinds)

    assert report.acknowledged > 100
    assert report.wrong == []


async def test_a_rolling_restart_of_three_workers_leaves_no_gap_and_no_double(soaked_home: Path) -> None:
    """Each gives its stores to the next before it leaves, so nothing waits for a lease to run out."""
    kinds = ("roll workers",)

    report = await play(soaked_home, rounds=1, seconds=2, workers=3, senders=6, rate=120, seed=1, kinds=kinds)

    assert report.acknowledged > 50
    assert report.wrong == []
    assert report.most_lag < 5

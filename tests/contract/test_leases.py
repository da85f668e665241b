"""What leases promise: one holder at a time, and a token that tells a latecomer from the present holder."""

import asyncio
from datetime import timedelta

import pytest

from adapters.postgres.database import Database
from adapters.postgres.leases import PostgresLeases, fence
from domain.ports import Leases

LONG = timedelta(minutes=5)
OVER = timedelta(0)


@pytest.fixture
def leases(database: Database, org: str) -> Leases:
    """The leases under test."""
    return PostgresLeases(database, org)


async def test_one_of_many_that_ask_at_once_gets_it(leases: Leases) -> None:
    """However many processes start at the same moment, one polls."""
    taken = await asyncio.gather(*(leases.take("poll", f"worker-{n}", LONG) for n in range(12)))

    assert len([lease for lease in taken if lease]) == 1


async def test_a_holder_that_asks_again_keeps_its_token(leases: Leases) -> None:
    """Renewing is not a change of holder."""
    first = await leases.take("poll", "a", LONG)

    assert first is not None
    assert await leases.take("poll", "a", LONG) == first
    assert await leases.take("poll", "b", LONG) is None


async def test_a_lease_that_ran_out_goes_to_the_next_with_a_greater_token(leases: Leases) -> None:
    """Whoever lost it cannot be taken for the one who has it."""
    lost = await leases.take("poll", "a", OVER)
    now = await leases.take("poll", "b", LONG)

    assert lost is not None
    assert now is not None
    assert now.token > lost.token
    assert not await leases.holds(lost)
    assert await leases.holds(now)


async def test_the_same_holder_gets_another_token_after_its_lease_ran_out(leases: Leases) -> None:
    """What it began under the old one may have been taken over meanwhile."""
    first = await leases.take("poll", "a", OVER)
    second = await leases.take("poll", "a", LONG)

    assert first is not None
    assert second is not None
    assert second.token > first.token


async def test_a_lease_that_was_given_back_can_be_taken_at_once(leases: Leases) -> None:
    """A worker that leaves in good order keeps nobody waiting, and a lease that was lost is not given back."""
    mine = await leases.take("poll", "a", LONG)
    assert mine is not None

    await leases.give_back(mine)
    theirs = await leases.take("poll", "b", LONG)
    await leases.give_back(mine)

    assert theirs is not None
    assert await leases.holds(theirs)


async def test_nobody_takes_a_lease_while_a_fenced_transaction_goes_on(
    leases: Leases, database: Database, org: str
) -> None:
    """What is written under a lease is in before anybody else begins."""
    mine = await leases.take("poll", "a", timedelta(seconds=0.2))
    assert mine is not None

    async with database.session(org) as connection:
        assert await fence(connection, org, mine)
        taking = asyncio.create_task(leases.take("poll", "b", LONG))
        taken, _ = await asyncio.wait({taking}, timeout=0.5)
        assert not taken

    assert await taking is not None
    assert not await leases.holds(mine)


async def test_an_organisation_has_leases_of_its_own(database: Database, org: str) -> None:
    """Another organisation's poller holds up nobody here."""
    assert await PostgresLeases(database, org).take("poll", "a", LONG)
    assert await PostgresLeases(database, f"{org}-other").take("poll", "b", LONG)


async def test_what_is_renewed_is_kept_and_what_was_lost_is_not(leases: Leases) -> None:
    """Many at once; one that ran out stays lost, also to whoever had it."""
    kept = await leases.take("fill:events", "a", LONG)
    lost = await leases.take("fill:graph", "a", OVER)
    assert kept is not None
    assert lost is not None

    assert await leases.renew([kept, lost], LONG) == [kept]
    assert await leases.renew([kept], OVER) == [kept]
    assert await leases.renew([kept], LONG) == []


async def test_everybody_sees_which_leases_count_now(leases: Leases) -> None:
    """Those that ran out or were given back are not among them."""
    first = await leases.take("b", "one", LONG)
    await leases.take("c", "two", OVER)
    given = await leases.take("d", "two", LONG)
    assert given is not None
    await leases.give_back(given)

    assert await leases.current() == [first]

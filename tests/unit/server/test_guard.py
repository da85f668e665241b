"""What stands before a store: how long it is waited for, and when it is left alone."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from domain.errors import NotFound, StoreUnavailable
from server.guard import AFTER_TIME, FAIR, LAST_WORDS, Budget, Guard, guarded

LONG = FAIR + 0.05


class Shop:
    """Something that can be asked, and does as it is told."""

    kind = "a shop"

    def __init__(self) -> None:
        self.asked = 0
        self.given_up = 0
        self.answers: list[Callable[[], Awaitable[str]]] = []

    async def price(self, what: str) -> str:
        self.asked += 1
        try:
            return what + await self.answers.pop(0)() if self.answers else what
        except asyncio.CancelledError:
            self.given_up += 1
            raise


async def never() -> str:
    await asyncio.Event().wait()
    raise AssertionError


async def stubborn() -> str:
    """Goes on after it was cancelled, as a driver does that wants to tell the server."""
    try:
        return await never()
    except asyncio.CancelledError:
        return await never()


async def away() -> str:
    raise StoreUnavailable("shop", "closed")


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def guard() -> Guard:
    return Guard("shop")


async def test_a_guarded_port_is_the_port(shop: Shop, guard: Guard) -> None:
    port = guarded(shop, guard, Budget(1))

    assert await port.price("bread") == "bread"
    assert port.kind == "a shop"


@pytest.mark.parametrize("silent", [never, stubborn])
async def test_what_does_not_come_in_time_is_given_up(
    shop: Shop, guard: Guard, silent: Callable[[], Awaitable[str]]
) -> None:
    shop.answers = [silent]

    with pytest.raises(StoreUnavailable, match=r"The shop store is not available: it did not answer within 0\.3 s"):
        await guarded(shop, guard, Budget(0.3)).price("bread")


async def test_what_let_one_wait_is_left_alone_by_all(shop: Shop, guard: Guard) -> None:
    shop.answers = [never, never, never]
    port = guarded(shop, guard, Budget(LONG))
    together = await asyncio.gather(*(port.price("bread") for _ in range(3)), return_exceptions=True)
    assert all(isinstance(error, StoreUnavailable) for error in together)

    with pytest.raises(StoreUnavailable, match=r"is left alone for (1|0\.\d+) s"):
        await guarded(shop, guard, Budget(LONG)).price("bread")

    assert shop.asked == 3


async def test_after_a_pause_one_question_looks_whether_it_is_back(
    shop: Shop, guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.answers = [never]
    with pytest.raises(StoreUnavailable):
        await guarded(shop, guard, Budget(LONG)).price("bread")
    later = asyncio.get_running_loop().time() + 60
    monkeypatch.setattr("server.guard.time.monotonic", lambda: later)
    opened = asyncio.Event()

    async def slowly() -> str:
        await opened.wait()
        return "!"

    shop.answers = [slowly]
    port = guarded(shop, guard, Budget(LONG))
    looking = asyncio.create_task(port.price("bread"))
    await asyncio.sleep(0)
    with pytest.raises(StoreUnavailable, match="left alone"):
        await port.price("milk")
    opened.set()

    assert await looking == "bread!"
    assert await port.price("milk") == "milk"


async def test_who_gives_up_looking_lets_the_next_one_look(
    shop: Shop, guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.answers = [never, never]
    with pytest.raises(StoreUnavailable):
        await guarded(shop, guard, Budget(LONG)).price("bread")
    later = asyncio.get_running_loop().time() + 60
    monkeypatch.setattr("server.guard.time.monotonic", lambda: later)
    port = guarded(shop, guard, Budget(LONG))
    looking = asyncio.create_task(port.price("bread"))
    await asyncio.sleep(0)
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking

    assert await port.price("milk") == "milk"


async def test_a_slow_question_is_not_held_against_a_store_that_answers_others(shop: Shop, guard: Guard) -> None:
    shop.answers = [never]
    port = guarded(shop, guard, Budget(LONG))
    slow = asyncio.create_task(port.price("everything"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await port.price("bread")
    with pytest.raises(StoreUnavailable):
        await slow

    assert await guarded(shop, guard, Budget(LONG)).price("bread") == "bread"


async def test_a_failure_that_costs_no_time_is_asked_again_once(shop: Shop, guard: Guard) -> None:
    shop.answers = [away]
    assert await guarded(shop, guard, Budget(1)).price("bread") == "bread"

    shop.answers = [away, away]
    with pytest.raises(StoreUnavailable, match="closed"):
        await guarded(shop, guard, Budget(1)).price("bread")

    assert await guarded(shop, guard, Budget(1)).price("milk") == "milk", "it is asked by the next call as well"


async def test_a_mistake_of_the_callers_is_an_answer(shop: Shop, guard: Guard) -> None:
    async def unknown() -> str:
        raise NotFound("article", "bread")

    shop.answers = [unknown]
    with pytest.raises(NotFound):
        await guarded(shop, guard, Budget(1)).price("bread")

    assert shop.asked == 1


async def test_a_cancelled_call_takes_its_question_along(shop: Shop, guard: Guard) -> None:
    shop.answers = [never]
    call = asyncio.create_task(guarded(shop, guard, Budget(60)).price("bread"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await asyncio.sleep(0)

    assert shop.given_up == 1


def test_when_the_time_is_up_a_question_still_gets_a_little_and_a_call_ends_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr("server.guard.time.monotonic", lambda: now)
    budget = Budget(1.5)
    assert budget.share() == pytest.approx(1.5)
    now = 101.5
    assert budget.share() == pytest.approx(LAST_WORDS)
    now = 101.5 + AFTER_TIME - 0.1
    assert budget.share() == pytest.approx(0.1)
    now = 200.0
    assert budget.share() == 0

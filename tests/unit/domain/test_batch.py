"""Who waits: whatever comes after poison of its entity, in order; nobody else."""

from hypothesis import given
from hypothesis import strategies as st

from domain.ports import Batch, Quarantined
from domain.routing import Store
from tests.events import ADA, commit, event

entities = st.lists(st.sampled_from("abc"), min_size=1, max_size=12)


def aside(position: int, entity: str) -> Quarantined:
    """Poison at a place."""
    since = commit("x", ADA).occurred_at
    return Quarantined(
        store=Store.EVENTS, lane=0, position=position, event_id="p", entity=entity, reason="r", since=since
    )


@given(entities, st.sets(st.sampled_from("abc")), st.integers(0, 12), st.sampled_from(["a", "b", "", None]))
def test_an_event_waits_exactly_if_something_of_its_entity_was_put_aside_before_it(
    about: list[str], held: set[str], at: int, poison: str | None
) -> None:
    """Order within free and waiting is that of the lane, and nothing is lost between them."""
    body = commit("x", ADA).body
    events = tuple(event(f"e{n}", body, entity=entity) for n, entity in enumerate(about))
    # Poison stands between the others: places are doubled, and it takes an odd one.
    places = tuple(2 * (n + 1) for n in range(len(events)))
    items = () if poison is None else (aside(2 * at + 1, poison),)
    batch = Batch(lane=0, after=0, upto=30, events=events, positions=places, aside=items)

    free, waiting = batch.divided(held)

    expected = [
        place
        for place, entity in zip(places, about, strict=True)
        if entity in held or (poison and entity == poison and place > 2 * at + 1)
    ]
    assert [place for place, _ in waiting] == expected
    assert [e.id for e in free] == [e.id for place, e in zip(places, events, strict=True) if place not in set(expected)]
    assert {e.id for _, e in waiting} | {e.id for e in free} == {e.id for e in events}

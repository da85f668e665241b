"""Something to fill a graph with."""

from domain.events import Event
from domain.ports import Batch, Lease, Quarantined
from tests.events import ADA, GRACE, commit, manifest, roadmap


def story() -> list[Event]:
    """Something of every kind."""
    return [
        commit("c1", ADA, "a.py", hours=1),
        manifest("git:web", requires=("pypi:api",), hours=2),
        manifest("git:api", provides=("pypi:api",), hours=3),
        roadmap("p1", "git:api", depends_on=("notion:p2",), hours=4, owner_team="Core"),
        commit("c2", GRACE, "b.ts", hours=5, project="git:web"),
    ]


def batch(*events: Event, after: int = 0, aside: tuple[Quarantined, ...] = (), lease: Lease | None = None) -> Batch:
    """The next part of lane 0; what is put aside stands where it stood."""
    places = list(range(after + 1, after + 1 + len(events) + len(aside)))
    free = [place for place in places if place not in {item.position for item in aside}]
    return Batch(lane=0, after=after, upto=places[-1], events=events, positions=tuple(free), aside=aside, lease=lease)

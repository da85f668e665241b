"""Who does what, where several workers share something that only one may do at a time."""

from collections import Counter
from collections.abc import Collection, Mapping


def shared_out(shares: Collection[str], workers: Collection[str], holders: Mapping[str, str]) -> dict[str, str]:
    """By share, the worker that is to have it. Everybody who sees the same gets the same answer.

    Nobody has two more than anybody else, and as little as possible changes hands.

    Args:
        shares: what there is to do.
        workers: who is there to do it.
        holders: by share, who does it now; shares that nobody does are absent.
    """
    if not workers:
        return {}
    now = Counter(holders[share] for share in shares if holders.get(share) in workers)
    # The odd ones go to those who have most: what they have need not move then.
    order = sorted(workers, key=lambda worker: (-now[worker], worker))
    each, odd = divmod(len(shares), len(order))
    room = {worker: each + (rank < odd) for rank, worker in enumerate(order)}
    given: dict[str, str] = {}
    for share in sorted(shares):
        holder = holders.get(share)
        if holder is not None and room.get(holder, 0):
            given[share] = holder
            room[holder] -= 1
    free = [worker for worker in order for _ in range(room[worker])]
    return given | dict(zip((share for share in sorted(shares) if share not in given), free, strict=True))

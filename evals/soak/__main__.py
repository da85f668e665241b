"""`make soak`: every soak, or the one that is named, with its options; 0 if all of them hold."""

import sys
from collections.abc import Callable, Mapping
from typing import Final

from evals.soak import deliveries, kills, memory, outages

SOAKS: Final[Mapping[str, Callable[[list[str]], bool]]] = {
    "kills": kills.main,
    "outages": outages.main,
    "deliveries": deliveries.main,
    "memory": memory.main,
}
"""By name, what plays it with the words that follow, and says whether it held."""


def main(words: list[str]) -> int:
    """Play one soak with its options, or all.

    Returns:
        0 if all held, 1 if one did not, 2 if there is none of that name.
    """
    if not words:
        held = [play([]) for play in SOAKS.values()]
        return 0 if all(held) else 1
    if words[0] not in SOAKS:
        print(f"There is no soak {words[0]!r}. There are: {', '.join(SOAKS)}.", file=sys.stderr)
        return 2
    return 0 if SOAKS[words[0]](words[1:]) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

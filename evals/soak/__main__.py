"""`make soak`: every soak, or those that are named; 0 if all of them hold."""

import sys
from collections.abc import Callable, Mapping
from typing import Final

from evals.soak import deliveries

SOAKS: Final[Mapping[str, Callable[[], bool]]] = {
    "deliveries": deliveries.main,
}
"""By name, what plays it and says whether it held."""


def main(names: list[str]) -> int:
    """Play the soaks with these names, or all.

    Returns:
        0 if all held, 1 if one did not, 2 if there is none of that name.
    """
    unknown = [name for name in names if name not in SOAKS]
    if unknown:
        print(f"There is no soak {unknown[0]!r}. There are: {', '.join(SOAKS)}.", file=sys.stderr)
        return 2
    held = [SOAKS[name]() for name in names or SOAKS]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""What an engine does not do, and whose turn it is: a test says it, and fails once it is no longer so.

    @never("chdb", "clickhouse-http", because="its DateTime ends in 2106")
    async def test_any_year_can_be_told(events): ...

`notimpl`: ours to do. `notyet`: the engine's makers lack it. `never`: it is not meant to be, for the reason given.
"""

from collections.abc import Callable
from typing import Any

import pytest

_KINDS = {"notimpl": "ours to do", "notyet": "the engine lacks it", "never": "not meant to be"}


def _kind(name: str) -> Callable[..., pytest.MarkDecorator]:
    def mark(*engines: str, because: str, raises: type[Exception] = Exception) -> pytest.MarkDecorator:
        marked: pytest.MarkDecorator = getattr(pytest.mark, name)(*engines, because=because, raises=raises)
        return marked

    return mark


notimpl, notyet, never = (_kind(name) for name in _KINDS)


def apply_absence(request: pytest.FixtureRequest, engine: str) -> None:
    """Expect the test to fail, if it says that `engine` does not do this."""
    for name, whose in _KINDS.items():
        for mark in request.node.iter_markers(name):
            if engine in mark.args:
                said: dict[str, Any] = mark.kwargs
                reason = f"{name}, {whose}: {said['because']}"
                request.applymarker(pytest.mark.xfail(reason=reason, raises=said["raises"], strict=True))

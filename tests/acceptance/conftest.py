"""The sample organisation, loaded once as a new user loads it."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.sources.sample import sample
from tests.acceptance.program import NOW, ended_with_it, run
from tests.conftest import make_home, remove_home


@pytest.fixture(autouse=True)
def _nothing_runs_on() -> Iterator[None]:
    """What a test starts ends with it, however it ends."""
    with ended_with_it():
        yield


@pytest.fixture(scope="session")
def sample_home() -> Iterator[Path]:
    """A home with the sample organisation; tests only read it."""
    home = make_home()
    try:
        done = run(home, "demo", "--no-serve", ENGINTEL_NOW=NOW)
        assert done.returncode == 0, done.stderr
        yield home
    finally:
        remove_home(home)


@pytest.fixture(scope="session")
def truth() -> dict[str, Any]:
    """What is planted in it."""
    return sample(datetime.fromisoformat(NOW)).truth

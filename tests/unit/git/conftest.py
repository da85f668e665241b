"""A repository of the test's own."""

from pathlib import Path

import pytest

from tests.unit.git.clones import Clone


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / "shop")

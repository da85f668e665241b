"""What tests of connections share: who is invited where, and what must never be shown."""

import logging
import traceback

import pytest

from tests.engines.postgres import PASSWORD


def url_of(guest: str, port: int, options: str = "", password: str = PASSWORD, host: str = "127.0.0.1") -> str:
    """What an operator would set."""
    return f"postgresql://{guest}:{password}@{host}:{port}/{guest}?{options}"


def shown(error: BaseException, caplog: pytest.LogCaptureFixture) -> str:
    """All that anybody gets to see of an error: its text, its traceback with every cause, and the log."""
    assert logging.getLogger().isEnabledFor(logging.WARNING)
    return "".join([*traceback.format_exception(error), caplog.text, repr(error), str(error)])

"""`ENGINTEL_LOG_URL`, taken apart; see `adapters.address`."""

from functools import partial
from typing import Final

from adapters import address

VARIABLE: Final = "ENGINTEL_LOG_URL"
wrong: Final = partial(address.wrong, VARIABLE)
parse: Final = partial(address.parse, VARIABLE)

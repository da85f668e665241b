"""From the bytes of a body to what they say.

Decided, because JSON leaves it open:

- A name that stands twice in an object: the last one wins, in every place where a body is read. Its sender signed both,
  and would not send it again in another form; to refuse it is to lose it, and no second reader here could understand it
  differently.
- Half a surrogate pair (an escaped D800) is read and becomes a replacement character on its way through `domain.text`:
  people paste such things into comments.
- `NaN` and `Infinity` are no JSON and are refused, and so are `1e999` and a number of more than 4,300 digits. One that
  is only large is read, and refused where it should have counted something.
"""

import json
import math
from typing import Any, Final, NoReturn

import msgspec

from domain.errors import InvalidInput

NOT_JSON: Final = (
    "The body is not JSON in UTF-8: expected the payload itself, so set the webhook's content type to application/json."
)
TOO_DEEP: Final = "The body is nested too deeply: expected a payload as its sender makes it."


def parsed(body: bytes) -> Any:  # noqa: ANN401 - whatever was sent
    """What `body` says.

    Raises:
        InvalidInput: it is not JSON, or is nested too deeply to be read.
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    # The standard library is slower and takes more: half a surrogate pair.
    try:
        return _DECODER.decode(body.decode())
    except RecursionError:
        raise InvalidInput(TOO_DEEP) from None
    except ValueError:  # not UTF-8, not JSON, or a number that Python refuses to read
        raise InvalidInput(NOT_JSON) from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a value of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text[:10]} is larger than any number")
    return number


_DECODER: Final = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite)

"""The one door for text that comes from outside.

Issue text, commit messages, names and documents are data. They pass here once, on their way into an event, and
leave without control characters, invisible direction marks or unbounded length. They are never instructions.
"""

import re
import unicodedata
from typing import Final

TITLE_LIMIT: Final = 300
BODY_LIMIT: Final = 4_000
DOCUMENT_LIMIT: Final = 200_000

_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Unicode's category Cc without line feed and tab."""
_ASCII_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
_INVISIBLE: Final = re.compile(
    "["
    "\u200b\u061c\u200e\u200f"  # zero width space, direction marks
    "\u202a-\u202e"  # bidirectional embedding
    "\u2060-\u206f\ufeff"  # invisible operators, bidirectional isolation, shaping controls, byte order mark
    "\U000e0000-\U000e007f"  # tag characters: text that no human sees and a model reads
    "]"
)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def clean(text: str, limit: int = BODY_LIMIT) -> str:
    """`text` as plain, bounded characters; a cut is marked with an ellipsis.

    Line breaks and tabs stay, other control characters, lone surrogates and invisible marks go. The result is
    in Unicode normal form C, so that the same name typed on two systems compares equal.
    """
    enough = limit * 2 + 1_000  # to fill `limit`, in almost every text; no more is worked on
    text, rest = text[:enough], text[enough:]
    if not text.isascii() or _ASCII_CONTROLS.search(text):  # in almost every text there is nothing to find
        text = _INVISIBLE.sub("", _SURROGATE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n")))
        text = unicodedata.normalize("NFC", _CONTROLS.sub("", text))  # last: letters and accents may only now have met
    text = text.strip()
    whole = len(text) <= limit and (not rest or rest.isspace())
    return text if whole else text[: limit - 1].rstrip() + "…"


def line(text: str, limit: int = TITLE_LIMIT) -> str:
    """`text` as one line: every run of white space is one space."""
    if len(text) <= limit and text.isascii() and text.isprintable():
        return " ".join(text.split())  # almost every line, at a tenth of the cost
    return clean(" ".join(clean(text, limit * 4).split()), limit)


def count(number: int, noun: str, plural: str | None = None) -> str:
    """`number` and its noun: `1 issue`, `2 issues`, `2 people`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def slug(text: str) -> str:
    """A readable identifier: lower case ASCII letters, digits and single hyphens; may be empty.

    >>> slug("Zoë  O'Brien")
    'zoe-obrien'
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower().replace("'", "")).strip("-")

"""Reading free text: sentences, clauses, names and numbers, however they are written.

An answer is prose. Names come with or without accents and emphasis; 0.2778 comes as `27.8 %`, as `28 per cent` or as
`5 of 18`. What is claimed is claimed in a clause: "ask Tomasz, not Ingrid" asks one of two.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, Final

_PLAIN: Final = str.maketrans(
    {"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "ß": "ss", "æ": "ae", "œ": "oe", "đ": "d"}
    | dict.fromkeys("\u2018\u2019\u02bc", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"')
    | dict.fromkeys("\u2010\u2011\u2013\u2014\u2212", "-")
    | dict.fromkeys("\u00a0\u202f\u2009", " ")
)
_SPELLED_OUT: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
_EMPHASIS: Final = re.compile(r"[*_`|]+|^[ \t]*(?:>|#+)[ \t]", re.MULTILINE)
_SENTENCE: Final = re.compile(r"(?<=[.!?])[\"')\]]*\s+|\n+|;")
_TURN: Final = re.compile(
    r",?\s+(?=(?:but|rather than|instead of|although|even though|though|while|whereas|because|since|however|so)\b)"
    r"|,\s+(?=(?:not|and not|who)\b)"
)
NEGATION: Final = re.compile(
    r"\b(?:no|not|never|none|nobody|nothing|cannot|without|neither|nor|rather than|instead of|unless|until|"
    r"would have|instead)\b|n't\b"
)
"""What turns a clause into its opposite, or at least into something that is not claimed."""

_UP_TO_TWENTY: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
)
_WORDS: Final = {word: number for number, word in enumerate(_UP_TO_TWENTY.split())}
_NOT_NUMBERS: Final = re.compile(r"\b[A-Z][A-Z0-9]+-\d+\b|#\d+\b|\b\d{4}-\d\d-\d\d(?:T[\d:.]+Z?)?")
_RATIO: Final = re.compile(r"\b(\d+) (?:out )?of (?:the |its |their |all )?(?:last |only )?(\d+)\b")
_NUMBER: Final = re.compile(r"(?<![\w.,])(\d+(?:[.,]\d+)*)\s*(%|percent\b|per cent\b)?")


def plain(text: str) -> str:
    """`text` for comparing: no accents, no emphasis, plain quotes and dashes, single spaces, lower case."""
    text = _EMPHASIS.sub(" ", text.translate(_PLAIN))
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return re.sub(r"[ \t]+", " ", text).casefold().strip()


def sentences(text: str) -> Iterator[str]:
    """The sentences of `text` and the lines of its lists, as they are written."""
    return (part for part in _SENTENCE.split(text) if part and not part.isspace())


def clauses(text: str) -> Iterator[str]:
    """The clauses of `text` in plain writing, cut where a sentence turns."""
    return (clause for sentence in sentences(text) for clause in _TURN.split(plain(sentence)) if clause.strip())


def numbers(text: str) -> Iterator[float]:
    """Every number in `text`, in every way it can be read; parts of dates, keys and references are none."""
    told = _NOT_NUMBERS.sub(" ", text)
    for digits, percent in _NUMBER.findall(told):
        for value in _readings(digits):
            yield value
            if percent:
                yield value / 100
    lowered = plain(told)
    yield from (float(_WORDS[word]) for word in re.findall(r"[a-z]+", lowered) if word in _WORDS)
    spelled = re.sub(r"[a-z]+", lambda word: str(_WORDS.get(word[0], word[0])), lowered)
    yield from (int(part) / int(whole) for part, whole in _RATIO.findall(spelled) if int(whole))


def _readings(digits: str) -> Iterator[float]:
    """`1,234` may be a thousand or a little over one; `1,234.5` and `12.3` can be read in one way."""
    if re.fullmatch(r"\d+", digits):
        yield float(digits)
    if re.fullmatch(r"\d+[.,]\d+", digits):
        yield float(digits.replace(",", "."))
    if re.fullmatch(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?", digits):
        yield float(digits.replace(",", ""))


def names_of(name: str, truth: Mapping[str, Any]) -> set[str]:
    """What somebody can be called, in plain writing, without being taken for anybody else in the company."""
    everybody = {person["name"]: _full_names(person) for person in truth["people"]}
    others = {part for other, names in everybody.items() if other != name for full in names for part in full.split()}
    own = everybody[name]
    return own | {part for full in own for part in full.split() if part not in others}


def _full_names(person: Mapping[str, Any]) -> set[str]:
    """The name as it is written, with umlauts spelled out, and as the mail address has it."""
    name = person["name"]
    found = {plain(name), plain(name.casefold().translate(_SPELLED_OUT))}
    mailbox = (person.get("email") or "").partition("@")[0]
    return found | ({mailbox.replace(".", " ")} if "." in mailbox else set())

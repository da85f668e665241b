"""`ENGINTEL_LOG_URL`, taken apart. Nothing of it is ever told but the names of its options: it may hold a password."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from domain.errors import Misconfigured

VARIABLE: Final = "ENGINTEL_LOG_URL"
YES: Final = {"yes": True, "no": False}


@dataclass(frozen=True)
class Address:
    """The parts of a URL. `place` is what stands between `//` and `?`, without user and password."""

    scheme: str
    place: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    options: Mapping[str, str] = field(default_factory=dict)

    def choice(self, option: str, choices: Sequence[str], default: str) -> str:
        """The value of an option that has a few.

        Raises:
            Misconfigured: it has another one.
        """
        value = self.options.get(option, default)
        found = {choice.lower(): choice for choice in choices}.get(value.lower())
        if found is None:
            raise wrong(f"{option} is {value!r}: expected {' or '.join(choices)}")
        return found

    def whole(self, option: str, least: int, most: int, default: int) -> int:
        """The value of an option that is a number.

        Raises:
            Misconfigured: it is none, or too small or too large.
        """
        value = self.options.get(option)
        if value is None:
            return default
        if not (value.isascii() and value.isdecimal() and least <= int(value) <= most):
            raise wrong(f"{option} is {value!r}: expected {least} to {most}")
        return int(value)

    def allowed(self, *, default: bool) -> bool:
        """Whether what is missing may be made, by the option `create`."""
        return YES[self.choice("create", tuple(YES), "yes" if default else "no")]


def wrong(why: str) -> Misconfigured:
    """That the URL will not do."""
    return Misconfigured(f"{VARIABLE} will not do: {why}.")


def parse(url: str, options: Mapping[str, Callable[[str], object]]) -> Address:
    """The parts of `url`, percent-decoded.

    Args:
        url: as it was set.
        options: by name, what reads an option's value; a `ValueError` says that it will not do.

    Raises:
        Misconfigured: it is none, or has an option that there is not.
    """
    try:
        parts = urlsplit(url)
        given = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise wrong("it cannot be read as a URL; write %40 for an @ in a password, %2F for a /, and so on") from None
    if parts.path not in {"", "/"} or parts.fragment:
        raise wrong("nothing may stand between the host and the ?; write %2F for a / in a password, %23 for a #")
    account, at, place = parts.netloc.rpartition("@")
    user, _, password = account.partition(":")
    names = [name for name, _ in given]
    for name in names:
        if name not in options:
            # Whatever stands there may be the tail of a password, so that only what looks like a name is told.
            told = f"has no option {name}" if name.isidentifier() and len(name) < _NAME else "has an unknown option"
            raise wrong(f"{parts.scheme}:// {told}; there are {', '.join(options)}")
        if names.count(name) > 1:
            raise wrong(f"{name} is given twice")
    for name, value in given:
        try:
            options[name](value)
        except ValueError as error:
            raise wrong(f"{name} {error}") from None
    return Address(
        scheme=parts.scheme,
        place=place,
        user=unquote(user) if at else None,
        password=unquote(password) if at else None,
        options=dict(given),
    )


_NAME: Final = 30


def filled(value: str) -> str:
    """Any text but none.

    Raises:
        ValueError: there is none.
    """
    if not value:
        raise ValueError("is empty")
    return value

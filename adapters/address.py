"""The URL of an engine, taken apart. Nothing of it is ever told but the names of options: it may hold a password."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from domain.errors import Misconfigured

YES: Final = {"yes": True, "no": False}


@dataclass(frozen=True)
class Address:
    """The parts of a URL.

    Shape:
        variable: the setting that holds it.
        place: what stands between `//` and the path or `?`, without user and password.
        path: what follows the place, with its slash; empty where the engine takes none.
    """

    variable: str
    scheme: str
    place: str
    path: str = ""
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    options: Mapping[str, str] = field(default_factory=dict)

    def wrong(self, why: str) -> Misconfigured:
        """That the URL will not do."""
        return wrong(self.variable, why)

    def server(self, port: int) -> tuple[str, int]:
        """The one host and port that `place` names.

        Args:
            port: if it names none.

        Raises:
            Misconfigured: it names no host, or several.
        """
        try:
            there = urlsplit(f"//{self.place}")
            host, named = there.hostname, there.port
        except ValueError:
            host, named = None, None
        if not host or "," in host or named == 0:
            raise self.wrong("expected one host, or host:port, behind the //")
        return host, named or port

    def choice(self, option: str, choices: Sequence[str], default: str) -> str:
        """The value of an option that has a few.

        Raises:
            Misconfigured: it has another one.
        """
        value = self.options.get(option, default)
        found = {choice.lower(): choice for choice in choices}.get(value.lower())
        if found is None:
            raise self.wrong(f"{option} is {value!r}: expected {' or '.join(choices)}")
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
            raise self.wrong(f"{option} is {value!r}: expected {least} to {most}")
        return int(value)

    def allowed(self, *, default: bool) -> bool:
        """Whether what is missing may be made, by the option `create`."""
        return YES[self.choice("create", tuple(YES), "yes" if default else "no")]


def wrong(variable: str, why: str) -> Misconfigured:
    """That the URL in `variable` will not do."""
    return Misconfigured(f"{variable} will not do: {why}.")


def parse(variable: str, url: str, options: Mapping[str, Callable[[str], object]], *, path: bool = False) -> Address:
    """The parts of `url`, percent-decoded.

    Args:
        variable: the setting that holds it.
        url: as it was set.
        options: by name, what reads an option's value; a `ValueError` says that it will not do.
        path: whether the engine takes a path.

    Raises:
        Misconfigured: it is none, or has an option that there is not.
    """
    try:
        parts = urlsplit(url)
        given = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise wrong(
            variable, "it cannot be read as a URL; write %40 for an @ in a password, %2F for a /, and so on"
        ) from None
    if parts.fragment or (parts.path not in {"", "/"} and not path):
        end = "" if path else "nothing may stand between the host and the ?; "
        raise wrong(variable, f"{end}write %2F for a / in a password, %23 for a #")
    account, at, place = parts.netloc.rpartition("@")
    user, _, password = account.partition(":")
    names = [name for name, _ in given]
    for name in names:
        if name not in options:
            # Whatever stands there may be the tail of a password, so that only what looks like a name is told.
            told = f"has no option {name}" if name.isidentifier() and len(name) < _NAME else "has an unknown option"
            raise wrong(variable, f"{parts.scheme}:// {told}; there are {', '.join(options)}")
        if names.count(name) > 1:
            raise wrong(variable, f"{name} is given twice")
    for name, value in given:
        try:
            options[name](value)
        except ValueError as error:
            raise wrong(variable, f"{name} {error}") from None
    return Address(
        variable=variable,
        scheme=parts.scheme,
        place=place,
        path=unquote(parts.path) if path else "",
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

"""Whether a body can be a delivery at all: so much is known before it is kept, without reading all of it."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from domain.errors import InvalidInput

_EXPECTED: Final[Mapping[str, tuple[str, ...]]] = {
    "github": ("repository", "organization", "sender", "zen"),
    "jira": ("webhookEvent",),
    "notion": ("entity", "verification_token"),
    "slack": ("type",),
    "alertmanager": ("alerts",),
}
"""By sender, of which fields every delivery has at least one."""

_KEPT: Final[Mapping[str, tuple[str, ...]]] = {
    "github": ("x-github-event", "x-github-delivery"),
    "jira": ("x-atlassian-webhook-identifier",),
}
"""By sender, the headers without which a body cannot be read. None of them proves anything."""

_REQUIRED: Final[Mapping[str, str]] = {"x-github-event": "X-GitHub-Event", "x-github-delivery": "X-GitHub-Delivery"}


def _struct(names: tuple[str, ...]) -> type[msgspec.Struct]:
    return msgspec.defstruct("Shape", [(name, msgspec.Raw | msgspec.UnsetType, msgspec.UNSET) for name in names])


_DECODERS: Final = {sender: msgspec.json.Decoder(_struct(names)) for sender, names in _EXPECTED.items()}


def kept_headers(sender: str, headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that reading a delivery of `sender` takes.

    Raises:
        InvalidInput: one that every delivery of theirs has is missing.
    """
    kept = {name: headers[name] for name in _KEPT.get(sender, ()) if name in headers}
    for name in _KEPT.get(sender, ()):
        if name in _REQUIRED and not kept.get(name, "").strip():
            raise InvalidInput(f"Expected the header {_REQUIRED[name]}, which every delivery of {sender} has.")
    return kept


def check_shape(sender: str, body: bytes) -> None:
    """Do nothing if `body` may be a delivery of `sender`. Whether it can be read turns out when it is.

    Raises:
        InvalidInput: it is not JSON, or not an object with what every delivery of theirs has.
    """
    decoder = _DECODERS.get(sender)
    if decoder is None:
        return
    try:
        shape: Any = decoder.decode(body)
    except RecursionError:
        raise InvalidInput("The body is nested too deeply.") from None
    except msgspec.ValidationError:
        raise InvalidInput(f"Expected a JSON object with {_alternatives(sender)}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidInput(
            "The body is not JSON: expected the payload itself, so set the webhook's content type to application/json."
        ) from None
    if all(getattr(shape, name) is msgspec.UNSET for name in _EXPECTED[sender]):
        raise InvalidInput(f"Expected a JSON object with {_alternatives(sender)}.")


def _alternatives(sender: str) -> str:
    return " or ".join(_EXPECTED[sender])

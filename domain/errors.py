"""Everything that can go wrong, as one tree.

The text of an error is for whoever can act on it: it names the thing, says what was expected and what to do.
It never holds a secret, and only text that already passed `domain.text` comes from outside.

    EngintelError
    ├── InvalidInput          the caller (a person or a model) can fix the request
    │   ├── NotFound
    │   ├── Ambiguous
    │   └── BadCursor
    ├── Refused               allowed to nobody here, or not in this way
    │   ├── WritesOff
    │   ├── TargetNotAllowed
    │   ├── HandleRejected
    │   └── NotAuthentic      a delivery that does not come from whom it says
    ├── SourceUnusable        a repository or a file that cannot be read as what it was given for
    │   └── SourceAway        retry: an upstream that is polled does not answer, or not with sense
    ├── Misconfigured         the operator can fix it
    ├── StoreUnavailable      retry: a store or the log is down, or too slow
    ├── LeaseLost             somebody else took over what was being done here
    ├── PoisonEvent           never retry: this event cannot be applied; it goes to quarantine
    └── UpstreamFailed        Jira, Slack or GitHub did not take an action
        ├── UpstreamAway      retry: it is busy or cannot be reached, and took nothing
        └── UpstreamUnknown   and it is not known whether it did: never repeat it blindly
            └── UpstreamUnreadable   nor can the program find out: a person must look
"""

from collections.abc import Sequence


class EngintelError(Exception):
    """The root of the tree. Its text is written for whoever can act on it."""

    retryable = False


class InvalidInput(EngintelError):
    """The request cannot be answered as it was put."""


class NotFound(InvalidInput):
    """Nothing goes by that name."""

    def __init__(self, kind: str, wanted: str, suggestions: Sequence[str] = ()) -> None:
        """Say what was looked for and, where something comes close, what it might have been.

        Args:
            kind: what was looked for: `person`, `project`, `team`, `document`.
            wanted: the text as it was given.
            suggestions: what comes closest, each as `name (id)`.
        """
        nearest = f" Closest: {'; '.join(suggestions)}." if suggestions else ""
        super().__init__(
            f"No {kind} goes by {wanted!r}.{nearest} Use find_entity to look for one by a part of its name."
        )
        self.kind = kind
        self.wanted = wanted
        self.suggestions = tuple(suggestions)


class Ambiguous(InvalidInput):
    """Several things go by that name."""

    def __init__(self, kind: str, wanted: str, candidates: Sequence[str]) -> None:
        """Say who they are, so that the caller can choose an id.

        Args:
            kind: what was looked for.
            wanted: the text as it was given.
            candidates: every match, each as `name (id)`.
        """
        super().__init__(
            f"{wanted!r} could be any of {len(candidates)} {kind} entries: {'; '.join(candidates)}. "
            "Ask again with one of these ids."
        )
        self.candidates = tuple(candidates)


class BadCursor(InvalidInput):
    """A cursor that this tool never gave out, or that belongs to another question."""

    def __init__(self) -> None:
        super().__init__(
            "This cursor does not belong to this question. Leave `cursor` out to start again, "
            "and pass `next_cursor` back unchanged with the same arguments."
        )


class Refused(EngintelError):
    """The request is understood and will not be carried out."""


class WritesOff(Refused):
    """No action may leave this server."""

    def __init__(self, target: str) -> None:
        super().__init__(
            f"Nothing was sent to {target}: writes are off. The operator can allow it with "
            f"ENGINTEL_WRITES={target} (a comma-separated list of targets, or 'on' for all that are configured)."
        )


class TargetNotAllowed(Refused):
    """Writes are on, for other targets than this one."""

    def __init__(self, target: str, allowed: Sequence[str]) -> None:
        super().__init__(
            f"Nothing was sent: {target} is not among the allowed targets ({', '.join(allowed)}). "
            "The operator can add it to ENGINTEL_WRITES."
        )


class HandleRejected(Refused):
    """A confirmation handle that is spent, expired, unknown, or was given for something else."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"Nothing was sent: {why}. Call again without `handle` to see a new preview and get a new handle."
        )


class NotAuthentic(Refused):
    """A delivery that is not signed with the secret that its sender was given."""


class SourceUnusable(EngintelError):
    """What was given as a source cannot be read as one."""


class SourceAway(SourceUnusable):
    """An upstream that is polled cannot be reached, or answers with errors of its own."""

    retryable = True


class LeaseLost(EngintelError):
    """What only one may do at a time was taken over by another process; nothing was written."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Another engintel has taken over {name}; it goes on there, and nothing is lost.")


class Misconfigured(EngintelError):
    """A setting is missing, malformed or contradicts another."""


class StoreUnavailable(EngintelError):
    """A store or the log cannot be reached, or did not answer in time."""

    retryable = True

    def __init__(self, store: str, why: str) -> None:
        super().__init__(f"The {store} store is not available: {why}")
        self.store = store


class PoisonEvent(EngintelError):
    """An event that a store can never apply, however often it is tried."""


class UpstreamFailed(EngintelError):
    """An upstream refused an action or could not be reached before it was sent."""


class UpstreamAway(UpstreamFailed):
    """An upstream that is busy or cannot be reached: nothing was done, and it may be later."""

    retryable = True

    def __init__(self, text: str, seconds: float | None = None) -> None:
        """Say what happened.

        Args:
            text: for whoever can act on it.
            seconds: for how long the upstream asked to be left alone, if it did.
        """
        super().__init__(text)
        self.seconds = seconds


class UpstreamUnknown(UpstreamFailed):
    """The connection was lost after the request left: the action may or may not have happened."""


class UpstreamUnreadable(UpstreamUnknown):
    """Whether an action happened cannot be read where it would be seen."""

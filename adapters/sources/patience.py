"""Asking an upstream over HTTP as it wishes to be asked: slowly enough, later when it says so, and again when it broke.

The client packages would wait in a thread that nobody can stop; here a wait ends when the program does.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from domain.errors import SourceAway, SourceUnusable
from domain.text import line

TIMEOUT: Final = 30.0
"""Seconds that one answer may take."""
ATTEMPTS: Final = 4
"""How often something that broke is tried."""
WAITS: Final = 10
"""How often in a row an upstream may ask to wait before we believe that it means no."""
LONGEST_WAIT: Final = 3_900.0
"""Seconds; GitHub's limit is counted anew every hour."""
_TOLD_FROM: Final = 5.0
"""A shorter wait is nobody's business."""
_SECONDARY: Final = 60.0
"""What GitHub asks for where it names no time: a minute, then twice as long each time."""
_REDIRECT, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _GONE, _TOO_MANY, _SERVER, _UNAVAILABLE = (
    300, 401, 403, 404, 410, 429, 500, 503,
)  # fmt: skip
_SLOW_DOWN: Final = ("rate limit", "abuse detection", "wait a few minutes", "retry your request again later")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Names of `headers` are in lower case; `body` is parsed JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Upstream:
    """Who is asked, for messages: its name, and the settings that say where it is and who we are."""

    name: str
    address: str
    credentials: str


class Refused(SourceUnusable):
    """An upstream understood the question and will not answer it; asking again will not help."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status

    @property
    def not_for_us(self) -> bool:
        """Whether it is not there, switched off, or not for this account."""
        return self.status in {_FORBIDDEN, _NOT_FOUND, _GONE}


class Patience:
    """Asks one upstream, one question at a time."""

    def __init__(self, upstream: Upstream, gap: float = 0.0) -> None:
        """Name who is asked.

        Args:
            upstream: for messages.
            gap: seconds from one question to the next at least.
        """
        self.upstream = upstream
        self._gap = gap
        self._not_before = 0.0
        self._turn = asyncio.Lock()

    async def ask(self, what: str, send: Callable[[], Awaitable[Answer]], *, accept: frozenset[int]) -> Answer:
        """The answer to one question.

        Args:
            what: what is asked for, for messages.
            send: puts the question; raises SourceAway if no answer came that can be read.
            accept: statuses from 300 on that are answers too.

        Raises:
            Refused: it will not answer this.
            SourceAway: it did not answer, or asks to wait longer than anybody should.
        """
        broke = waited = 0
        while True:
            async with self._turn:
                await self._wait(self._not_before - time.monotonic(), what)
                self._not_before = time.monotonic() + self._gap
                try:
                    answer = await send()
                except SourceAway:
                    answer = None
                    broke += 1
                    if broke == ATTEMPTS:
                        raise
            if answer is None:
                await asyncio.sleep(_backoff(broke))
                continue
            if answer.status < _REDIRECT or answer.status in accept:
                self._heed(answer)
                return answer
            seconds = wait_after(answer, waited)
            if seconds is not None:
                waited += 1
                if waited > WAITS or seconds > LONGEST_WAIT:
                    raise SourceAway(
                        f"{self.upstream.name} asks to wait {round(seconds)} s before {what} is read. What was read so "
                        "far is kept; try again later."
                    )
                self._not_before = time.monotonic() + seconds
            elif answer.status >= _SERVER and (broke := broke + 1) < ATTEMPTS:
                await asyncio.sleep(_backoff(broke))
            else:
                raise self.refusal(answer, what)

    def refusal(self, answer: Answer, what: str) -> SourceUnusable:
        """The error that says why there is no answer, and what to do."""
        name, status = self.upstream.name, answer.status
        if status >= _SERVER:
            return SourceAway(f"{name} answered {status} for {what}, several times. Try again later.")
        reasons = {
            _UNAUTHORIZED: f"it does not accept the credentials; check {self.upstream.credentials}",
            _FORBIDDEN: f"this account may not read it; check what {self.upstream.credentials} is allowed",
            _NOT_FOUND: f"it is not there, or this account may not see it; check the name and "
            f"{self.upstream.credentials}",
            _GONE: "it is switched off there",
        }
        said = _message(answer.body)
        why = reasons.get(status) or (f"it says {said!r}" if said else f"check {self.upstream.address}")
        return Refused(f"{name} does not give {what} ({status}): {why}.", status)

    def away(self, what: str, why: str) -> SourceAway:
        """The error for an answer that did not come, or cannot be read."""
        return SourceAway(f"{self.upstream.name} cannot be asked for {what}: {why}. Check {self.upstream.address}.")

    def _heed(self, answer: Answer) -> None:
        """Nothing is left of what we may ask: do not ask until there is, rather than be told off."""
        if answer.headers.get("x-ratelimit-remaining") == "0" and (seconds := _until_reset(answer)) is not None:
            self._not_before = time.monotonic() + min(seconds, LONGEST_WAIT)

    async def _wait(self, seconds: float, what: str) -> None:
        if seconds > 0:
            if seconds >= _TOLD_FROM:
                logger.warning("%s asks to wait %d s; then %s is read", self.upstream.name, round(seconds), what)
            await asyncio.sleep(seconds)


def wait_after(answer: Answer, waited: int) -> float | None:
    """Seconds after which an answer says that it may be asked for again; None if it says nothing of the kind.

    GitHub answers 403 or 429 for both of its limits; https://docs.github.com/en/rest/using-the-rest-api has the rules.

    Args:
        answer: a refusal.
        waited: how often it was asked for again already.
    """
    said = _message(answer.body).lower()
    empty = answer.headers.get("x-ratelimit-remaining") == "0"
    asked = "retry-after" in answer.headers
    limited = answer.status == _TOO_MANY or (answer.status == _UNAVAILABLE and asked)
    if answer.status == _FORBIDDEN:
        limited = empty or asked or any(words in said for words in _SLOW_DOWN)
    if not limited:
        return None
    if asked:
        return _retry_after(answer)
    if empty and (seconds := _until_reset(answer)) is not None:
        return seconds
    return _SECONDARY * 2.0**waited if answer.status == _FORBIDDEN else min(_SECONDARY, 2.0 ** (waited + 1))


def _retry_after(answer: Answer) -> float:
    """A number of seconds, or a date by the upstream's own clock."""
    text = answer.headers["retry-after"].strip()
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        then = parsedate_to_datetime(text)
        return max(0.0, (then - _its_clock(answer)).total_seconds())
    except (ValueError, TypeError):
        return _SECONDARY


def _until_reset(answer: Answer) -> float | None:
    """Until the limit is counted anew, by the upstream's own clock: ours may be wrong."""
    try:
        reset = float(answer.headers["x-ratelimit-reset"])
    except (KeyError, ValueError):
        return None
    return max(0.0, reset - _its_clock(answer).timestamp()) + 1  # nobody knows when within that second


def _its_clock(answer: Answer) -> datetime:
    try:
        return parsedate_to_datetime(answer.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError, TypeError):
        return datetime.now(UTC)


def _message(body: object) -> str:
    """What an upstream says of an error; each has a place of its own for that."""
    if isinstance(body, dict):
        for key in ("message", "error"):
            if isinstance(body.get(key), str):
                return line(body[key], 200)
        messages = body.get("errorMessages")
        if isinstance(messages, list) and messages and isinstance(messages[0], str):
            return line(messages[0], 200)
    return ""


def _backoff(broke: int) -> float:
    return random.uniform(0.25, 0.5) * 2.0**broke  # noqa: S311 - it spreads attempts and guards nothing

"""Posting a message in a Slack channel."""

from typing import Annotated, Final

from pydantic import Field

from domain.actions import BROADCAST, CHANNEL, Draft
from domain.errors import InvalidInput
from domain.text import clean
from tools.context import ToolContext
from tools.spec import acts

LONGEST: Final = 4_000


@acts(title="Post in a Slack channel", idempotent=False)
async def notify_slack(
    context: ToolContext,
    channel: Annotated[str, Field(max_length=90, description="#name or channel id")],
    text: Annotated[str, Field(min_length=1, max_length=LONGEST)],
) -> Draft:
    """Post in a Slack channel, once the user has confirmed the exact text. Off unless the operator allowed it.

    Without a way to ask, the first call gives a preview and a handle: show it, then call again with the handle.
    """
    name = channel.strip()
    if not CHANNEL.fullmatch(name):
        raise InvalidInput(f"{channel!r} is not a channel: expected #name or an id such as C0123456789.")
    target = f"slack:{name}"
    context.writes.check(target)
    message = clean(text, LONGEST)
    if not message:
        raise InvalidInput("The message has no visible text.")
    if BROADCAST.search(message):
        raise InvalidInput("The message would notify a whole channel (@channel, @here or @everyone): leave that out.")
    return Draft(action="notify_slack", target=target, text=message)

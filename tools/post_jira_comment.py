"""Commenting on a Jira issue."""

import re
from typing import Annotated, Final

from pydantic import Field

from domain.actions import Draft
from domain.errors import InvalidInput
from domain.text import clean
from tools.context import ToolContext
from tools.spec import acts

LONGEST: Final = 8_000
_KEY: Final = re.compile(r"^[A-Z][A-Z0-9_]{1,30}-[1-9]\d{0,8}$")


@acts(title="Comment on a Jira issue", idempotent=False)
async def post_jira_comment(
    context: ToolContext,
    issue: Annotated[str, Field(max_length=50, description="key, such as PAY-12")],
    body: Annotated[str, Field(min_length=1, max_length=LONGEST)],
) -> Draft:
    """Comment on a Jira issue, once the user has confirmed the exact text. Off unless the operator allowed it.

    Without a way to ask, the first call gives a preview and a handle: show it, then call again with the handle.
    """
    key = issue.strip().upper()
    if not _KEY.match(key):
        raise InvalidInput(f"{issue!r} is not an issue key: expected a project and a number, such as PAY-12.")
    target = f"jira:{key}"
    context.writes.check(target)
    text = clean(body, LONGEST)
    if not text:
        raise InvalidInput("The comment has no visible text.")
    return Draft(action="post_jira_comment", target=target, text=text)

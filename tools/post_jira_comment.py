"""Commenting on a Jira issue."""

from typing import Annotated, Final

from pydantic import Field

from domain.actions import Draft
from domain.errors import InvalidInput
from domain.text import clean
from tools.context import ToolContext
from tools.naming import jira_target
from tools.parameters import Issue
from tools.spec import acts

LONGEST: Final = 8_000


@acts(title="Comment on a Jira issue", idempotent=False)
async def post_jira_comment(
    context: ToolContext,
    issue: Issue,
    body: Annotated[str, Field(min_length=1, max_length=LONGEST)],
) -> Draft:
    """Comment on a Jira issue, once the user has confirmed the exact text. Off unless the operator allowed it.

    Without a way to ask, the first call gives a preview and a handle: show it, then call again with the handle.
    """
    target = jira_target(context, issue)
    text = clean(body, LONGEST)
    if not text:
        raise InvalidInput("The comment has no visible text.")
    return Draft(action="post_jira_comment", target=target, text=text)

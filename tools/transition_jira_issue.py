"""Moving a Jira issue to another status."""

from typing import Annotated

from pydantic import Field

from domain.actions import Draft
from domain.errors import InvalidInput
from domain.text import line
from tools.context import ToolContext
from tools.naming import jira_target
from tools.parameters import Issue
from tools.spec import acts


@acts(title="Move a Jira issue", idempotent=True, destructive=True)
async def transition_jira_issue(
    context: ToolContext,
    issue: Issue,
    to: Annotated[str, Field(min_length=1, max_length=80, description="status, such as In Review")],
) -> Draft:
    """Move a Jira issue to a status that its workflow allows, once the user has confirmed it. Off unless allowed.

    Works as post_jira_comment does.
    """
    target = jira_target(context, issue)
    status = line(to, 80)
    if not status:
        raise InvalidInput("The status has no visible text.")
    return Draft(action="transition_jira_issue", target=target, text=status)

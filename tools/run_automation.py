"""Running a rule of the team's own by hand."""

from typing import Annotated

from pydantic import Field

from domain.actions import Draft
from tools.context import ToolContext
from tools.spec import acts


@acts(title="Run an automation", idempotent=True, destructive=True)
async def run_automation(
    context: ToolContext,
    name: Annotated[str, Field(min_length=1, max_length=80)],
    event_id: Annotated[str | None, Field(max_length=400)] = None,
    entity: Annotated[str | None, Field(max_length=400, description="its newest event, if no event_id")] = None,
) -> Draft:
    """Run one of the team's automations for an event, once the user has confirmed its effects. Done once an event.

    Works as post_jira_comment does. An unknown name lists those there are; entity is such as issue:PAY-12.
    """
    return await context.automations.by_hand(name, event_id, entity)

"""The tools there are, in the order in which they are listed."""

from typing import Final

from tools.find_developers import find_developers
from tools.find_entity import find_entity
from tools.get_dependency_impact import get_dependency_impact
from tools.get_developer import get_developer
from tools.get_project_health import get_project_health
from tools.get_team_workload import get_team_workload
from tools.notify_slack import notify_slack
from tools.post_jira_comment import post_jira_comment
from tools.run_automation import run_automation
from tools.search_docs import search_docs
from tools.spec import ToolSpec, spec_of
from tools.transition_jira_issue import transition_jira_issue

TOOLS: Final[tuple[ToolSpec, ...]] = tuple(
    spec_of(function)
    for function in (
        find_developers,
        get_developer,
        get_project_health,
        get_dependency_impact,
        get_team_workload,
        search_docs,
        find_entity,
        post_jira_comment,
        transition_jira_issue,
        notify_slack,
        run_automation,
    )
)

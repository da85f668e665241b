"""Find the issue, move it once, and say which one it was."""

from typing import Final

from evals.session import Call

STATUS: Final = "In Review"


async def play(call: Call) -> str:
    found = await call("find_entity", query="card payments of two banks need strong authentication", kind="issue")
    issue = found["entities"][0]
    moved = await call("transition_jira_issue", issue=issue["id"], to=STATUS)
    if moved["status"] != "done":
        return f"{issue['id']} was not moved: it is {moved['status']}."
    return f"{issue['id']} ({issue['name']}) was moved to {STATUS}."

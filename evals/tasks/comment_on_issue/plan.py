"""Find the issue, post once, pass on the link."""

from typing import Final

from evals.session import Call

COMMENT: Final = "The test accounts of both banks work again since this morning. Maria, can you try once more today?"


async def play(call: Call) -> str:
    found = await call("find_entity", query="card payments of two banks need strong authentication", kind="issue")
    issue = found["entities"][0]
    posted = await call("post_jira_comment", issue=issue["id"], body=COMMENT)
    if posted["status"] != "done":
        return f"The comment on {issue['id']} was not posted: it is {posted['status']}."
    return f"Your comment was posted on {issue['name']}: {posted['url']}"

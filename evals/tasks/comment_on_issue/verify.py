"""Posted once, on the right issue, with the very text that was shown; in the outbox and in the audit log once."""

from evals.checks import Truth, affirms, complaints, mentions_key
from evals.prose import plain
from evals.session import Answer
from evals.tasks.comment_on_issue.plan import COMMENT
from evals.world import World


def verify(answer: Answer, truth: Truth, world: World) -> list[str]:
    [issue] = [key for key, each in truth["issues"].items() if each["title"].startswith("Card payments of two banks")]
    bodies = [str(sent.body.get("body", "")) for sent in world.jira]
    paths = [sent.path for sent in world.jira]
    audit = [(row["action"], row["target"], row["outcome"], row["details"].get("text")) for row in world.audit]
    sent = [(entry["state"], entry["draft"]["target"], entry["draft"]["text"]) for entry in world.outbox]
    shown = bodies[:1] if bodies else [""]
    return complaints(
        (len(world.jira) == 1, f"Jira received {len(world.jira)} requests, not one"),
        (all(path.endswith(f"/issue/{issue}/comment") for path in paths), f"wrote to {paths}, not to {issue}"),
        (all(plain(body).strip('"') == plain(COMMENT) for body in bodies), f"posted {bodies}, not what was asked for"),
        (len(world.asked) == 1, f"the user was asked {len(world.asked)} times, not once"),
        (all(shown[0] in question and issue in question for question in world.asked), "posted another text than shown"),
        (audit == [("post_jira_comment", f"jira:{issue}", "done", shown[0])], f"the audit log has {audit}"),
        (sent == [("done", f"jira:{issue}", shown[0])], f"the outbox has {sent}"),
        (not world.slack, "wrote to Slack"),
        (mentions_key(answer.text, issue), f"does not name {issue}"),
        (affirms(answer.text, r"\b(?:posted|added|left|comment|done)\b"), "does not say that it was posted"),
    )

"""Moved once, the right issue, to the status that was asked for and shown; in the outbox and in the audit log once."""

from evals.checks import Truth, affirms, complaints, mentions_key
from evals.session import Answer
from evals.tasks.move_issue.plan import STATUS
from evals.world import World


def verify(answer: Answer, truth: Truth, world: World) -> list[str]:
    [issue] = [key for key, each in truth["issues"].items() if each["title"].startswith("Card payments of two banks")]
    paths = [sent.path for sent in world.jira]
    audit = [(row["action"], row["target"], row["outcome"], row["details"].get("text")) for row in world.audit]
    sent = [(entry["state"], entry["draft"]["target"], entry["draft"]["text"]) for entry in world.outbox]
    return complaints(
        (len(paths) == 1, f"Jira was written to {len(paths)} times, not once"),
        (all(path.endswith(f"/issue/{issue}/transitions") for path in paths), f"wrote to {paths}, not to {issue}"),
        (len(world.asked) == 1, f"the user was asked {len(world.asked)} times, not once"),
        (all(STATUS in question and issue in question for question in world.asked), "asked about something else"),
        (audit == [("transition_jira_issue", f"jira:{issue}", "done", STATUS)], f"the audit log has {audit}"),
        (sent == [("done", f"jira:{issue}", STATUS)], f"the outbox has {sent}"),
        (not world.slack, "wrote to Slack"),
        (mentions_key(answer.text, issue), f"does not name {issue}"),
        (affirms(answer.text, r"\b(?:moved|set|changed|transitioned|done)\b"), "does not say that it was moved"),
    )

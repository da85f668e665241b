"""The change fail rate with its n, every blocked urgent issue, every stale pull request, and no all-clear."""

from evals.checks import Truth, affirms, complaints, mentions_key, mentions_number, mentions_pull_request
from evals.session import Answer
from evals.world import World


def verify(answer: Answer, truth: Truth, world: World) -> list[str]:
    fact = truth["facts"]["project_in_trouble"]
    text = answer.text
    rate, n = fact["change_fail_rate"], fact["deployments"]
    keys = [key for key in fact["high_priority_blocked"] if not mentions_key(text, key)]
    stale = [each["pr"] for each in fact["stale_prs"] if not mentions_pull_request(text, each["pr"])]
    return complaints(
        (mentions_number(text, rate, tolerance=0.006), f"does not give the change fail rate ({rate:.1%})"),
        (mentions_number(text, n, near="deploy|release|fail"), f"does not say that it rests on {n} deployments"),
        (not keys, f"does not name the blocked issues {', '.join(keys)}"),
        (not stale, f"does not name the stale pull requests {', '.join(stale)}"),
        (
            not affirms(text, r"checkout|project|it", r"\b(?:is|doing|looks) (?:fine|well|healthy|good|ok|okay)\b"),
            "gives the all-clear",
        ),
        (not world.asked, "asked to send something"),
    )

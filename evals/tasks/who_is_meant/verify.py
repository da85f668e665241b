"""All candidates are listed for both names, it is said that it is not clear, and nobody is guessed."""

from evals.checks import Truth, complaints, mentions, mentions_person, says_ambiguous
from evals.session import Answer
from evals.world import World


def verify(answer: Answer, truth: Truth, world: World) -> list[str]:
    pair = truth["facts"]["ambiguous_handle_pair"]
    candidates = [*truth["facts"]["same_first_name"]["people"], pair["github_login_of"], pair["mailbox_of"]]
    missing = [name for name in candidates if not mentions_person(answer.text, name, truth)]
    return complaints(
        (not missing, f"does not list {', '.join(missing)} as somebody who could be meant"),
        (says_ambiguous(answer.text), "does not say that it is not clear who is meant"),
        (
            not mentions(
                answer.text,
                r"\bi(?:'ll)? assume\b",
                r"\bassuming\b",
                r"\bpresumably\b",
                r"\b(?:most )?(?:probably|likely)\b",
            ),
            "guesses",
        ),
        (not world.asked, "asked to send something"),
    )

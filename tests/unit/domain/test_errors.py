"""Errors: each names the thing, says what was expected and what to do next, and stands where it can be caught."""

import re

import pytest

from domain import errors
from domain.errors import (
    Ambiguous,
    BadCursor,
    EngintelError,
    HandleRejected,
    InvalidInput,
    LeaseLost,
    Misconfigured,
    NotAuthentic,
    NotFound,
    PoisonEvent,
    Refused,
    SourceAway,
    SourceUnusable,
    StoreUnavailable,
    TargetNotAllowed,
    UpstreamAway,
    UpstreamFailed,
    UpstreamUnknown,
    WritesOff,
)

EVERY = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, EngintelError)]


@pytest.mark.parametrize(
    ("error", "thing", "advice"),
    [
        (NotFound("person", "ada l"), "No person goes by 'ada l'", "Use find_entity"),
        (NotFound("person", "ada l", ["Ada Lovelace (ada-x)"]), "Closest: Ada Lovelace (ada-x).", "Use find_entity"),
        (
            Ambiguous("person", "ada", ["A (a)", "B (b)"]),
            "'ada' could be any of 2 person entries: A (a); B (b)",
            "Ask again",
        ),
        (BadCursor(), "This cursor does not belong to this question", "Leave `cursor` out to start again"),
        (WritesOff("jira:PAY-1"), "Nothing was sent to jira:PAY-1: writes are off", "ENGINTEL_WRITES=jira:PAY-1"),
        (TargetNotAllowed("slack:#x", ["jira:*"]), "slack:#x is not among the allowed targets (jira:*)", "add it to"),
        (HandleRejected("it was spent"), "Nothing was sent: it was spent", "Call again without `handle`"),
        (StoreUnavailable("graph", "it did not answer in 2 s"), "The graph store is not available", "in 2 s"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, EngintelError) else "",
)
def test_an_error_names_the_thing_and_says_what_to_do(error: EngintelError, thing: str, advice: str) -> None:
    """Its text is all that a model gets, and it must be able to go on from there."""
    assert thing in str(error)
    assert advice in str(error)


def test_only_what_may_pass_is_worth_a_retry() -> None:
    """A loop that repeats a refused action, or poison, never ends."""
    assert {kind for kind in EVERY if kind.retryable} == {StoreUnavailable, SourceAway, UpstreamAway}


def test_an_action_of_unknown_outcome_is_never_taken_for_one_that_did_not_happen() -> None:
    """It is caught as a failure and can be told apart; a plain failure can never be taken for it."""
    assert issubclass(UpstreamUnknown, UpstreamFailed)
    assert not issubclass(UpstreamFailed, UpstreamUnknown)
    assert not UpstreamUnknown.retryable


@pytest.mark.parametrize(
    ("parent", "children"),
    [
        (
            EngintelError,
            {
                InvalidInput,
                Refused,
                SourceUnusable,
                Misconfigured,
                StoreUnavailable,
                LeaseLost,
                PoisonEvent,
                UpstreamFailed,
            },
        ),
        (InvalidInput, {NotFound, Ambiguous, BadCursor}),
        (Refused, {WritesOff, TargetNotAllowed, HandleRejected, NotAuthentic}),
        (UpstreamFailed, {UpstreamAway, UpstreamUnknown}),
    ],
)
def test_the_tree_is_the_one_that_its_docstring_draws(
    parent: type[EngintelError], children: set[type[EngintelError]]
) -> None:
    """Whoever catches a branch must know what hangs on it."""
    assert {kind for kind in EVERY if kind.__bases__ == (parent,)} == children
    drawn = re.findall(r"[├└]── (\w+)", errors.__doc__ or "")
    assert set(drawn) == {kind.__name__ for kind in EVERY} - {"EngintelError"}


def test_what_was_looked_for_can_be_read_from_the_error() -> None:
    """Faces show suggestions in their own way."""
    error = NotFound("team", "payment", ["Payments (payments)"])
    assert (error.kind, error.wanted, error.suggestions) == ("team", "payment", ("Payments (payments)",))
    assert Ambiguous("person", "ada", ["A (a)", "B (b)"]).candidates == ("A (a)", "B (b)")
    assert StoreUnavailable("graph", "gone").store == "graph"

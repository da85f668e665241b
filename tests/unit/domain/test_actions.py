"""What may be written, and to what: nothing, unless the operator said so, and then no more than that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.actions import Draft, WritePolicy
from domain.errors import Misconfigured, Refused, TargetNotAllowed, WritesOff

TARGETS = st.one_of(
    st.text(min_size=1, max_size=12).map("jira:{}".format), st.text(min_size=1, max_size=12).map("slack:{}".format)
)


@pytest.mark.parametrize("setting", ["", " ", ",", "off", " off "])
@given(target=TARGETS)
def test_nothing_may_be_written_unless_somebody_said_so(setting: str, target: str) -> None:
    """The default is the safe one, for every target there is."""
    with pytest.raises(WritesOff):
        WritePolicy.parse(setting).check(target)


@given(target=TARGETS)
def test_on_allows_every_target_that_is_configured(target: str) -> None:
    """And still nothing else than Jira and Slack."""
    policy = WritePolicy.parse("on")
    policy.check(target)
    with pytest.raises(TargetNotAllowed):
        policy.check(f"github:{target}")


@pytest.mark.parametrize(
    ("target", "allowed"),
    [
        ("jira:PAY-12", True),
        ("jira:PAY-", True),
        ("slack:#payments", True),
        ("jira:PAYROLL-1", False),
        ("jira:OPS-1", False),
        ("jira:pay-12", False),
        ("slack:#payments-incidents", False),
        ("slack:#PAYMENTS", False),
        ("slack:jira:PAY-12", False),
        (" jira:PAY-12", False),
        ("", False),
    ],
)
def test_a_list_of_targets_allows_exactly_those(target: str, *, allowed: bool) -> None:
    """One letter more is another channel, with other readers."""
    policy = WritePolicy.parse(" jira:PAY-* , slack:#payments ,")
    if allowed:
        policy.check(target)
    else:
        with pytest.raises(Refused):
            policy.check(target)


@pytest.mark.parametrize(
    "setting", ["yes", "true", "PAY-*", "*", "github:acme/api", "jira:PAY-*, all", "on, jira:PAY-*"]
)
def test_a_setting_that_says_something_else_is_refused_and_not_guessed(setting: str) -> None:
    """A slip must neither open everything nor close it in silence; the error shows what was expected."""
    with pytest.raises(
        Misconfigured, match=r"ENGINTEL_WRITES has .*: expected off, on, or targets such as jira:PAY-\*"
    ):
        WritePolicy.parse(setting)


def test_a_refusal_says_what_would_have_to_be_set() -> None:
    """Whoever reads it can act on it, or knows who can."""
    with pytest.raises(WritesOff, match="ENGINTEL_WRITES=jira:PAY-12"):
        WritePolicy().check("jira:PAY-12")
    with pytest.raises(TargetNotAllowed, match=r"slack:#general is not among the allowed targets \(jira:PAY-\*\)"):
        WritePolicy.parse("jira:PAY-*").check("slack:#general")


DRAFTS = st.builds(
    Draft,
    action=st.sampled_from(["post_jira_comment", "notify_slack"]),
    target=st.text(max_size=6),
    text=st.text(max_size=6),
)


@given(DRAFTS, DRAFTS)
def test_a_digest_names_exactly_one_draft(left: Draft, right: Draft) -> None:
    """A yes to one text must not carry another, nor the same text elsewhere."""
    assert (left.digest == right.digest) == (left == right)


def test_a_digest_tells_where_the_target_ends_and_the_text_begins() -> None:
    """Moving a word from one to the other is another action."""
    one = Draft(action="notify_slack", target="slack:#a", text="b c")
    other = Draft(action="notify_slack", target="slack:#a b", text="c")
    assert one.digest != other.digest
    assert one.digest == Draft(action="notify_slack", target="slack:#a", text="b c").digest

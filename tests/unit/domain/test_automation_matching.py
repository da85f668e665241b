"""Whether a rule acts, why or why not, and what it would say: word for word, whatever the event holds."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.rules.yaml_file import parse_rules, shipped_rules
from domain.actions import WritePolicy
from domain.automations import Circumstances, Rule, effects_of, judge, sprint_summary
from domain.automations.matching import LATEST, is_ours
from domain.events import (
    Actor,
    Commit,
    Deployment,
    Event,
    FieldChange,
    Issue,
    IssueComment,
    PullRequest,
    Source,
    Sprint,
)
from domain.projects import Project
from tests.events import ADA, at, event

SHIPPED = parse_rules(shipped_rules(), "shipped.yaml")
GRACE = Actor(source=Source.JIRA, external_id="grace", name="Grace Hopper")
PROJECT = Project(id="payouts", name="Payouts", refs=("jira:PAY", "github:acme/payouts"))
OPEN = WritePolicy.parse("on")


def rule(name: str) -> Rule:
    """A shipped rule."""
    found = SHIPPED.named(name)
    assert found
    return found


def about(**fields: Any) -> Circumstances:
    """Circumstances in which nothing stands in the way."""
    told = {"now": at(), "jira_projects": {"PAY"}, "project": PROJECT, "channel": "#payments", "writes": OPEN}
    return Circumstances(**{**told, **fields})


def blocked(**fields: Any) -> Event:
    """A high-priority issue moves to Blocked."""
    told: dict[str, Any] = {
        "type": "issue_updated", "key": "PAY-12", "title": "Payouts hang", "status": "Blocked", "category": "doing",
        "priority": "High", "created_at": at(-50), "updated_at": at(),
        "changes": (FieldChange(field="status", before="In Progress", after="Blocked"),), "url": "https://j/PAY-12",
    }  # fmt: skip
    return event(
        "jira:issue:PAY-12:update:1", Issue(**{**told, **fields}), entity="issue:PAY-12", project="jira:PAY",
        actor=GRACE, source=Source.JIRA,
    )  # fmt: skip


def committed(message: str = "", title: str = "PAY-12: retry payouts", **fields: Any) -> Event:
    """A commit that was pushed."""
    told = {
        "sha": "c0ffee",
        "authored_at": at(-48),
        "pushed_at": at(),
        "url": "https://github.com/acme/payouts/commit/c0ffee",
    }
    body = Commit(title=title, message=message, **{**told, **fields})
    return event("github:commit:c0ffee", body, project="github:acme/payouts", actor=ADA, when=at(-48))


def failed_checks(rule: Rule, happened: Event, circumstances: Circumstances) -> list[str]:
    """Why a rule does not act."""
    return [check.text for check in judge(rule, happened, circumstances).checks if not check.passed]


def test_a_high_priority_issue_that_is_blocked_is_told_in_its_channel() -> None:
    """The shipped rule, word for word."""
    verdict = judge(rule("high-priority-issue-blocked"), blocked(), about())
    [effect] = effects_of(verdict, blocked(), about())

    assert verdict.matched
    assert effect.withheld is None
    assert effect.draft
    assert effect.draft.target == "slack:#payments"
    assert effect.draft.text == (
        "PAY-12 (High) is blocked: Payouts hang\nMoved by Grace Hopper, assigned to nobody. https://j/PAY-12"
    )


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"priority": "Low"}, "priority one of High, Highest, Critical, Blocker: it is Low"),
        ({"priority": None}, "priority one of High, Highest, Critical, Blocker: it is absent"),
        ({"changes": ()}, "status changed to Blocked or On Hold or Impeded: it tells of no change"),
        (
            {"changes": (FieldChange(field="assignee", after="Ada"),)},
            "status changed to Blocked or On Hold or Impeded: it changed assignee to Ada",
        ),
    ],
)
def test_what_stands_in_the_way_is_told(fields: dict[str, Any], why: str) -> None:
    """Each reason, with what the event has instead."""
    assert failed_checks(rule("high-priority-issue-blocked"), blocked(**fields), about()) == [why]


def test_a_commit_that_names_issues_is_told_to_each() -> None:
    """With its author and its link, and signed."""
    happened = committed(message="Also PAY-13 and SHA-256.")
    verdict = judge(rule("commit-mentions-issue"), happened, about())
    effects = effects_of(verdict, happened, about())

    assert [effect.draft.target for effect in effects if effect.draft] == ["jira:PAY-12", "jira:PAY-13"]
    assert effects[0].draft
    assert effects[0].draft.text == (
        "Ada Lovelace mentioned this issue in a commit to Payouts: PAY-12: retry payouts\n"
        "https://github.com/acme/payouts/commit/c0ffee\n\n_engintel automation: commit-mentions-issue_"
    )
    assert len({effect.key for effect in effects}) == 2


def test_a_pull_request_may_name_its_issue_in_its_branch() -> None:
    """As many teams do."""
    body = PullRequest(
        type="pr_opened", number=7, title="Retry payouts", state="open", head_branch="PAY-12-retry", created_at=at(),
        updated_at=at(), url="https://github.com/acme/payouts/pull/7",
    )  # fmt: skip
    happened = event("pr", body, project="github:acme/payouts", actor=ADA)

    assert judge(rule("pull-request-mentions-issue"), happened, about()).issues == ("PAY-12",)


def test_an_issue_of_a_project_that_nobody_knows_is_none() -> None:
    """`UTF-8` is no issue."""
    [why] = failed_checks(rule("commit-mentions-issue"), committed(title="Use UTF-8 and SHA-256"), about())
    assert why == "mentions an issue: no Jira project UTF, SHA is known"


@pytest.mark.parametrize(
    ("age", "waited", "acts"),
    [
        (timedelta(minutes=59), timedelta(0), True),
        (timedelta(minutes=61), timedelta(0), False),
        (timedelta(minutes=1), timedelta(hours=5), True),
        (timedelta(minutes=1), LATEST + timedelta(minutes=1), False),
        (timedelta(days=400), timedelta(days=400), False),
    ],
    ids=["news", "a backfill", "we were down", "we were down for long", "history"],
)
def test_old_events_never_trigger_but_what_waited_for_us_does(age: timedelta, waited: timedelta, acts: bool) -> None:
    """An event is as old as it was when it reached us: our own delay is not its age."""
    happened = blocked()
    received = happened.occurred_at + age
    circumstances = about(received_at=received, now=received + waited)

    assert judge(rule("high-priority-issue-blocked"), happened, circumstances).matched is acts


def test_a_commit_is_news_when_it_is_pushed() -> None:
    """However long ago it was written; one that a backfill read was never pushed to us."""
    assert judge(rule("commit-mentions-issue"), committed(), about()).matched
    [why] = failed_checks(rule("commit-mentions-issue"), committed(pushed_at=None), about())
    assert why.startswith("no older than 1 h on arrival: it was 2 d old")


@pytest.mark.parametrize(
    "happened",
    [
        blocked(),
        event("c", IssueComment(key="PAY-12", comment_id="1", text="x\n\n_engintel automation: a-rule_")),
    ],
    ids=["by our account", "signed by another installation"],
)  # fmt: skip
def test_what_we_caused_is_known(happened: Event) -> None:
    """By the account that did it, or by the signature under it."""
    assert is_ours(happened, {"jira:grace"})
    assert is_ours(blocked(), set()) is None
    [why] = failed_checks(rule("high-priority-issue-blocked"), blocked(), about(own={"jira:grace"}))
    assert why == "not our own doing: it was done with our own account (jira:grace)"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"writes": WritePolicy()}, "writes are off"),
        ({"writes": WritePolicy.parse("slack:#other")}, "not among the allowed targets"),
        ({"channel": None}, "no channel is known for payouts"),
    ],
)
def test_what_may_not_leave_is_withheld_with_the_reason(fields: dict[str, Any], why: str) -> None:
    """The rule matches, and nothing goes out."""
    verdict = judge(rule("high-priority-issue-blocked"), blocked(), about(**fields))
    [effect] = effects_of(verdict, blocked(), about(**fields))

    assert verdict.matched
    assert effect.withheld
    assert why in effect.withheld


def test_text_of_an_event_can_neither_ring_nor_format_anything() -> None:
    """It is data, also in a message."""
    happened = blocked(title="<!channel> &amp; <https://evil|click> {event.key}")
    [in_slack] = effects_of(judge(rule("high-priority-issue-blocked"), happened, about()), happened, about())
    written = committed(title="PAY-12 {code}x{code} [~grace] !img!")
    in_jira = effects_of(judge(rule("commit-mentions-issue"), written, about()), written, about())[0]

    assert in_slack.draft
    assert "&lt;!channel&gt; &amp;amp; &lt;https://evil|click&gt; {event.key}" in in_slack.draft.text
    assert in_jira.draft
    assert r"PAY-12 \{code}x\{code} \[~grace] \!img\!" in in_jira.draft.text


@given(st.text(max_size=400), st.text(max_size=100))
def test_whatever_an_event_says_a_rule_is_judged_and_its_text_is_bounded(title: str, actor: str) -> None:
    """No text from outside breaks a rule or rings a channel."""
    happened = blocked(title=title).model_copy(update={"actor": Actor(source=Source.JIRA, external_id="x", name=actor)})
    [effect] = effects_of(judge(rule("high-priority-issue-blocked"), happened, about()), happened, about())

    assert effect.draft
    assert "<" not in effect.draft.text
    assert len(effect.draft.text) <= 4_000


@given(st.booleans(), st.sampled_from(["success", "failure", "error", "inactive"]), st.sampled_from([0.0, 0.5, 2.0]))
def test_a_deployment_is_told_if_and_only_if_it_failed_in_production_just_now(
    production: bool, outcome: Any, hours: float
) -> None:
    """The shipped rule as a truth table."""
    body = Deployment(
        deployment_id="1", environment="production", production=production, outcome=outcome, sha="c0ffee",
        requested_at=at(), finished_at=at(),
    )  # fmt: skip
    happened = event("d", body, project="github:acme/payouts", actor=ADA)
    verdict = judge(rule("deployment-failed"), happened, about(now=at(hours)))

    assert verdict.matched is (production and outcome in {"failure", "error"} and hours <= 1)
    assert bool(effects_of(verdict, happened, about())) is verdict.matched


def closed(**fields: Any) -> Event:
    """A sprint that was closed."""
    body = Sprint(
        type="sprint_closed", sprint_id="7", name="Sprint 7", completed_at=at(), **{"starts_at": at(-240), **fields}
    )
    return event("s", body, entity="sprint:jira:7", project=None, source=Source.JIRA)


def worked(number: int, points: float | None, done: datetime | None, joined: datetime) -> list[Event]:
    """The states of an issue that was in the sprint."""
    told: dict[str, Any] = {
        "key": f"PAY-{number}",
        "title": "x",
        "created_at": at(-300),
        "points": points,
        "sprints": ("7",),
    }
    states = [Issue(type="issue_updated", status="To Do", category="todo", updated_at=joined, **told)]
    if done:
        states.append(Issue(type="issue_updated", status="Done", category="done", updated_at=done, **told))
    return [event(f"i{number}{n}", state, when=state.updated_at) for n, state in enumerate(states)]


def test_a_closed_sprint_is_summed_up_as_velocity_is_counted() -> None:
    """What was done between its start and its end; what came in later is told apart."""
    issues = [
        *worked(1, 3, at(-10), at(-260)), *worked(2, 5, at(-20), at(-100)), *worked(3, 8, None, at(-260)),
        *worked(4, None, at(-250), at(-260)),
    ]  # fmt: skip

    assert sprint_summary(closed(), issues, at()) == (
        "2 of 4 issues done between its start and its end, with 8 story points (and 5 points added after it began); "
        "1 issue has no points; as known at 09:00 UTC"
    )


def test_what_cannot_be_known_of_a_sprint_is_said() -> None:
    """And no number is made up."""
    assert sprint_summary(closed(), [], at()) == "what it completed is not known: no issue of it was seen"
    assert sprint_summary(closed(starts_at=None), [], at()) == (
        "what it completed is not known: Jira does not say when it began"
    )
    assert sprint_summary(closed(), worked(1, None, at(-1), at(-260)), at()) == (
        "1 of 1 issue done between its start and its end; none has story points; as known at 09:00 UTC"
    )

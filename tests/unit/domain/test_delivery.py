"""A project's delivery as a whole: the same whatever order and however often it is told, with nothing lost or twice."""

import re
from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.delivery import DELIVERY_TYPES, LOOKBACK, SPRINT_TYPES, Delivery, read_delivery
from domain.dora import delivery_metrics
from domain.events import EVENT_TYPES, Event, Push, PushedCommit, decode, encode
from domain.events.work import StatusCategory
from domain.metrics import ENOUGH
from domain.window import Window
from tests.unit.domain.builders import (
    ADA,
    GRACE,
    LINTER,
    Outcome,
    at,
    change,
    deployed,
    event,
    flat,
    incident,
    issue,
    landed,
    pull,
    reviewed,
    sha,
    sprint,
    trunk,
)

DAYS = 60
"""How long the lives of the projects below last."""
WHOLE = Window(since=at(-30), until=at(DAYS + 30))
MOMENTS = st.integers(0, DAYS * 24).map(lambda hours: hours / 24)
"""Days, in hours, so that some things happen at once."""
OUTCOMES: tuple[Outcome, ...] = ("success", "success", "success", "failure")
CATEGORIES: tuple[StatusCategory, ...] = ("todo", "doing", "done")


@st.composite
def lives(draw: st.DrawFn) -> list[Event]:
    """What could happen to a project in two months, with causes before their effects and little else in order."""
    merges = sorted(draw(st.lists(MOMENTS, max_size=7)))
    events: list[Event] = []
    for number, day in enumerate(merges, start=1):
        events += draw(pull_requests(number, day))
    deployments = sorted(draw(st.lists(MOMENTS, max_size=9)))
    for name, day in enumerate(deployments, start=100_001):
        on_trunk = [trunk(number) for number, merged in enumerate(merges, start=1) if merged <= day]
        commit = draw(st.sampled_from([*on_trunk, trunk(0), sha("unheard of")]))
        outcome = draw(st.sampled_from(OUTCOMES))
        events.append(deployed(name, commit, at(day), outcome=outcome, production=draw(st.integers(0, 5)) > 0))
    for number, day in enumerate(draw(st.lists(MOMENTS, max_size=4)), start=1):
        named = [str(name) for name, _ in enumerate(deployments, start=100_001)]
        lasted = draw(st.none() | st.integers(0, 72))
        resolved = None if lasted is None else at(day, hours=lasted)
        events += incident(
            f"OPS-{number}", at(day), resolved=resolved, text=draw(st.sampled_from(["", "disk", *named]))
        )
    for number, ways in enumerate(draw(st.lists(st.lists(MOMENTS, min_size=1, max_size=5), max_size=4)), start=1):
        for day in sorted(ways):
            category = draw(st.sampled_from(CATEGORIES))
            status = draw(st.sampled_from([category, "Blocked"]))
            events.append(issue(f"API-{number}", category, at(day), status=status, points=number, sprints=("7",)))
    return [*events, sprint("7", at(10), draw(st.sampled_from([None, at(24)])))]


@st.composite
def pull_requests(draw: st.DrawFn, number: int, merged: float) -> list[Event]:
    """A pull request with whatever may be said of one."""
    opened = merged - draw(st.integers(1, 200)) / 24
    fields: dict[str, Any] = {"draft": draw(st.booleans())}
    if number > 1 and draw(st.booleans()):
        fields["text"] = f"Reverts #{draw(st.integers(1, number - 1))}"
    if draw(st.integers(0, 3)) == 0:
        fields["labels"] = ("hotfix",)
    if draw(st.integers(0, 3)) == 0:
        fields["merge_sha"] = None
    events = change(
        number,
        at(merged),
        opened=at(opened),
        authored=at(opened, hours=draw(st.integers(-100, 300))),
        author=draw(st.sampled_from([ADA, ADA, LINTER, None])),
        **fields,
    )
    if fields["draft"] and draw(st.booleans()):
        ready = min(merged, opened + draw(st.integers(0, 200)) / 24)
        events.append(pull(number, "pr_ready", at(ready), created_at=at(opened)))
    for reviewer in draw(st.lists(st.sampled_from([ADA, GRACE, LINTER]), max_size=3)):
        events.append(reviewed(number, at(opened, hours=draw(st.integers(0, 200))), reviewer))
    return events


@given(st.data(), lives())
def test_a_delivery_is_the_same_in_any_order_and_however_often_it_is_told(
    data: st.DataObject, life: list[Event]
) -> None:
    """Webhooks overtake each other and come again; a backfill tells it all once more."""
    again = life + (data.draw(st.lists(st.sampled_from(life), max_size=8)) if life else [])
    assert read_delivery(data.draw(st.permutations(again))) == read_delivery(life)


@given(lives())
def test_every_merged_pull_request_is_delivered_once_or_waits(life: list[Event]) -> None:
    """None is lost, none counts in two deployments."""
    told = read_delivery(life)
    delivered = Counter(number for each in told.deployments for number in each.contains or ())
    waiting = Counter(told.undeployed)
    assert delivered + waiting == Counter(each.number for each in told.changes)
    merged = {each.body.number for each in life if each.body.type == "pr_merged"}
    assert {each.number for each in told.changes} == merged


@given(lives())
def test_a_change_is_in_the_first_deployment_that_contains_it(life: list[Event]) -> None:
    """On a straight trunk that is the first of a commit that landed no earlier, if the change can be found at all."""
    told = read_delivery(life)
    by_number = {each.number: each for each in told.changes}
    place = {trunk(number): number for number in range(10)}
    for number, changed in by_number.items():
        holding = [each for each in told.deployments if place.get(each.sha, -1) >= number]
        found = [each for each in told.deployments if number in (each.contains or ())]
        assert found == (holding[:1] if changed.merge_sha else [])


@given(lives())
def test_no_figure_is_negative_and_none_is_given_for_too_little(life: list[Event]) -> None:
    """Nor is a rate above one, whatever a deployment failed of."""
    for figure in delivery_metrics(read_delivery(life), WHOLE):
        assert figure.value is None or figure.value >= 0, figure
        assert figure.unit != "share" or figure.value is None or figure.value <= 1, figure
        if figure.name == "velocity":
            continue
        if figure.n < ENOUGH:
            assert (figure.value, figure.tier) == (None, None)
            assert f"{figure.n} " in figure.missing or "ever reported" in figure.missing
        else:
            assert figure.value is not None


def failing(told: Delivery, window: Window) -> dict[str, str]:
    """By incident or repair, the deployment of this window that it is charged to."""
    held = [each for each in told.deployments if window.holds(each.finished_at)]
    return {failure.evidence: each.deployment_id for each in held for failure in each.failures}


@settings(max_examples=60)
@given(lives())
def test_a_failure_stays_with_its_deployment_when_the_window_moves(life: list[Event]) -> None:
    """Asked again a day later, the same incident must not be another deployment's: for every day to ask on."""
    charged: dict[str, set[str]] = {}
    for offset in range(7, DAYS + 30):
        window = Window.last(28, at(offset))
        heard = [each for each in life if window.since - LOOKBACK <= each.occurred_at < window.until]
        for evidence, deployment in failing(read_delivery(heard), window).items():
            charged.setdefault(evidence, set()).add(deployment)
    assert all(len(deployments) == 1 for deployments in charged.values()), charged


@given(lives(), st.integers(-14 * 60, 14 * 60))
def test_moments_told_with_another_offset_are_the_same_moments(life: list[Event], minutes: int) -> None:
    """Every one in every body: local midnight taken for UTC would move them by up to a day."""
    zone = timezone(timedelta(minutes=minutes))

    def elsewhere(moment: re.Match[str]) -> str:
        return datetime.fromisoformat(moment[0]).astimezone(zone).isoformat()

    told = [decode(re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", elsewhere, encode(each).decode())) for each in life]
    assert read_delivery(told) == read_delivery(life)


SHAS = st.sampled_from([sha(number) for number in range(5)])
NONSENSE = st.one_of(
    st.builds(
        lambda branch, before, commits, day, forced: event(
            Push(
                branch=branch,
                default_branch=branch == "main",
                before=before,
                after=commits[-1] if commits else None,
                commits=tuple(PushedCommit(sha=name, authored_at=at(day)) for name in commits),
                forced=forced,
            ),
            at(day),
        ),
        st.sampled_from(["main", "branch-1"]),
        st.none() | SHAS,
        st.lists(SHAS, max_size=5),
        MOMENTS,
        st.booleans(),
    ),
    st.builds(
        lambda told, head, merge, day, created: pull(
            1, told, at(day), head_sha=head, merge_sha=merge, created_at=at(created), head_branch="branch-1"
        ),
        st.sampled_from(["pr_opened", "pr_ready", "pr_merged", "pr_closed", "pr_reopened"]),
        SHAS,
        st.none() | SHAS,
        MOMENTS,
        MOMENTS,
    ),
    st.builds(lambda commit, day: deployed(100_001, commit, at(day)), SHAS, MOMENTS),
    st.builds(lambda day: reviewed(1, at(day)), MOMENTS),
)


@given(st.lists(NONSENSE, max_size=15))
def test_a_rewritten_history_and_lost_webhooks_are_no_crash(nonsense: list[Event]) -> None:
    """Forced pushes go in circles, merges come before what they merge; an answer is owed all the same."""
    told = read_delivery(nonsense)
    assert len(told.changes) <= 1
    assert len(delivery_metrics(told, WHOLE)) == len(delivery_metrics(Delivery(), WHOLE))


def test_nothing_happened_is_a_delivery_too() -> None:
    """A new project has no history and every right to be asked about."""
    assert read_delivery([]) == Delivery()


def test_reviews_by_programs_are_known_by_their_accounts() -> None:
    """A source does not always say so; whoever asks knows better."""
    quick = GRACE.model_copy(update={"external_id": "901"})
    life = [*change(1, at(4), opened=at(0)), reviewed(1, at(1), quick), reviewed(1, at(2))]
    assert [each.first_review_at for each in read_delivery(life).changes] == [at(1)]
    assert [each.first_review_at for each in read_delivery(life, [quick.key]).changes] == [at(2)]


def test_a_delivery_says_what_it_heard_of() -> None:
    """No deployment ever reported differs from none in the window."""
    assert read_delivery([landed(1, at(1)), reviewed(1, at(2))]).reported == {"push", "pr_reviewed"}


@pytest.mark.parametrize("event_type", [*DELIVERY_TYPES, *SPRINT_TYPES])
def test_what_is_asked_of_the_store_exists(event_type: str) -> None:
    """A slip in a name would read nothing, without an error."""
    assert event_type in EVENT_TYPES


def test_a_window_is_read_from_well_before_its_beginning() -> None:
    """A branch may be much older than the deployment that brings it."""
    assert timedelta(days=90) <= LOOKBACK
    life = flat(change(1, at(1), authored=at(-80)), deployed(1, trunk(1), at(2)))
    assert read_delivery(life).changes[0].first_commit_at == at(-80)

"""Production deployments: what each was the first to bring, and which of them failed."""

from collections.abc import Iterable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.delivery import CERTAINTY, Delivery, Deployed, read_delivery
from domain.events import Event
from tests.unit.domain.builders import Outcome, at, change, committed, deployed, flat, incident, pull, sha, trunk


def read(*parts: Event | Iterable[Event]) -> Delivery:
    return read_delivery(flat(*parts))


def contents(*parts: Event | Iterable[Event]) -> list[tuple[int, ...] | None]:
    """What each deployment was the first to bring."""
    return [each.contains for each in read(*parts).deployments]


def failures(*parts: Event | Iterable[Event]) -> dict[str, list[tuple[str, str]]]:
    """By deployment, why it counts as failed."""
    told = read(*parts).deployments
    return {each.deployment_id: [(f.kind, f.evidence) for f in each.failures] for each in told if each.failures}


def the_deployment(name: int, *parts: Event | Iterable[Event]) -> Deployed:
    return next(each for each in read(*parts).deployments if each.deployment_id == str(name))


def test_a_deployment_brings_what_landed_since_the_one_before() -> None:
    """Each change once, with the deployment that first contains it."""
    events = flat(*(change(number, at(number)) for number in range(1, 5)))
    events += [deployed(1, trunk(2), at(2.5)), deployed(2, trunk(2), at(3.5)), deployed(3, trunk(4), at(5))]
    assert contents(events) == [(1, 2), (), (3, 4)]


def test_the_first_deployments_changes_are_not_lost() -> None:
    """A well-known tool compares each deployment with the one before, and drops the first with all that it brought."""
    assert contents(change(1, at(1)), change(2, at(2)), deployed(1, trunk(2), at(3))) == [(1, 2)]


def test_what_no_deployment_contains_is_told_as_waiting() -> None:
    """And not forgotten."""
    told = read(change(1, at(1)), change(2, at(2)), deployed(1, trunk(1), at(3)))
    assert told.undeployed == (2,)
    assert read(change(1, at(1)), change(2, at(2))).undeployed == (1, 2)


def test_a_change_whose_merge_commit_is_not_told_is_told_as_waiting() -> None:
    """It cannot be found in any deployment; it must not vanish either."""
    told = read(change(1, at(1), merge_sha=None), change(2, at(2)), deployed(1, trunk(2), at(3)))
    assert told.deployments[0].contains == (2,)
    assert told.undeployed == (1,)


def test_content_that_is_unknown_differs_from_content_that_is_empty() -> None:
    """Nothing new was deployed; or nobody knows what was."""
    told = contents(
        change(1, at(1)), deployed(1, trunk(1), at(2)), deployed(2, trunk(1), at(3)), deployed(3, sha("?"), at(4))
    )
    assert told == [(1,), (), None]


def test_a_rollback_brings_nothing_and_the_next_deployment_no_change_twice() -> None:
    """What was already with users once is not delivered again."""
    events = flat(change(1, at(1)), change(2, at(2)), change(3, at(5)))
    events += [deployed(1, trunk(1), at(1.5)), deployed(2, trunk(2), at(2.5))]
    events += [deployed(3, trunk(1), at(3)), deployed(4, trunk(3), at(6))]
    assert contents(events) == [(1,), (2,), (), (3,)]


@pytest.mark.parametrize("outcome", ["failure", "error", "inactive"])
def test_only_a_success_delivers(outcome: Outcome) -> None:
    """A run that failed brought nothing to anybody; what it tried to bring comes with the next."""
    events = [*change(1, at(1)), deployed(1, trunk(1), at(2), outcome=outcome), deployed(2, trunk(1), at(3))]
    assert [(each.deployment_id, each.contains) for each in read(events).deployments] == [("2", (1,))]


def test_only_production_delivers() -> None:
    """Staging has no users."""
    told = read(change(1, at(1)), deployed(1, trunk(1), at(2), production=False), deployed(2, trunk(1), at(3)))
    assert [(each.deployment_id, each.contains) for each in told.deployments] == [("2", (1,))]


def test_one_deployment_counts_once_however_often_it_reports_success() -> None:
    """It ended when it first succeeded; each of its clusters may say so."""
    told = read(change(1, at(1)), deployed(1, trunk(1), at(2)), deployed(1, trunk(1), at(2.5)))
    assert [(each.deployment_id, each.finished_at) for each in told.deployments] == [("1", at(2))]


def test_a_true_merge_brings_its_change_by_its_merge_commit() -> None:
    """The trunk's own line leads past the branch."""
    history = [
        committed(trunk(0), at(0)),
        committed(sha("head 1"), at(1), trunk(0)),
        committed(trunk(1), at(2), trunk(0), sha("head 1")),
        committed(trunk(2), at(3), trunk(1)),
    ]
    assert contents(history, pull(1, "pr_merged", at(2)), deployed(1, trunk(2), at(4))) == [(1,)]


def test_an_incident_that_names_its_cause_is_charged_to_it() -> None:
    """By the deployment's number, its commit, or a pull request that it brought: not to what was deployed last."""
    life = flat(change(1, at(1)), change(2, at(2)), change(3, at(3)))
    life += [deployed(number * 111_111, trunk(number), at(number + 0.5)) for number in (1, 2, 3)]
    for text in ("Caused by deployment 222222.", f"Bad since {trunk(2)[:8]}", "acme/api#2 broke retries", "see #2"):
        assert failures(life, incident("OPS-1", at(4), text=text)) == {"222222": [("incident", "OPS-1")]}


def test_a_repair_that_an_incident_names_is_not_its_cause() -> None:
    """`Fixed by #2`: what was deployed after it had begun cannot have caused it, before or after service was back."""
    life = flat(change(1, at(1)), change(2, at(2)))
    life += [deployed(111_111, trunk(1), at(1.5)), deployed(222_222, trunk(2), at(2.2))]
    for text in ("Fixed by #2", "Fix: deployment 222222", f"Fixed in {trunk(2)[:8]}"):
        for resolved in (at(2.1), at(2.5), None):
            told = failures(life, incident("OPS-1", at(1.6), resolved=resolved, text=text))
            assert told == {"111111": [("same_service_incident", "OPS-1")]}


def test_a_deployment_may_break_something_before_it_is_finished() -> None:
    """The alarm goes off while the last machine is still being updated."""
    life = [*change(1, at(1)), deployed(111_111, trunk(1), at(1.5))]
    began = at(1.5) - timedelta(minutes=2)
    told = failures(life, incident("OPS-1", began, resolved=at(1.6), text="Deployment 111111"))
    assert told == {"111111": [("incident", "OPS-1")]}


@pytest.mark.parametrize("text", ["We saw 22222 errors", "#22", "version 2", "build#2", "", "222222222"])
def test_a_number_that_merely_stands_there_names_nothing(text: str) -> None:
    """What it does not name falls to the last deployment, and says with how little certainty."""
    life = flat(change(1, at(1)), change(2, at(2)))
    life += [deployed(111_111, trunk(1), at(1.5)), deployed(222_222, trunk(2), at(2.5))]
    told = failures(life, incident("OPS-1", at(2.6), text=text))
    assert told == {"222222": [("same_service_incident", "OPS-1")]}


def test_an_incident_within_a_day_of_a_deployment_is_charged_to_the_last_before_it() -> None:
    """To the last one before, not after."""
    life = [
        *change(1, at(1)),
        deployed(1, trunk(1), at(2)),
        deployed(2, trunk(1), at(2.2)),
        deployed(3, trunk(1), at(2.4)),
    ]
    assert failures(life, incident("OPS-1", at(2.3))) == {"2": [("same_service_incident", "OPS-1")]}


def test_an_incident_a_day_after_the_last_deployment_is_charged_to_nobody() -> None:
    """The disk was full. Deployments are not to blame for whatever happens next."""
    life = [*change(1, at(1)), deployed(1, trunk(1), at(2))]
    assert failures(life, incident("OPS-1", at(3))) == {"1": [("same_service_incident", "OPS-1")]}
    assert failures(life, incident("OPS-1", at(3) + timedelta(seconds=1))) == {}
    assert failures(life, incident("OPS-1", at(1.9))) == {}


def test_an_incident_of_another_service_is_not_charged_here() -> None:
    """A well-known tool charges whatever was deployed last, anywhere. Here each project's events are read alone."""
    here = [*change(1, at(1)), deployed(1, trunk(1), at(2))]
    there = [*change(2, at(1)), deployed(2, trunk(2), at(1.9)), *incident("OPS-1", at(2.1))]
    assert failures(here) == {}
    assert failures(there) == {"2": [("same_service_incident", "OPS-1")]}


@pytest.mark.parametrize("kind", ["Bug", "Story", "Task", ""])
def test_a_bug_is_no_incident(kind: str) -> None:
    """Most bugs were there before the last deployment."""
    assert failures(change(1, at(1)), deployed(1, trunk(1), at(2)), incident("OPS-1", at(2.1), kind=kind)) == {}


def test_a_reverted_change_makes_its_deployment_a_failed_one_until_the_revert_is_deployed() -> None:
    """The one that brought it, however many came in between."""
    life = flat(change(1, at(1)), change(2, at(2)), change(3, at(3), text="Reverts acme/api#1"))
    life += [deployed(number, trunk(number), at(number + 0.5)) for number in (1, 2, 3)]
    assert failures(life) == {"1": [("revert", "#3 reverts #1")]}
    assert the_deployment(1, life).failures[0].restored_at == at(3.5)
    assert the_deployment(3, life).unplanned


def test_a_revert_that_is_not_deployed_has_restored_nothing_yet() -> None:
    """The merge alone helps no user."""
    life = [*change(1, at(1)), deployed(1, trunk(1), at(1.5)), *change(2, at(2), text="Reverts #1")]
    assert the_deployment(1, life).failures[0].restored_at is None


def test_a_revert_names_the_commit_where_it_names_no_pull_request() -> None:
    """`git revert` knows commits alone, and may shorten them."""
    reverting = change(2, at(2), text=f"This reverts commit {trunk(1)[:10]}.")
    life = flat(change(1, at(1)), deployed(1, trunk(1), at(1.5)), reverting, deployed(2, trunk(2), at(2.5)))
    assert failures(life) == {"1": [("revert", "#2 reverts #1")]}


def test_a_hotfix_makes_the_deployment_before_it_a_failed_one() -> None:
    """That is what it had to fix; the deployment that brings it was not planned."""
    life = flat(change(1, at(1)), change(2, at(3), opened=at(2.5), labels=("hotfix",)))
    life += [deployed(1, trunk(1), at(2)), deployed(2, trunk(2), at(3.5))]
    assert failures(life) == {"1": [("hotfix", "#2 is a hotfix")]}
    assert the_deployment(1, life).failures[0].restored_at == at(3.5)
    assert (the_deployment(1, life).unplanned, the_deployment(2, life).unplanned) == (False, True)


def test_a_hotfix_that_says_what_it_reverts_charges_that_alone() -> None:
    """One repair, one failed deployment."""
    life = flat(change(1, at(1)), change(2, at(2)), change(3, at(3), labels=("hotfix",), text="Reverts #1"))
    life += [deployed(number, trunk(number), at(number + 0.5)) for number in (1, 2, 3)]
    assert failures(life) == {"1": [("revert", "#3 reverts #1")]}


def test_a_deployment_that_failed_for_several_reasons_has_them_all() -> None:
    """It is one failed deployment, and each reason can be looked up."""
    life = flat(change(1, at(1)), change(2, at(3), text="Reverts #1"), incident("OPS-1", at(2.1), text="#1"))
    life += [deployed(1, trunk(1), at(2)), deployed(2, trunk(2), at(3.5)), *incident("OPS-2", at(2.2))]
    told = failures(life)
    assert set(told) == {"1"}
    assert sorted(told["1"]) == [("incident", "OPS-1"), ("revert", "#2 reverts #1"), ("same_service_incident", "OPS-2")]
    assert {kind for kind, _ in told["1"]} <= set(CERTAINTY)


@given(st.lists(st.floats(0, 20), max_size=8), st.floats(0, 25))
def test_an_incident_without_a_named_cause_is_one_deployments_at_most(days: list[float], began: float) -> None:
    """A join over time charges it to every deployment that it finds."""
    life = [deployed(number, sha(number), at(day)) for number, day in enumerate(days)]
    assert len(failures(life, incident("OPS-1", at(began)))) <= 1

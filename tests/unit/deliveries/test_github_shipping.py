from datetime import UTC, datetime

import pytest

from adapters.sources.deliveries.github_shipping import is_production
from domain.events import Deployment, Release, WorkflowRun
from tests.unit.deliveries.payloads import types
from tests.unit.deliveries.payloads_github import deployment, envelope, github, release, run, sha


def the_deployment(body: object) -> Deployment:
    told = github("deployment_status", body)[0].body
    assert isinstance(told, Deployment)
    return told


def test_an_attempt_of_a_workflow_that_is_over_is_a_run() -> None:
    event = github("workflow_run", envelope(action="completed", workflow_run=run()))[0]
    assert event.id == "github:acme/api:run:901:2"
    assert event.entity == "run:github:acme/api:901"
    assert event.occurred_at == datetime(2026, 8, 31, 11, 15, tzinfo=UTC)
    assert event.body == WorkflowRun(
        run_id="901",
        attempt=2,
        name="ci",
        conclusion="success",
        branch="main",
        sha=sha("c"),
        started_at=datetime(2026, 8, 31, 11, 5, tzinfo=UTC),
        finished_at=datetime(2026, 8, 31, 11, 15, tzinfo=UTC),
        url="https://github.com/acme/api/actions/runs/901",
    )


def test_the_actor_of_a_second_attempt_is_whoever_asked_for_it() -> None:
    actor = github("workflow_run", envelope(action="completed", workflow_run=run()))[0].actor
    assert actor
    assert actor.username == "grace"


@pytest.mark.parametrize("action", ["requested", "in_progress"])
def test_a_workflow_that_is_under_way_is_not_understood(action: str) -> None:
    assert types(github("workflow_run", envelope(action=action, workflow_run=run(conclusion=None)))) == ["raw"]


@pytest.mark.parametrize("state", ["success", "failure", "error", "inactive"])
def test_a_deployment_that_ended_is_one(state: str) -> None:
    event = github("deployment_status", deployment(state))[0]
    assert event.id == "github:acme/api:deployment:1001:status:1101"
    assert event.entity == "deployment:github:acme/api:1001"
    assert event.body == Deployment(
        deployment_id="1001",
        environment="production",
        production=True,
        outcome=state,
        sha=sha("c"),
        ref="main",
        requested_at=datetime(2026, 8, 31, 12, tzinfo=UTC),
        finished_at=datetime(2026, 8, 31, 12, 10, tzinfo=UTC),
        url="https://ci.acme.example/1101",
    )


@pytest.mark.parametrize("state", ["in_progress", "queued", "pending", "waiting"])
def test_a_deployment_that_is_under_way_is_not_told(state: str) -> None:
    assert github("deployment_status", deployment(state)) == []


def test_the_actor_is_whoever_asked_for_the_deployment() -> None:
    actor = github("deployment_status", deployment("success"))[0].actor
    assert actor
    assert actor.username == "grace"


@pytest.mark.parametrize(
    ("environment", "production"),
    [
        ("production", True),
        ("Production", True),
        ("prod", True),
        ("prod-eu", True),
        ("eu_prod", True),
        ("acme/live", True),
        ("Production / shop", True),
        ("staging", False),
        ("products", False),
        ("delivery", False),
        ("preprod", False),
        ("pre-production", False),
        ("non-prod", False),
        ("non_prod.prod", True),
        ("", False),
    ],
)
def test_an_environment_is_production_if_its_name_says_so(environment: str, *, production: bool) -> None:
    assert is_production(environment) is production


def test_an_environment_is_production_if_github_says_so() -> None:
    assert the_deployment(deployment("success", "berlin", production_environment=True)).production
    assert not the_deployment(deployment("success", "berlin", production_environment=False)).production


def test_an_address_that_is_none_is_left_out() -> None:
    assert the_deployment(deployment("success", status={"target_url": "javascript:alert(1)"})).url is None


@pytest.mark.parametrize("action", ["published", "released", "created"])
def test_a_release_is_one_event_under_each_of_its_actions(action: str) -> None:
    event = github("release", release(action))[0]
    assert event.id == "github:acme/api:release:v1.2.0"
    assert event.entity == "release:github:acme/api:v1.2.0"
    assert event.occurred_at == datetime(2026, 8, 31, 13, tzinfo=UTC)
    assert event.body == Release(
        tag="v1.2.0",
        name="The fast one",
        sha=sha("c"),
        text="- faster",
        url="https://github.com/acme/api/releases/tag/v1.2.0",
    )


def test_a_release_of_a_branch_has_no_commit_and_one_without_a_name_is_called_by_its_tag() -> None:
    told = github("release", release(target_commitish="main", name=None))[0].body
    assert isinstance(told, Release)
    assert (told.sha, told.name) == (None, "v1.2.0")


def test_a_draft_is_not_released() -> None:
    assert types(github("release", release("created", draft=True))) == ["raw"]


@pytest.mark.parametrize("action", ["deleted", "edited", "unpublished"])
def test_other_actions_on_a_release_are_not_understood(action: str) -> None:
    assert types(github("release", release(action))) == ["raw"]

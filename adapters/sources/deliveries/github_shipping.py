"""How GitHub's code reaches users: workflow runs, deployments, releases."""

import re
from typing import Final, Literal

from adapters.sources.deliveries.fields import Fields
from adapters.sources.deliveries.github_envelope import Envelope, account
from domain.events import Deployment, Event, Release, WorkflowRun

_OUTCOMES: Final[dict[str, Literal["success", "failure", "error", "inactive"]]] = {
    "success": "success",
    "failure": "failure",
    "error": "error",
    "inactive": "inactive",
}
"""States in which a deployment is over; the others say that it is under way."""
_PRODUCTION: Final = frozenset({"prod", "production", "live"})
_NOT: Final = frozenset({"non", "not", "pre"})
"""Before a word for production these make it something else: `pre-production`."""
_COMMIT: Final = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


def workflow_run(envelope: Envelope) -> list[Event] | None:
    """One attempt of a workflow that is over; None while it is not."""
    if envelope.action != "completed":
        return None
    run = envelope.body.child("workflow_run")
    run_id, attempt = run.identifier("id"), run.maybe_integer("run_attempt") or 1
    finished_at = run.moment("updated_at")  # GitHub names no other end
    finished = envelope.event(
        f"run:{run_id}:{attempt}",
        finished_at,
        f"run:github:{envelope.repository}:{run_id}",
        WorkflowRun(
            run_id=run_id,
            attempt=attempt,
            name=run.maybe_text("name") or run.maybe_text("path") or "",
            conclusion=run.maybe_text("conclusion") or "unknown",
            branch=run.maybe_text("head_branch"),
            sha=run.name("head_sha"),
            started_at=run.maybe_moment("run_started_at") or run.moment("created_at"),
            finished_at=finished_at,
            url=run.url("html_url"),
        ),
        account(run.maybe_child("triggering_actor") or run.maybe_child("actor")),
    )
    return [finished]


def deployment_status(envelope: Envelope) -> list[Event]:
    """A deployment that came to an end; nothing while it is under way, which is said often."""
    status, deployment = envelope.body.child("deployment_status"), envelope.body.child("deployment")
    outcome = _OUTCOMES.get(status.text("state").lower())
    if outcome is None:
        return []
    deployment_id = deployment.identifier("id")
    environment = status.maybe_text("environment") or deployment.name("environment")
    finished_at = status.moment("created_at")
    ended = envelope.event(
        f"deployment:{deployment_id}:status:{status.identifier('id')}",
        finished_at,
        f"deployment:github:{envelope.repository}:{deployment_id}",
        Deployment(
            deployment_id=deployment_id,
            environment=environment,
            production=deployment.flag("production_environment") or is_production(environment),
            outcome=outcome,
            sha=deployment.name("sha"),
            ref=deployment.maybe_text("ref") or "",
            requested_at=deployment.moment("created_at"),
            finished_at=finished_at,
            url=status.url("environment_url") or status.url("target_url") or status.url("log_url"),
        ),
        # The status is often set by a program, on behalf of whoever asked for the deployment.
        account(deployment.maybe_child("creator") or status.maybe_child("creator")),
    )
    return [ended]


def is_production(environment: str) -> bool:
    """Whether an environment's name says that it is production: `prod-eu`, `Live`, and not `pre-production`."""
    words = re.split(r"[\W_]+", environment.lower())
    return any(word in _PRODUCTION and before not in _NOT for before, word in zip(["", *words], words, strict=False))


def release(envelope: Envelope) -> list[Event] | None:
    """A published version. GitHub tells of it up to three times, under as many actions, at one time."""
    published = envelope.body.child("release")
    if envelope.action not in {"published", "released", "created"} or published.flag("draft"):
        return None
    tag = published.name("tag_name")
    made = envelope.event(
        f"release:{tag}",
        published.maybe_moment("published_at") or published.moment("created_at"),
        f"release:github:{envelope.repository}:{tag}",
        Release(
            tag=tag,
            name=published.maybe_text("name") or tag,
            sha=_commit_of(published),
            text=published.body("body"),
            prerelease=published.flag("prerelease"),
            url=published.url("html_url"),
        ),
        account(published.maybe_child("author")),
    )
    return [made]


def _commit_of(published: Fields) -> str | None:
    """The commit that was released, where GitHub names that and not a branch."""
    target = published.maybe_text("target_commitish") or ""
    return target if _COMMIT.fullmatch(target) else None

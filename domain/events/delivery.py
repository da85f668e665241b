"""What reaches users and how it does there: workflow runs, deployments, releases, measurements, alerts."""

from collections.abc import Mapping
from typing import Literal

from domain.frozen import Frozen, Utc


class WorkflowRun(Frozen):
    """One attempt of a CI workflow, once it is over."""

    type: Literal["workflow_run"] = "workflow_run"
    run_id: str
    attempt: int
    name: str
    conclusion: str
    branch: str | None = None
    sha: str
    started_at: Utc
    finished_at: Utc
    url: str | None = None


class Deployment(Frozen):
    """A deployment that came to an end, or was superseded."""

    type: Literal["deployment"] = "deployment"
    deployment_id: str
    environment: str
    production: bool
    outcome: Literal["success", "failure", "error", "inactive"]
    sha: str
    ref: str = ""
    requested_at: Utc
    finished_at: Utc
    url: str | None = None


class Release(Frozen):
    """A published version: a GitHub release, or a tag in a git clone."""

    type: Literal["release"] = "release"
    tag: str
    name: str
    sha: str | None = None
    text: str = ""
    prerelease: bool = False
    url: str | None = None


class MetricSample(Frozen):
    """One value of one time series, as Prometheus returned it."""

    type: Literal["metric_sample"] = "metric_sample"
    metric: str
    value: float
    labels: Mapping[str, str] = {}


class Alert(Frozen):
    """An alert as it stood when its notification was sent. One alert is known by its fingerprint and `starts_at`.

    Whether it is an incident is for `domain.delivery` to say: `labels` has the severity as whoever wrote the rule
    named it.
    """

    type: Literal["alert_firing", "alert_resolved"]
    fingerprint: str
    name: str
    summary: str = ""
    text: str = ""
    starts_at: Utc
    ends_at: Utc | None = None
    """When it was over; None while it fires."""
    labels: Mapping[str, str] = {}
    left_out: int = 0
    """How many more alerts of its group its notification did not tell, because there were too many."""
    url: str | None = None

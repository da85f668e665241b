"""What Prometheus is asked: a YAML file.

step: 60                      # seconds between two points, unless a query says otherwise
queries:
  - name: error_rate          # what the metric is called here
    query: sum by (service) (rate(http_requests_total{code=~"5.."}[5m]))
    project_label: service    # which label names the project, and
    projects:                 # which project each of its values is; a value such as acme/api needs no entry
      checkout: acme/checkout
  - name: payouts_latency
    query: histogram_quantile(0.95, sum by (le) (rate(payout_seconds_bucket[5m])))
    project: acme/payouts     # every series is this project's
    step: 300
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import yaml
from pydantic import ConfigDict, Field, ValidationError

from domain.errors import Misconfigured
from domain.frozen import Frozen
from domain.text import line

LARGEST: Final = 1024 * 1024
_LONGEST_STEP: Final = 86_400

Step = Annotated[int, Field(ge=1, le=_LONGEST_STEP)]


class _Strict(Frozen):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Query(_Strict):
    """One question. `step` is in seconds; `project` and the values of `projects` are `owner/name` or `kind:name`."""

    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z_:][\w:.-]*$")]
    query: Annotated[str, Field(min_length=1, max_length=10_000)]
    step: Step = 60
    project: str | None = None
    project_label: str | None = None
    projects: Mapping[str, str] = {}

    def project_of(self, labels: Mapping[str, str]) -> str | None:
        """Which project a series with these labels belongs to, if the file says so."""
        if self.project:
            return _reference(self.project)
        value = labels.get(self.project_label or "")
        if value is None:
            return None
        named = self.projects.get(value)
        return _reference(named) if named else (_reference(value) if "/" in value else None)


class _File(_Strict):
    step: Step = 60
    queries: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=500)]


def read_queries(path: Path) -> list[Query]:
    """The questions in the file at `path`.

    Raises:
        Misconfigured: it cannot be read, or says something that is not understood; the text says where.
    """
    name = f"ENGINTEL_PROMETHEUS_QUERIES ({str(path)!r})"
    try:
        if path.stat().st_size > LARGEST:
            raise Misconfigured(f"{name} is larger than {LARGEST // 1024} KB: expected a short list of queries.")
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{name} cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}.") from error
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise Misconfigured(f"{name} is not YAML{where}: {line(str(getattr(error, 'problem', '')), 100)}.") from error
    try:
        file = _File.model_validate(loaded)
        queries = [Query.model_validate({"step": file.step, **query}) for query in file.queries]
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the top"
        raise Misconfigured(f"{name} will not do at {line(where, 100)}: {line(first['msg'], 200)}.") from error
    names = [query.name for query in queries]
    if twice := next((each for each in names if names.count(each) > 1), None):
        raise Misconfigured(f"{name} names two queries {twice!r}: each needs a name of its own.")
    return queries


def _reference(project: str) -> str:
    return project if ":" in project else f"github:{project}"

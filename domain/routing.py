"""The routing table: which stores an event type goes to. Data, read by the router and printed into the README.

`events` takes everything, because it answers "how many" and "when". The others take what changes their picture:
the directory who and what exists and how work stands, the vectors what can be found by its words, the graph who
works on what and what depends on what.
"""

from enum import StrEnum
from typing import Final


class Store(StrEnum):
    """A role that is filled from the log. Each is its own consumer, with its own position."""

    DIRECTORY = "directory"
    EVENTS = "events"
    VECTORS = "vectors"
    GRAPH = "graph"


_D, _E, _V, _G = Store.DIRECTORY, Store.EVENTS, Store.VECTORS, Store.GRAPH

ROUTES: Final[dict[str, frozenset[Store]]] = {
    "commit": frozenset({_D, _E, _V, _G}),
    "commit_dropped": frozenset({_E, _V}),
    "push": frozenset({_D, _E}),
    "pr_opened": frozenset({_D, _E, _V, _G}),
    "pr_ready": frozenset({_D, _E}),
    "pr_review_requested": frozenset({_D, _E}),
    "pr_updated": frozenset({_D, _E}),
    "pr_closed": frozenset({_D, _E}),
    "pr_merged": frozenset({_D, _E, _V, _G}),
    "pr_reopened": frozenset({_D, _E}),
    "pr_reviewed": frozenset({_D, _E, _G}),
    "issue_created": frozenset({_D, _E, _V}),
    "issue_updated": frozenset({_D, _E, _V, _G}),
    "issue_deleted": frozenset({_D, _E, _V}),
    "issue_commented": frozenset({_D, _E}),
    "sprint_created": frozenset({_D, _E}),
    "sprint_started": frozenset({_D, _E}),
    "sprint_updated": frozenset({_D, _E}),
    "sprint_closed": frozenset({_D, _E}),
    "workflow_run": frozenset({_D, _E}),
    "deployment": frozenset({_D, _E}),
    "release": frozenset({_D, _E}),
    "metric_sample": frozenset({_E}),
    "alert_firing": frozenset({_E}),
    "alert_resolved": frozenset({_E}),
    "doc_changed": frozenset({_D, _E, _V}),
    "doc_removed": frozenset({_D, _E, _V}),
    "doc_signalled": frozenset({_E}),
    "manifest_changed": frozenset({_D, _E, _G}),
    "manifest_removed": frozenset({_D, _E, _G}),
    "codeowners_changed": frozenset({_D, _E}),
    "mailmap_changed": frozenset({_D, _E}),
    "project_described": frozenset({_D, _E, _G}),
    "person_described": frozenset({_D, _E}),
    "account_described": frozenset({_D, _E}),
    "team_joined": frozenset({_D, _E}),
    "team_left": frozenset({_D, _E}),
    "identity_merged": frozenset({_D, _E}),
    "identity_split": frozenset({_D, _E}),
    "raw": frozenset({_E}),
}


def stores_for(event_type: str) -> frozenset[Store]:
    """The stores that `event_type` goes to. A type without a row is kept by `events` and changes no other picture."""
    return ROUTES.get(event_type, frozenset({Store.EVENTS}))

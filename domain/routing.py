"""The routing table: which stores an event type goes to. Data, read by the router and printed into the README.

`events` takes everything, because it answers "how many" and "when". The others take what changes their picture:
the directory who and what exists and how work stands, the vectors what can be found by its words, the graph who
works on what and what depends on what, the automations what a team may want to react to.
"""

from enum import StrEnum
from typing import Final


class Store(StrEnum):
    """A role that is filled from the log. Each is its own consumer, with its own position."""

    DIRECTORY = "directory"
    EVENTS = "events"
    VECTORS = "vectors"
    GRAPH = "graph"
    AUTOMATIONS = "automations"
    """No store: the rules that a team wrote, which read the log like one. What they keep is what is to be done."""


_D, _E, _V, _G, _A = Store.DIRECTORY, Store.EVENTS, Store.VECTORS, Store.GRAPH, Store.AUTOMATIONS

ROUTES: Final[dict[str, frozenset[Store]]] = {
    "commit": frozenset({_D, _E, _V, _G, _A}),
    "commit_dropped": frozenset({_E, _V}),
    "push": frozenset({_D, _E, _A}),
    "pr_opened": frozenset({_D, _E, _V, _G, _A}),
    "pr_ready": frozenset({_D, _E, _A}),
    "pr_review_requested": frozenset({_D, _E, _A}),
    "pr_updated": frozenset({_D, _E, _A}),
    "pr_closed": frozenset({_D, _E, _A}),
    "pr_merged": frozenset({_D, _E, _V, _G, _A}),
    "pr_reopened": frozenset({_D, _E, _A}),
    "pr_reviewed": frozenset({_D, _E, _G, _A}),
    "issue_created": frozenset({_D, _E, _V, _A}),
    "issue_updated": frozenset({_D, _E, _V, _G, _A}),
    "issue_deleted": frozenset({_D, _E, _V, _A}),
    "issue_commented": frozenset({_D, _E, _A}),
    "sprint_created": frozenset({_D, _E, _A}),
    "sprint_started": frozenset({_D, _E, _A}),
    "sprint_updated": frozenset({_D, _E, _A}),
    "sprint_closed": frozenset({_D, _E, _A}),
    "workflow_run": frozenset({_D, _E, _A}),
    "deployment": frozenset({_D, _E, _A}),
    "release": frozenset({_D, _E, _A}),
    "metric_sample": frozenset({_E, _A}),
    "alert_firing": frozenset({_E, _A}),
    "alert_resolved": frozenset({_E, _A}),
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
    "raw": frozenset({_E, _A}),
}


def stores_for(event_type: str) -> frozenset[Store]:
    """The stores that `event_type` goes to. A type without a row is kept by `events` and changes no other picture."""
    return ROUTES.get(event_type, frozenset({Store.EVENTS}))

"""What happens by itself: rules that a team writes, held against every event, and what they would do about it.

Nothing here acts. A rule and an event give a verdict with its reasons, a verdict gives drafts, and drafts go the way
of every action: into the outbox.
"""

from domain.automations.effects import Effect, action_key, effects_of
from domain.automations.keys import is_key, mentioned, possible_keys, project_of
from domain.automations.matching import (
    SIGNATURE,
    Check,
    Circumstances,
    Verdict,
    concerns,
    is_ours,
    judge,
    keys_in,
    matches,
    moment_of,
    timely,
)
from domain.automations.nodes import Node
from domain.automations.reading import BadRules, read_rules
from domain.automations.rules import Rule, RuleBook
from domain.automations.sprints import sprint_summary

__all__ = [
    "SIGNATURE",
    "BadRules",
    "Check",
    "Circumstances",
    "Effect",
    "Node",
    "Rule",
    "RuleBook",
    "Verdict",
    "action_key",
    "concerns",
    "effects_of",
    "is_key",
    "is_ours",
    "judge",
    "keys_in",
    "matches",
    "mentioned",
    "moment_of",
    "possible_keys",
    "project_of",
    "read_rules",
    "sprint_summary",
    "timely",
]

"""Files of rules: what will do, and for everything else the line, what was expected and what to do."""

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.rules.yaml_file import parse_rules, shipped_rules
from domain.automations import BadRules
from domain.automations.schema import fields_of
from domain.automations.templates import BadTemplate, Template
from domain.events import EVENT_TYPES, Event
from domain.routing import Store, stores_for
from tests.acceptance.program import ROOT

GOOD = """\
channels:
  default: "#eng"
  jira:PAY: "#payments"
rules:
  - name: blocked
    when:
      source: jira
      type: issue_updated
      changed: {field: status, to: Blocked}
      where:
        priority: [High, Highest]
        points: {at_least: 3}
        labels: urgent
    then:
      - slack:
          channel: "{channel}"
          text: "{event.key} is blocked: {event.title} {event.url|no link}"
      - transition: {issue: "{event.key}", to: In Review, only_from: [To Do]}
    max_age: 30m
    max_per_hour: 5
"""
RULE = """\
rules:
  - name: x
    when:
      type: deployment
      where: {{{where}}}
    then:
      - slack: {{channel: "#eng", text: "{text}"}}
"""


def problems(text: str) -> tuple[str, ...]:
    """What is wrong with a file."""
    with pytest.raises(BadRules) as told:
        parse_rules(text, "a.yaml")
    return told.value.problems


def test_the_shipped_rules_will_do() -> None:
    """All of them, as they are."""
    book = parse_rules(shipped_rules(), "shipped.yaml")

    assert [rule.name for rule in book.enabled] == [
        "commit-mentions-issue", "pull-request-mentions-issue", "high-priority-issue-blocked", "deployment-failed",
        "sprint-closed",
    ]  # fmt: skip


def test_the_rules_that_the_readme_shows_will_do() -> None:
    """Whoever copies them must not be told that they are wrong."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    fenced = re.findall(r"^```yaml\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
    [shown] = [text for text in fenced if text.startswith("rules:") or "\nrules:" in text]

    assert [rule.name for rule in parse_rules(shown, "README.md").rules] == ["high-priority-issue-blocked"]


def test_a_rule_says_what_it_says() -> None:
    """Every part of it arrives."""
    book = parse_rules(GOOD, "a.yaml")
    [rule] = book.rules

    assert book.channels == {"default": "#eng", "jira:PAY": "#payments"}
    assert (rule.name, rule.line, rule.max_age, rule.max_per_hour) == ("blocked", 5, timedelta(minutes=30), 5)
    assert [str(condition) for condition in rule.when.where] == [
        "priority one of High, Highest", "points at least 3", "labels contains urgent",
    ]  # fmt: skip
    assert [action.kind for action in rule.then] == ["slack", "transition"]


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("name: blocked", "nam: blocked", 5, "unknown key 'nam': did you mean 'name'?"),
        ("name: blocked", "name: Is Blocked", 5, "expected lower case letters, digits and hyphens"),
        ("    when:\n", "    wehn:\n", 6, "unknown key 'wehn': did you mean 'when'?"),
        ("type: issue_updated", "type: issue_update", 8, "no event type 'issue_update' for rules: did you mean"),
        ("type: issue_updated", "typ: issue_updated", 8, "unknown key 'typ'"),
        ("source: jira", "source: gira", 7, "no source 'gira': did you mean 'jira'?"),
        ("field: status, to: Blocked", "to: Blocked", 9, "has no 'field'"),
        ("priority: [High, Highest]", "prio: High", 11, "issue_updated has no field 'prio': did you mean"),
        ("priority: [High, Highest]", "priority: []", 11, "expected a list with at least one item"),
        ("priority: [High, Highest]", "priority: {same: High}", 11, "unknown key 'same'"),
        ("priority: [High, Highest]", "priority: {at_least: 3}", 11, "at_least cannot be asked of 'priority', a text"),
        ("priority: [High, Highest]", "priority: yes", 11, "expected a text, not yes; put a word in quotes"),
        ("priority: [High, Highest]", "category: finished", 11, "'category' is never 'finished': expected one of todo"),
        ("{at_least: 3}", "{at_least: many}", 12, "expected a number, not 'many'"),
        ("{at_least: 3}", "{contains: 3}", 12, "contains cannot be asked of 'points', a number"),
        ("{at_least: 3}", "{present: 3}", 12, "expected true or false, not 3"),
        ('"{channel}"', "{channel}", 16, "expected a text, not a mapping"),
        ('"{channel}"', '"payments"', 16, "channel is 'payments': expected '#name'"),
        ('"{channel}"', '"{event.title}"', 16, "expected '#name', an id, or {channel}"),
        ("{event.title}", "{event.titel}", 17, "which issue_updated does not have: did you mean 'event.title'?"),
        ("{event.title}", "{title}", 17, "names {title}, which there is not: did you mean"),
        ("{event.title}", "{issue}", 17, "add `mentions: issue` to when"),
        ("{event.title}", "{summary}", 17, "{summary}, which only sprints have"),
        ("{event.title}", "{event.title", 17, "has no partner"),
        ("{event.title}", "{}", 17, "has no name"),
        ("{event.title}", "<!channel>", 17, "would notify a whole channel"),
        ('issue: "{event.key}"', 'issue: "the issue"', 18, "expected a key such as PAY-12"),
        ('issue: "{event.key}"', 'issue: "{event.title}"', 18, "expected a key such as PAY-12"),
        ("- transition:", "- move:", 18, "unknown key 'move': expected one of comment, transition, slack"),
        ("to: In Review,", "", 18, "has no 'to'"),
        ("max_age: 30m", "max_age: soon", 19, "expected a time such as 30m, 2h or 1d"),
        ("max_age: 30m", "max_age: 90d", 19, "30d at most"),
        ("max_per_hour: 5", "max_per_hour: 0", 20, "expected a number from 1 to 1000, not 0"),
        ("max_per_hour: 5", "enabled: maybe", 20, "expected true or false, not 'maybe'"),
        ('default: "#eng"', "default: #eng", 2, "expected a text, not nothing"),
        ('default: "#eng"', "default: General", 2, "is 'General': expected '#name'"),
        ("rules:", "rule:", 4, "unknown key 'rule': did you mean 'rules'?"),
        ("        labels: urgent", "        points: 1", 13, "the key 'points' is there twice"),
        ("labels: urgent", "labels: [", 15, "not YAML"),
        ("labels: urgent", "labels: !!python/object:os.system x", 13, "a tag"),
        ("labels: urgent", "labels: &a [*a]", 13, "an anchor"),
    ],
)  # fmt: skip
def test_what_will_not_do_is_told_with_its_line(old: str, new: str, line: int, says: str) -> None:
    """And with what was expected in its place."""
    assert old in GOOD
    [problem, *_] = problems(GOOD.replace(old, new, 1))

    assert problem.startswith(f"a.yaml, line {line}: ")
    assert says in problem


@pytest.mark.parametrize(
    "where",
    [
        "source: github", "environment: {present: true}", "outcome: [success, failure, error, inactive]",
        "environment: {contains: ''}",
    ],
)  # fmt: skip
def test_a_rule_that_matches_everything_is_refused(where: str) -> None:
    """A condition that always holds is none."""
    [problem] = problems(RULE.format(where=where, text="x"))

    assert "would match every deployment" in problem or "expected a text" in problem


@pytest.mark.parametrize("event_type", ["commit", "issue_updated", "push", "issue_commented", "metric_sample", "raw"])
def test_a_busy_type_alone_is_refused(event_type: str) -> None:
    """A team would hear of nothing else."""
    text = f"rules:\n  - name: x\n    when: {{type: {event_type}}}\n    then: [{{slack: {{channel: '#a', text: x}}}}]\n"

    assert f"would match every {event_type}" in problems(text)[0]


def test_all_problems_are_told_and_one_line_says_how_many() -> None:
    """Nobody wants to run it once a mistake."""
    one = "  - {name: %s, when: {type: deployment}, then: [{slack: {channel: '#a', text: x}}]}\n"
    text = "rules:\n" + one % "a" + one % "b" + "  - {name: c}\n"

    told = problems(text)
    assert [problem.partition(":")[0] for problem in told] == ["a.yaml, line 2", "a.yaml, line 3", "a.yaml, line 4"]
    with pytest.raises(BadRules, match="and 2 more"):
        parse_rules(text, "a.yaml")


def test_two_rules_of_one_name_are_refused() -> None:
    """What was done by which could not be told."""
    rule = RULE.format(where="outcome: failure", text="x")
    assert "a second rule is named 'x'" in problems(rule + rule.removeprefix("rules:\n"))[0]


def test_the_same_action_on_the_same_target_twice_is_refused() -> None:
    """It would be done once, and nobody would know which."""
    twice = '      - slack: {channel: "#eng", text: "y"}\n'
    assert "to the same target twice" in problems(RULE.format(where="outcome: failure", text="x") + twice)[0]


@given(st.text(max_size=200))
def test_any_text_is_rules_or_a_told_problem(text: str) -> None:
    """A file that somebody is in the middle of editing stops nothing."""
    try:
        parse_rules(text, "a.yaml")
    except BadRules as error:
        assert all(problem.startswith("a.yaml, line ") for problem in error.problems)  # noqa: PT017 - both may be


@given(st.integers(0, 19), st.sampled_from(["", "  x", "- x", ": :", "{", "[[", "\t", "a: &b *b", "'"]))
def test_a_broken_line_anywhere_is_told(number: int, broken: str) -> None:
    """Whatever the accident."""
    lines = GOOD.splitlines()
    lines[number] = broken
    try:
        parse_rules("\n".join(lines), "a.yaml")
    except BadRules as error:
        assert all(problem.startswith("a.yaml, line ") for problem in error.problems)  # noqa: PT017 - as above


def test_deep_nesting_is_refused_and_not_fallen_into() -> None:
    """A file is not a well."""
    assert "nested too deeply" in problems("[" * 20_000)[0]


PIECES = st.lists(st.one_of(st.text(alphabet="ab {}\n", max_size=8), st.just("{x}")), max_size=6)


@given(PIECES)
def test_a_text_with_doubled_braces_comes_out_as_it_was(pieces: list[str]) -> None:
    """Whatever a team wants to say can be said."""
    text = "".join(pieces)
    template = Template.parse(text.replace("{", "{{").replace("}", "}}"))

    assert template.fill(lambda _: "never") == text
    assert template.fixed == text


@given(st.text(alphabet="ab{}| .", max_size=30))
def test_any_text_is_a_template_or_refused(text: str) -> None:
    """Filling one never fails."""
    try:
        template = Template.parse(text)
    except BadTemplate:
        return
    template.fill(lambda _: None)


def test_no_field_of_a_body_hides_one_of_the_envelope() -> None:
    """`{event.id}` would otherwise mean one thing here and another there."""
    own = set(Event.model_fields) - {"body"}
    for event_type in EVENT_TYPES:
        if Store.AUTOMATIONS in stores_for(event_type):
            assert own - {"actor"} <= set(fields_of(event_type))

"""Events: whatever body they carry, what is written into the log is what is read out of it, by any version."""

import json
import types
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.events import (
    EVENT_TYPES,
    Body,
    Commit,
    Event,
    MetricSample,
    ProjectDescribed,
    PullRequest,
    Push,
    Source,
    decode,
    encode,
    git_actor,
)
from domain.frozen import Frozen
from tests.unit.domain.builders import ADA, at, event

BODIES: tuple[type[Frozen], ...] = get_args(Body)
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
PLAIN: Mapping[type, st.SearchStrategy[Any]] = {
    str: st.text(max_size=12),
    int: st.integers(-(2**63), 2**63),
    float: st.floats(allow_nan=False),
    bool: st.booleans(),
    datetime: MOMENTS,
    types.NoneType: st.none(),
    Source: st.sampled_from(Source),
}


def values(annotation: Any) -> st.SearchStrategy[Any]:
    """Every value that a field of this type may have."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return values(arguments[0])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in {Union, types.UnionType}:
        return st.one_of([values(each) for each in arguments])
    if origin is tuple:
        return st.lists(values(arguments[0]), max_size=3).map(tuple)
    if origin is Mapping:
        return st.dictionaries(values(arguments[0]), values(arguments[1]), max_size=3)
    return models(annotation) if issubclass(annotation, Frozen) else PLAIN[annotation]


def models(model: type[Frozen]) -> st.SearchStrategy[Any]:
    """Every value of a model, each field on its own: given, or at its default where it has one."""
    fields = {name: values(field.annotation) for name, field in model.model_fields.items()}
    needed = {name: each for name, each in fields.items() if model.model_fields[name].is_required()}
    rest = {name: each for name, each in fields.items() if name not in needed}
    return st.fixed_dictionaries(needed, optional=rest).map(lambda chosen: model(**chosen))


def events(bodies: st.SearchStrategy[Any]) -> st.SearchStrategy[Event]:
    """Events with such bodies."""
    envelope = {name: values(field.annotation) for name, field in Event.model_fields.items() if name != "body"}
    return st.builds(Event, **envelope, body=bodies)


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.__name__)
@settings(max_examples=30)
@given(st.data())
def test_what_is_written_into_the_log_is_what_is_read_out_of_it(body: type[Frozen], data: st.DataObject) -> None:
    """The log is the truth: a field that is lost on the way in is lost for every store, for good."""
    written = data.draw(events(models(body)))
    assert decode(encode(written)) == written


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.__name__)
@settings(max_examples=30)
@given(st.data())
def test_fields_that_only_a_newer_version_knows_are_ignored(body: type[Frozen], data: st.DataObject) -> None:
    """A fleet is upgraded one process at a time, all of them on one log."""
    written = data.draw(events(models(body)))
    assert decode(json.dumps(with_news(json.loads(encode(written))))) == written


def with_news(plain: Any) -> Any:
    """The same with a field more in every object; labels are not fields."""
    if isinstance(plain, list):
        return [with_news(each) for each in plain]
    if isinstance(plain, dict):
        return {"news": [1], **{key: each if key == "labels" else with_news(each) for key, each in plain.items()}}
    return plain


def test_every_event_type_has_a_body_and_no_two_bodies_share_one() -> None:
    """The type alone says how to read the rest."""
    assert len(set(EVENT_TYPES)) == len(EVENT_TYPES)
    assert {get_args(body.model_fields["type"].annotation)[0] for body in BODIES} <= set(EVENT_TYPES)


def test_fields_at_their_defaults_take_no_room_and_the_type_is_always_there() -> None:
    """A log of ten million events is mostly defaults."""
    written = json.loads(encode(event(Commit(sha="abc", title="Add", authored_at=at()), at())))
    assert written["body"] == {"type": "commit", "sha": "abc", "title": "Add", "authored_at": "2026-03-02T00:00:00Z"}


def test_a_moment_is_written_in_utc_whatever_zone_it_was_told_in() -> None:
    """Whoever reads the log by eye compares times as text."""
    told = datetime.fromisoformat("2026-03-03T01:30:00+02:00")
    assert b'"occurred_at":"2026-03-02T23:30:00Z"' in encode(event(MetricSample(metric="up", value=1), told))


def test_nothing_said_of_dependencies_differs_from_said_that_there_are_none() -> None:
    """One keeps what another source says of them, the other takes it back."""
    silent, none = ProjectDescribed(depends_on=None), ProjectDescribed(depends_on=())
    assert decode(encode(event(silent, at()))).body == silent
    assert decode(encode(event(none, at()))).body == none != silent


def envelope(**fields: Any) -> str:
    """An event as JSON, whole but for what is named."""
    dropped = {"type": "commit_dropped", "sha": "a"}
    known = {"id": "1", "source": "github", "occurred_at": "2026-03-02T00:00:00Z", "entity": "x", "body": dropped}
    return json.dumps({**known, **fields})


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param("", id="nothing"),
        pytest.param(envelope()[:40], id="half an event"),
        pytest.param("null", id="no object"),
        pytest.param(envelope(body=None), id="no body"),
        pytest.param(envelope(body={"type": "dreamt"}), id="a type that nobody knows"),
        pytest.param(envelope(occurred_at="2026-03-02T00:00:00"), id="a time without a zone"),
        pytest.param(envelope(source="gitlab"), id="a source that nobody knows"),
    ],
)
def test_what_cannot_be_read_is_one_kind_of_error(payload: str) -> None:
    """A reader of the log catches exactly this, and goes on with the next entry."""
    assert decode(envelope()).type == "commit_dropped"
    with pytest.raises(ValidationError):
        decode(payload)


def test_a_branch_that_begins_or_ends_has_nothing_on_one_side() -> None:
    """A push without a commit before it must still be readable."""
    begun = event(Push(branch="x", default_branch=False, before=None, after="abc"), at())
    ended = event(Push(branch="x", default_branch=False, before="abc", after=None), at())
    assert [decode(encode(each)) for each in (begun, ended)] == [begun, ended]


def test_an_event_knows_its_type_by_its_body() -> None:
    """One body serves several types."""
    told = PullRequest(type="pr_ready", number=1, title="", state="open", created_at=at(), updated_at=at())
    assert event(told, at()).type == "pr_ready"


@pytest.mark.parametrize(
    ("name", "mail", "key"),
    [
        ("Ada Lovelace", "Ada@Acme.dev", "git:Ada Lovelace <ada@acme.dev>"),
        (" Ada ", " ada@acme.dev ", "git:Ada <ada@acme.dev>"),
        ("Ada", "hello", "git:Ada <hello>"),
        ("", "ada@acme.dev", "git:<ada@acme.dev>"),
        ("", "", "git:<>"),
    ],
)
def test_a_git_signature_is_an_account_whatever_it_says(name: str, mail: str, key: str) -> None:
    """Git has no accounts and believes whatever is configured; mail has no capital letters."""
    assert git_actor(name, mail).key == key


def test_a_git_signature_without_a_name_has_none() -> None:
    """An empty name would be everybody's."""
    nobody = git_actor("", "")
    assert (nobody.name, nobody.email) == (None, None)


def test_an_account_is_known_by_its_source_and_what_the_source_holds_constant() -> None:
    """Logins change hands, numbers do not."""
    assert ADA.key == "github:101"
    assert ADA.model_copy(update={"source": Source.JIRA}).key == "jira:101"

"""What `doctor --count` misses, and what it does not."""

from domain.routing import Store
from server.cli.counting import missing_events

ROUTED = {"commit": 90, "commit_dropped": 4, "metric_sample": 6}


def test_events_that_are_not_there_are_missed_one_by_one() -> None:
    """Those that went away by being dropped, or were thinned out, are not."""
    assert missing_events(Store.EVENTS, {"events": 100}, ROUTED, 100) == 0
    assert missing_events(Store.EVENTS, {"events": 95}, ROUTED, 100) == 1
    assert missing_events(Store.EVENTS, {"events": 90, "samples": 2}, ROUTED, 100) == 0


def test_events_that_are_let_go_of_by_age_are_missed_only_if_all_are_gone() -> None:
    """Nobody counted how many of the log's were so old."""
    assert missing_events(Store.EVENTS, {"events of 30 days": 12, "touches": 5}, ROUTED, 100) == 0
    assert missing_events(Store.EVENTS, {"events of 30 days": 0, "touches": 0}, ROUTED, 100) == 100


def test_of_other_stores_it_is_known_whether_there_is_anything() -> None:
    """What events add up to there has another number."""
    assert missing_events(Store.GRAPH, {"dependencies": 3}, ROUTED, 100) == 0
    assert missing_events(Store.GRAPH, {"dependencies": 0}, ROUTED, 100) == 100

"""What Neo4j can say that no test can bring it to: each says which role, which engine, what, and what to do."""

import pytest
from neo4j.exceptions import Neo4jError

from adapters.graph.neo4j_errors import Place
from domain.errors import EngintelError, Misconfigured, PoisonEvent, StoreUnavailable

PLACE = Place("neo4j+s://graph.example:7687/neo4j", 10)


def told(code: str, message: str = "secret words of a query", *, using: bool = True) -> EngintelError:
    """What becomes of an error with this code."""
    with pytest.raises(EngintelError) as raised, PLACE.translated(using=using):
        raise Neo4jError._hydrate_neo4j(code=code, message=message)  # noqa: SLF001 - as the driver makes them
    assert "secret" not in str(raised.value)
    return raised.value


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("Neo.DatabaseError.Transaction.TransactionLogError", "cannot write to its disk: make room there"),
        ("Neo.DatabaseError.Transaction.TransactionCommitFailed", "see whether its disk is full"),
        ("Neo.TransientError.General.DatabaseUnavailable", "the database is not up"),
        ("Neo.TransientError.General.MemoryPoolOutOfMemoryError", "it is out of memory"),
        ("Neo.TransientError.General.OutOfMemoryError", "it is out of memory"),
        ("Neo.ClientError.Cluster.NotALeader", "takes no writes; it is read-only, or a follower of a cluster"),
        ("Neo.ClientError.General.ForbiddenOnReadOnlyDatabase", "takes no writes; it is read-only"),
        ("Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration", "took too long and was ended (10 s"),
        ("Neo.ClientError.Security.CredentialsExpired", "the password has to be changed first"),
        ("Neo.ClientError.Security.AuthenticationRateLimit", "takes no more sign-ins for a while"),
        ("Neo.ClientError.Security.Forbidden", "the user may not do that: it needs to read and write"),
        ("Neo.ClientError.Statement.SyntaxError", "it has to be Neo4j 5.26 or newer"),
        ("Neo.TransientError.Transaction.DeadlockDetected", "Neo.TransientError.Transaction.DeadlockDetected"),
        ("Neo.ClientError.Some.Thing", "it refuses a statement (Neo.ClientError.Some.Thing)"),
    ],
)
def test_trouble_of_the_store_is_never_the_events(code: str, says: str) -> None:
    """It is told with the role, the engine and its address, and nothing is put aside for it."""
    error = told(code)

    assert isinstance(error, StoreUnavailable)
    assert str(error).startswith("The graph store is not available: Neo4j at neo4j+s://graph.example:7687/neo4j: ")
    assert says in str(error)


@pytest.mark.parametrize(
    "code",
    [
        "Neo.ClientError.Security.Unauthorized",
        "Neo.ClientError.Security.CredentialsExpired",
        "Neo.ClientError.Database.DatabaseNotFound",
        "Neo.ClientError.Security.Forbidden",
    ],
)
def test_what_the_operator_must_mend_is_said_so_where_the_store_is_set_up(code: str) -> None:
    """`doctor` and `migrate` end with it; a store that is in use waits for it to be mended."""
    assert isinstance(told(code, using=False), Misconfigured)
    assert isinstance(told(code, using=True), StoreUnavailable)


def test_what_can_never_be_held_is_the_events_trouble() -> None:
    """A name too long for the index that finds it, a value of no type."""
    message = "Property value is too large to index, please see index documentation for limitations."
    assert isinstance(told("Neo.DatabaseError.Statement.ExecutionFailed", message), PoisonEvent)
    assert isinstance(told("Neo.ClientError.Statement.TypeError"), PoisonEvent)
    with pytest.raises(PoisonEvent), PLACE.translated(using=True):
        "\ud800".encode()

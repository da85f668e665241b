"""Aurora PostgreSQL over the RDS Data API, for who cannot hold connections: Lambda functions outside of the VPC.

It gives transactions as `Database` does, each of them four requests at least: begin, bind to the organisation, ask,
commit. A request is never repeated: whether a statement was run before its answer was lost cannot be known, and run
twice in one transaction it may see its own effect. Whoever asked begins again, as after a lost connection.
"""

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import asyncpg
import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError, PartialCredentialsError

from adapters.address import filled, parse, wrong
from adapters.postgres.connecting import SESSION
from adapters.postgres.data_api_wire import LIMITS, rows_of, translate
from adapters.postgres.database import ROLE, Connection, check_org
from adapters.postgres.failures import translated
from adapters.secrets.aws import region_here
from domain.errors import EngintelError, StoreUnavailable

VARIABLE: Final = "ENGINTEL_DIRECTORY_URL"
STORE: Final = "PostgreSQL (RDS Data API)"
_CONNECTIONS: Final = 8
_PAGE: Final = 500
"""Rows that are asked for at once, where an answer as a whole is too large."""
_STATE: Final = re.compile(r"SQLState: ?(\w{5})")
_NAME: Final = re.compile(r"^[a-zA-Z][a-zA-Z0-9-]{0,62}$")
_ARN: Final = re.compile(r"^arn:[a-z-]+:rds:([a-z0-9-]+):\d{12}:cluster:[\w:-]+$")
_OWNER: Final = "SELECT " + ", ".join(f"set_config('{name}', '{value}', true)" for name, value in SESSION.items())
_SESSION: Final = f"{_OWNER}, set_config('engintel.org', $1, true), set_config('role', '{ROLE}', true)"
_READ_ONLY: Final = ", set_config('transaction_read_only', 'on', true)"
Result = TypeVar("Result")

_REASONS: Final[Mapping[str, str]] = {
    "AccessDeniedException": "AWS denies it. Allow rds-data:* on the cluster and secretsmanager:GetSecretValue "
    "on its secret",
    "ForbiddenException": "AWS denies it. Allow rds-data:* on the cluster and secretsmanager:GetSecretValue "
    "on its secret",
    "DatabaseNotFoundException": f"there is no such database. Check database in {VARIABLE}",
    "DatabaseResumingException": "the cluster was paused and is waking up. Ask again in fifteen seconds",
    "DatabaseUnavailableException": "the cluster has no writer at the moment. It is asked again",
    "HttpEndpointNotEnabledException": "the cluster's Data API is off. Turn it on (EnableHttpEndpoint)",
    "InvalidResourceStateException": "the cluster is not running. It is asked again",
    "InvalidSecretException": f"the secret opens no database. Check secret in {VARIABLE}",
    "NotFoundException": f"there is no such cluster. Check {VARIABLE}",
    "SecretsErrorException": f"the secret cannot be read. Check secret in {VARIABLE} and its rights",
    "StatementTimeoutException": f"a statement took longer than {LIMITS.seconds} seconds",
    "TransactionNotFoundException": f"a transaction was idle for more than {LIMITS.idle_seconds} seconds and was ended",
    "UnsupportedResultException": "it cannot carry an answer of this type",
    "UnrecognizedClientException": "AWS does not know our credentials. Check AWS_ACCESS_KEY_ID or the role",
    "ExpiredTokenException": "our AWS credentials have expired. Get new ones",
    "InvalidSignatureException": "AWS does not take our credentials. Check AWS_SECRET_ACCESS_KEY",
}
"""What the API says, in words that can be shown to anybody, and what to do. Its own text names resources."""


class TooLarge(StoreUnavailable):
    """An answer that the API does not carry."""

    def __init__(self) -> None:
        super().__init__(
            STORE,
            f"an answer is larger than {LIMITS.response >> 20} MiB, or a row than {LIMITS.row >> 10} KiB. An "
            "organisation of this size needs connections: set ENGINTEL_DATABASE_URL in place of "
            f"{VARIABLE}",
        )


@dataclass(frozen=True)
class DataApiAddress:
    """A cluster, by its ARN or its name, the secret that opens it, and the database in it."""

    cluster: str
    secret: str
    database: str
    region: str | None = None
    endpoint: str | None = None


def _http(value: str) -> str:
    there = urlsplit(value)
    if there.scheme not in {"http", "https"} or not there.hostname or there.username or there.password:
        raise ValueError("is not an address: expected http:// or https:// and a host")
    return value


def read_data_api(url: str) -> DataApiAddress:
    """The address that `rds-data://CLUSTER?secret=…&database=…` spells.

    Raises:
        Misconfigured: it will not do; the text names the option.
    """
    options = {"secret": filled, "database": filled, "region": filled, "endpoint": _http}
    address = parse(VARIABLE, url, options)
    if address.user is not None:
        raise address.wrong("rds-data:// takes no user: the secret has one")
    arn = _ARN.match(address.place)
    if not arn and not _NAME.match(address.place):
        raise address.wrong("expected rds-data:// and the ARN or the name of a cluster")
    for needed in ("secret", "database"):
        if needed not in address.options:
            raise address.wrong(f"{needed} is missing: rds-data://CLUSTER?secret=NAME-OR-ARN&database=engintel")
    return DataApiAddress(
        cluster=address.place,
        secret=address.options["secret"],
        database=address.options["database"],
        region=address.options.get("region") or (arn[1] if arn else None),
        endpoint=address.options.get("endpoint"),
    )


class DataApiDatabase:
    """Transactions in one database of one cluster; see `adapters.postgres.database.Sessions`."""

    embedded = False

    def __init__(self, address: DataApiAddress) -> None:
        """Name the database; nothing is asked.

        Args:
            address: where it is.
        """
        self.address = address
        self._threads = ThreadPoolExecutor(_CONNECTIONS, "data-api")
        self._making = threading.Lock()
        self._client: Any = None
        self._cluster = address.cluster

    async def close(self) -> None:
        """Let go of threads and connections, once what they do is done."""
        await asyncio.to_thread(self._threads.shutdown)
        if self._client is not None:
            self._client.close()

    @asynccontextmanager
    async def session(self, org: str, *, readonly: bool = False) -> AsyncIterator[Connection]:
        """A transaction that sees and changes rows of `org` alone: PostgreSQL itself enforces it."""
        check_org(org)
        begin = (_SESSION + (_READ_ONLY if readonly else ""), org)
        async with self._transaction(begin, readonly=readonly) as connection:
            yield connection

    @asynccontextmanager
    async def owner(self) -> AsyncIterator[Connection]:
        """A transaction as the user of the secret."""
        async with self._transaction((_OWNER,), readonly=False) as connection:
            yield connection

    async def tend(self, tables: Collection[str]) -> None:
        """Count anew what tables hold."""
        async with self.owner() as connection:
            await connection.execute(f"ANALYZE {', '.join(tables)}")

    @asynccontextmanager
    async def _transaction(self, begin: tuple[str, ...], *, readonly: bool) -> AsyncIterator["DataApiConnection"]:
        connection = DataApiConnection(self, begin, readonly=readonly)
        with translated(STORE):
            try:
                await connection.begin()
                yield connection
                await connection.commit()
            except BaseException:
                connection.abandon()
                raise

    def submit(self, call: Callable[[], Result]) -> "Future[Result]":
        """Let a thread make a call."""
        return self._threads.submit(call)

    def call(self, operation: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - the API's own values
        """Make one request, and wait for its answer, in this thread.

        Raises:
            asyncpg.PostgresError: PostgreSQL refused the statement.
            TooLarge: the answer cannot be carried.
            StoreUnavailable: anything else.
        """
        with _translated():
            client = self._connected()
            if operation not in _BY_TRANSACTION:
                more["database"] = self.address.database
            answer: dict[str, Any] = getattr(client, operation)(
                resourceArn=self._cluster, secretArn=self.address.secret, **more
            )
            return answer

    def _connected(self) -> Any:  # noqa: ANN401 - boto3 makes its classes at run time
        with self._making:
            if self._client is None:
                session = boto3.session.Session(region_name=self.address.region or region_here())
                if not self._cluster.startswith("arn:"):
                    account = session.client("sts").get_caller_identity()["Account"]
                    partition = session.get_partition_for_region(session.region_name)
                    self._cluster = f"arn:{partition}:rds:{session.region_name}:{account}:cluster:{self._cluster}"
                self._client = session.client(
                    "rds-data",
                    endpoint_url=self.address.endpoint,
                    config=Config(
                        connect_timeout=5,
                        read_timeout=LIMITS.seconds + 5,
                        max_pool_connections=_CONNECTIONS,
                        retries={"mode": "standard", "total_max_attempts": 1},  # see the module's first words
                    ),
                )
            return self._client


_BY_TRANSACTION: Final = frozenset({"commit_transaction", "rollback_transaction"})
"""What names a transaction, and no database."""


class DataApiConnection:
    """One transaction, with the methods of asyncpg's connections. Rows are dicts."""

    def __init__(self, database: DataApiDatabase, opening: tuple[str, ...], *, readonly: bool) -> None:
        """Name the transaction; nothing is asked.

        Args:
            database: where.
            opening: the statement that binds it, and its values.
            readonly: whether it may be begun again in the middle: nothing of it can be lost.
        """
        self._database = database
        self._opening = opening
        self._readonly = readonly
        self._id: str | None = None
        self._running: Future[Any] | None = None

    async def begin(self) -> None:
        """Begin, and bind."""
        await self._on(self._begun)
        await self.execute(*self._opening)

    async def commit(self) -> None:
        """Make durable what was done."""
        await self._on(lambda: self._database.call("commit_transaction", transactionId=self._id))

    def abandon(self) -> None:
        """Undo what was done, as soon as what is still being asked is answered. Nobody waits for that."""
        running = self._running

        def undo() -> None:
            if running is not None:
                wait([running])
            self._roll_back()

        self._database.submit(undo)

    def _begun(self) -> None:
        self._id = str(self._database.call("begin_transaction")["transactionId"])

    def _roll_back(self) -> None:
        if self._id is not None:
            with suppress(EngintelError, asyncpg.PostgresError):  # it ends by itself after a while
                self._database.call("rollback_transaction", transactionId=self._id)
                self._id = None

    async def execute(self, query: str, /, *args: Any) -> str:  # noqa: ANN401 - values of any type
        """Run a statement; gives the command and how many rows it touched."""
        answer = await self._ask(query, args)
        return f"{query.split(maxsplit=1)[0].upper()} {answer.get('numberOfRecordsUpdated', 0)}"

    async def fetch(self, query: str, /, *args: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - as above
        """The rows of an answer; one that is too large is read in pieces, where nothing was written yet."""
        try:
            return rows_of(await self._ask(query, args))
        except TooLarge:
            if not self._readonly:
                raise
        size = _PAGE
        while True:
            try:
                return await self._in_pieces(query, args, size)
            except TooLarge:
                if size == 1:
                    raise
                size = max(1, size // 8)

    async def _in_pieces(self, query: str, args: tuple[Any, ...], size: int) -> list[dict[str, Any]]:
        await self._on(self._roll_back)
        await self.begin()
        await self._ask(f"DECLARE pieces NO SCROLL CURSOR FOR {query}", args)
        rows: list[dict[str, Any]] = []
        while True:
            piece = rows_of(await self._ask(f"FETCH {size} FROM pieces", ()))
            rows += piece
            if len(piece) < size:
                return rows

    async def fetchrow(self, query: str, /, *args: Any) -> dict[str, Any] | None:  # noqa: ANN401 - as above
        """The first row; None if there is none."""
        rows = await self.fetch(query, *args)
        return rows[0] if rows else None

    async def fetchval(self, query: str, /, *args: Any) -> Any:  # noqa: ANN401 - as above
        """The first column of the first row; None if there is none."""
        row = await self.fetchrow(query, *args)
        return next(iter(row.values())) if row else None

    async def _ask(self, query: str, args: tuple[Any, ...]) -> dict[str, Any]:
        sql, parameters = translate(query, args)
        more = {"sql": sql, "parameters": parameters, "includeResultMetadata": True}
        return await self._on(lambda: self._database.call("execute_statement", transactionId=self._id, **more))

    async def _on(self, call: Callable[[], Result]) -> Result:
        self._running = running = self._database.submit(call)
        return await asyncio.wrap_future(running)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what the API says into what PostgreSQL's driver would have raised, or into our own errors."""
    try:
        yield
    except ClientError as error:
        told = error.response.get("Error", {})
        code, text = str(told.get("Code", "")), str(told.get("Message", ""))
        if "response size limit" in text or "paginate your query" in text:
            raise TooLarge from error
        state = _STATE.search(text)
        if state:
            raise _kind_of(state[1])(text) from error
        raise StoreUnavailable(STORE, _REASONS.get(code, f"it answered {code or 'with an error'}")) from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise StoreUnavailable(STORE, "there are no AWS credentials. Set AWS_ACCESS_KEY_ID or a role") from error
    except NoRegionError as error:
        raise wrong(VARIABLE, "no AWS region is known: write &region=eu-central-1") from error
    except BotoCoreError as error:
        raise StoreUnavailable(STORE, f"it does not answer ({type(error).__name__})") from error


def _kind_of(state: str) -> type[asyncpg.PostgresError]:
    """The driver's error for one of PostgreSQL's codes, or for its class."""
    return _KINDS.get(state) or _KINDS.get(f"{state[:2]}000", asyncpg.PostgresError)


_KINDS: Final[Mapping[str, type[asyncpg.PostgresError]]] = {
    kind.sqlstate: kind
    for kind in vars(asyncpg.exceptions).values()
    if isinstance(kind, type) and issubclass(kind, asyncpg.PostgresError) and isinstance(kind.sqlstate, str)
}

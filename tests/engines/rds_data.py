"""The RDS Data API in AWS's place: its JSON over HTTP on loopback, its typing, its limits, a real PostgreSQL behind it.

What it keeps to, from Amazon's pages on the Data API and its published model: a text is `text` and not of whatever
type would fit, a number `bigint`; arrays are no parameters; one statement a request; a row of at most 64 KiB, an answer
of at most 1 MiB; times in UTC without their zone; results of other than the listed types are refused.
"""

import asyncio
import base64
import json
import re
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import asyncpg

from adapters.postgres.data_api_wire import LIMITS
from tests.engines.serving import JsonFace, served

CLUSTER = "arn:aws:rds:eu-central-1:123456789012:cluster:engintel"
SECRET = "engintel/directory"
_PARAMETER = re.compile(r"('(?:[^']|'')*')|(?<!:):([A-Za-z]\w*)|(;)\s*\S")
_CASTS = {"longValue": "bigint", "doubleValue": "float8", "booleanValue": "boolean", "stringValue": "text"}
_HINTS = {
    "UUID": "uuid",
    "TIMESTAMP": "timestamp",
    "DATE": "date",
    "TIME": "time",
    "DECIMAL": "numeric",
    "JSON": "json",
}
_CARRIED = {
    "bool", "bytea", "date", "cidr", "numeric", "float4", "float8", "inet", "int2", "int4", "int8", "json", "jsonb",
    "text", "varchar", "bpchar", "name", "char", "time", "timestamp", "timestamptz", "uuid",
}  # fmt: skip


class Refused(Exception):
    """An answer that is an error of the API."""

    def __init__(self, kind: str, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.kind = kind
        self.status = status


class RdsData:
    """One cluster with the Data API on."""

    def __init__(self, postgres: str) -> None:
        self.postgres = postgres
        self.url = ""
        self.asked: list[str] = []
        """The operations, in the order in which they were asked for."""
        self.losing: dict[str, int] = {}
        """What is done, and its answer lost, by how many are answered before."""
        self.refusing: Refused | None = None
        """What every request is answered with, if anything."""
        self._loop = asyncio.new_event_loop()
        self._idle: list[asyncpg.Connection[asyncpg.Record]] = []
        self._transactions: dict[str, asyncpg.Connection[asyncpg.Record]] = {}

    def run(self) -> None:
        """Serve the connections to PostgreSQL; in a thread of its own."""
        self._loop.run_forever()
        self._loop.close()

    def stop(self) -> None:
        """End what is open."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)

    @property
    def open_transactions(self) -> int:
        """How many were begun and neither committed nor rolled back."""
        return len(self._transactions)

    def loses(self, operation: str) -> bool:
        """Whether this answer is the one that is lost."""
        before = self.losing.pop(operation, None)
        if before:
            self.losing[operation] = before - 1
        return before == 0

    def answer(self, operation: str, told: Mapping[str, Any]) -> dict[str, Any]:
        """What one request is answered with."""
        self.asked.append(operation)
        if self.refusing is not None:
            raise self.refusing
        if told["resourceArn"] != CLUSTER:
            raise Refused("BadRequestException", f"HttpEndpoint is not enabled for resource {told['resourceArn']}")
        if told["secretArn"] != SECRET:
            raise Refused("SecretsErrorException", "Secrets Manager can't find the specified secret.")
        return asyncio.run_coroutine_threadsafe(self._answer(operation, told), self._loop).result()

    async def _answer(self, operation: str, told: Mapping[str, Any]) -> dict[str, Any]:
        match operation:
            case "BeginTransaction":
                connection = self._idle.pop() if self._idle else await asyncpg.connect(self.postgres)
                await connection.execute("BEGIN")
                name = base64.b64encode(uuid.uuid4().bytes).decode()
                self._transactions[name] = connection
                return {"transactionId": name}
            case "CommitTransaction" | "RollbackTransaction":
                connection = self._transaction(told)
                del self._transactions[told["transactionId"]]
                said = await connection.execute("COMMIT" if operation.startswith("C") else "ROLLBACK")
                self._idle.append(connection)
                return {"transactionStatus": f"Transaction {said.title()}ed"}
            case "Execute":
                return await self._execute(told)
        raise Refused("BadRequestException", f"no operation {operation}")

    async def _execute(self, told: Mapping[str, Any]) -> dict[str, Any]:
        sql, values = bound(told["sql"], told.get("parameters", ()))
        connection = self._transaction(told)
        try:
            statement = await connection.prepare(sql)
            rows = await statement.fetch(*values)
        except asyncpg.PostgresError as error:
            raise Refused("DatabaseErrorException", f"ERROR: {error}; SQLState: {error.sqlstate}") from error
        verb, _, count = (statement.get_statusmsg() or "").rpartition(" ")
        changed = int(count) if verb.split(" ")[0] in {"INSERT", "UPDATE", "DELETE"} else 0
        columns = [(column.name, _kind(column.type.name)) for column in statement.get_attributes()]
        for _, kind in columns:
            if kind.removeprefix("_") not in _CARRIED:
                raise Refused("UnsupportedResultException", f"The result contains the unsupported data type {kind}")
        records = [[_field(value, kind) for value, (_, kind) in zip(row, columns, strict=True)] for row in rows]
        sizes = [len(json.dumps(record)) for record in records]
        if sum(sizes) > LIMITS.response or max(sizes, default=0) > LIMITS.row:
            raise Refused("BadRequestException", "Database returned more than the allowed response size limit")
        answer: dict[str, Any] = {"numberOfRecordsUpdated": changed, "generatedFields": []}
        if columns:
            answer["records"] = records
        if columns and told.get("includeResultMetadata"):
            answer["columnMetadata"] = [{"name": name, "label": name, "typeName": kind} for name, kind in columns]
        return answer

    def _transaction(self, told: Mapping[str, Any]) -> "asyncpg.Connection[asyncpg.Record]":
        connection = self._transactions.get(told.get("transactionId", ""))
        if connection is None:
            raise Refused("TransactionNotFoundException", "Transaction is not found", 404)
        return connection

    async def _close(self) -> None:
        for connection in (*self._transactions.values(), *self._idle):
            await connection.close()


def bound(sql: str, parameters: Any) -> tuple[str, list[Any]]:
    """A statement with its parameters by number, each of the type that the API gives it."""
    places: dict[str, str] = {}
    values: list[Any] = []
    for parameter in parameters:
        [(form, value)] = parameter["value"].items()
        if form == "arrayValue":
            raise Refused("BadRequestException", "Array parameters are not supported.")
        if form == "isNull":
            places[parameter["name"]] = "NULL"
            continue
        values.append(base64.b64decode(value) if form == "blobValue" else value)
        hint = _HINTS.get(parameter.get("typeHint", ""))
        places[parameter["name"]] = f"(${len(values)}::{_CASTS.get(form, 'bytea')}{f'::{hint}' if hint else ''})"

    def piece(match: re.Match[str]) -> str:
        if match[3]:
            raise Refused("ValidationException", "Multistatements aren't supported.")
        if match[1]:
            return match[1]
        if match[2] not in places:
            raise Refused("BadRequestException", f"Cannot find parameter: {match[2]}")
        return places[match[2]]

    return _PARAMETER.sub(piece, sql), values


def _kind(name: str) -> str:
    return f"_{name[:-2]}" if name.endswith("[]") else name


def _field(value: Any, kind: str) -> dict[str, Any]:
    """A value as one of the API's fields."""
    if isinstance(value, list):
        items = [_field(item, kind.removeprefix("_")) for item in value]
        form = next((name for item in items for name in item), "stringValue")
        return {"arrayValue": {f"{form}s": [next(iter(item.values())) for item in items]}}
    if isinstance(value, bytes):
        return {"blobValue": base64.b64encode(value).decode()}
    for kind_of_value, form in ((bool, "booleanValue"), (int, "longValue"), (float, "doubleValue")):
        if isinstance(value, kind_of_value):
            return {form: value}
    return {"isNull": True} if value is None else {"stringValue": _text(value)}


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        plain = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        return plain.isoformat(sep=" ").rstrip("0") if plain.microsecond else plain.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, date) else str(value)


class Face(JsonFace):
    """The API's HTTP."""

    api: RdsData

    def answer(self) -> None:
        """Do one operation, and say what came of it unless that is to be lost."""
        body = self.body()
        operation = self.path.strip("/")
        if "/rds-data/aws4_request" not in self.headers.get("Authorization", ""):
            return self._refuse(403, "Missing Authentication Token", "AccessDeniedException")
        if len(body) > LIMITS.request:
            return self._refuse(413, "Request too large", "BadRequestException")
        try:
            told = self.api.answer(operation, json.loads(body))
        except Refused as error:
            return self._refuse(error.status, str(error), error.kind)
        if self.api.loses(operation):
            self.close_connection = True
            return None
        return self.send(200, told)

    def _refuse(self, status: int, message: str, kind: str) -> None:
        self.send(status, {"message": message}, {"x-amzn-ErrorType": kind})


@contextmanager
def running(postgres: str) -> Iterator[RdsData]:
    """The API before the database `postgres`, until the context is left."""
    api = RdsData(postgres)
    thread = threading.Thread(target=api.run, daemon=True)
    with served(type("FaceOfOne", (Face,), {"api": api})) as url:
        api.url = url
        thread.start()
        try:
            yield api
        finally:
            api.stop()
            thread.join()

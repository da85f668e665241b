"""How long impact takes in a large graph, in both engines: `python -m tests.engines.graph_speed [NODES EDGES]`.

Both are given the same graph by the statements that fill them, half of its dependencies through packages and half
declared; then the same questions are put to both through the port.
"""

import asyncio
import random
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime

from adapters.graph.neo4j import Neo4jGraph, open_neo4j
from adapters.graph.neo4j_bolt import Step
from adapters.graph.postgres import PostgresGraph
from adapters.postgres.database import Database
from adapters.postgres.migrate import migrate
from tests.conftest import make_home, remove_home
from tests.engines.graphs import GraphEngine
from tests.engines.neo4j import Unavailable, running

ORG = "speed"
WHEN = datetime(2026, 9, 1, tzinfo=UTC)
PATH = "pyproject.toml"
HUB = 2_000
"""How many projects need the one that most need."""
_ROWS = 10_000
_WARM, _ASKED = 300, 500


class Wanted:
    """The graph: by number, who needs whom, through a package or declared."""

    def __init__(self, nodes: int, edges: int) -> None:
        chance = random.Random(20)
        pairs: dict[tuple[int, int], None] = dict.fromkeys((number, 0) for number in range(1, HUB + 1))
        while len(pairs) < edges:
            one, other = chance.randrange(nodes), min(chance.randrange(nodes), chance.randrange(nodes))
            if one != other:  # cycles there are; what most need is the smaller number
                pairs[one, other] = None
        self.refs = [f"git:p{number}" for number in range(nodes)]
        self.required = [pair for number, pair in enumerate(pairs) if number % 2]
        self.declared = [pair for number, pair in enumerate(pairs) if not number % 2]


def parts(rows: Sequence[object]) -> Iterator[Sequence[object]]:
    """`rows`, some at a time."""
    for begin in range(0, len(rows), _ROWS):
        yield rows[begin : begin + _ROWS]


async def fill_postgres(graph: PostgresGraph, wanted: Wanted) -> None:
    """All rows, table by table."""
    refs = wanted.refs
    async with graph.database.session(ORG) as connection:
        await connection.execute(
            "INSERT INTO graph_projects (org, ref, canonical) SELECT $1, ref, ref FROM unnest($2::text[]) AS ref",
            ORG, refs,
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO graph_provides (org, project, path, package) "
            "SELECT $1, ref, $3, 'pypi:' || ref FROM unnest($2::text[]) AS ref", ORG, refs, PATH,
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO graph_requires (org, project, path, package, spec, scope, first_seen, last_seen) "
            "SELECT $1, one, $4, 'pypi:' || other, '', 'runtime', $5, $5 "
            "FROM unnest($2::text[], $3::text[]) AS r (one, other)",
            ORG, *_columns(refs, wanted.required), PATH, WHEN,
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO graph_declared (org, origin, dependent, needed, evidence, first_seen, last_seen) "
            "SELECT $1, one, one, other, 'a page', $4, $4 FROM unnest($2::text[], $3::text[]) AS r (one, other)",
            ORG, *_columns(refs, wanted.declared), WHEN,
        )  # fmt: skip
    await graph.settle()


def _columns(refs: Sequence[str], pairs: Sequence[tuple[int, int]]) -> tuple[list[str], list[str]]:
    return [refs[one] for one, _ in pairs], [refs[other] for _, other in pairs]


async def fill_neo4j(graph: Neo4jGraph, wanted: Wanted) -> None:
    """All rows, by the projection's own statements."""
    await graph.migrate()
    refs = wanted.refs
    manifests = [{"project": ref, "path": PATH, "changed_at": WHEN} for ref in refs]
    provides = [{"project": ref, "path": PATH, "package": f"pypi:{ref}"} for ref in refs]
    seen = {"first_seen": WHEN, "last_seen": WHEN}
    requires = [
        {
            "project": refs[one], "path": PATH, "package": f"pypi:{refs[other]}", "spec": "", "scope": "runtime",
            "evidence": f"{PATH} requires pypi:{refs[other]}", **seen,
        }
        for one, other in wanted.required
    ]  # fmt: skip
    declared = [{"ref": refs[o], "needed": refs[n], "evidence": "a page", **seen} for o, n in wanted.declared]
    for part in parts(refs):
        await _write(graph, ("put_refs",), part, "refs")
    for part in parts(manifests):
        await _write(graph, ("put_manifests",), part)
    for part in parts(provides):
        await _write(graph, ("put_provides",), part)
    for part in parts(requires):
        await _write(graph, ("put_requires", "link_required"), part)
    for part in parts(declared):
        await _write(graph, ("put_declared",), part)
    await graph.settle()


async def _write(graph: Neo4jGraph, statements: Sequence[str], part: Sequence[object], called: str = "rows") -> None:
    async def work(step: Step) -> None:
        for name in statements:
            await step.each(name, part, called)

    await graph.bolt.write(work)


async def ask(graph: GraphEngine, wanted: Wanted, *, upstream: bool, depth: int) -> str:
    """p50 and p95 of the same questions, and how much they were answered."""
    chance = random.Random(depth)
    took, sizes = [], []
    for number in range(_WARM + _ASKED):
        ref = chance.choice(wanted.refs)
        began = time.perf_counter()
        found = await graph.dependencies([ref], upstream=upstream, depth=depth)
        if number >= _WARM:
            took.append((time.perf_counter() - began) * 1_000)
            sizes.append(len(found))
    took.sort()
    sizes.sort()
    return (
        f"{took[_ASKED // 2]:6.1f} ms p50, {took[int(_ASKED * 0.95)]:6.1f} ms p95   "
        f"({sizes[_ASKED // 2]} dependencies, {sizes[int(_ASKED * 0.95)]} at p95)"
    )


async def measure(nodes: int, edges: int) -> None:
    """Fill both and ask both, a line a figure."""
    wanted = Wanted(nodes, edges)
    home = make_home()
    try:
        async with AsyncExitStack() as stack:
            database = await stack.enter_async_context(Database(None, home).open())
            await migrate(database)
            engines: dict[str, GraphEngine] = {"PostgreSQL": PostgresGraph(database, ORG)}
            try:
                server = stack.enter_context(running(hasty=False))
                engines["Neo4j"] = await stack.enter_async_context(open_neo4j(server.url(), database, ORG))
            except Unavailable as error:
                print(f"graph in Neo4j               not measured: {error}", flush=True)
            for name, graph in engines.items():
                began = time.perf_counter()
                if isinstance(graph, PostgresGraph):
                    await fill_postgres(graph, wanted)
                else:
                    await fill_neo4j(graph, wanted)
                took = time.perf_counter() - began
                print(f"graph filled, {name:14} {took:6.1f} s   ({nodes:,} nodes, {edges:,} edges)",
                      flush=True)  # fmt: skip
            for depth in (3, 4):
                for upstream in (False, True):
                    way = "upstream" if upstream else "downstream"
                    for name, graph in engines.items():
                        told = await ask(graph, wanted, upstream=upstream, depth=depth)
                        print(f"impact {way} {depth}, {name:11} {told}", flush=True)
            for name, graph in engines.items():
                began = time.perf_counter()
                found = await graph.dependencies([wanted.refs[0]], upstream=False, depth=1)
                took = (time.perf_counter() - began) * 1_000
                print(f"everything on a hub, {name:10} {took:4.0f} ms   ({len(found)} dependencies)", flush=True)
    finally:
        await asyncio.to_thread(remove_home, home)


def main() -> None:
    """Measure it, in the issue's size unless told otherwise."""
    nodes, edges = (int(word) for word in sys.argv[1:3] or ("100000", "500000"))
    asyncio.run(measure(nodes, edges))


if __name__ == "__main__":
    main()

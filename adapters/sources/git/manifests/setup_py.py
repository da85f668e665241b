"""`setup.py`: what its call of `setup` says in so many words. It is a program; it is read and never run."""

import ast
import warnings
from collections.abc import Iterator
from itertools import islice
from typing import Final

from adapters.sources.git.manifests.declared import BadManifest, Declared, Scope, declared, package, scope_by_name
from adapters.sources.git.manifests.pep508 import read_requirement
from domain.events import Requirement

_LIMIT: Final = 100_000
"""Characters. A syntax tree takes 500 times as much memory as its text may."""
_CALLS: Final = 5
"""Calls of `setup` that are looked at: a program makes one, or one of a few."""
_SCOPES: Final[dict[str, Scope]] = {"install_requires": "runtime", "setup_requires": "build", "tests_require": "test"}
_WANTED: Final = frozenset({"name", "extras_require", *_SCOPES})


def parse(text: str) -> Declared:
    """What a `setup.py` says of its name and its requirements, where these are literals or names of literals.

    Raises:
        BadManifest: it is not a program that this version of Python can read.
    """
    if len(text) > _LIMIT:
        raise BadManifest(f"is longer than {_LIMIT // 1000} KB")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they are about somebody else's program
            module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BadManifest("is not a valid Python program") from error
    said: dict[str, object] = {}
    literals = _literals(module)
    for call in islice(_setup_calls(module), _CALLS):
        for keyword in call.keywords:
            if keyword.arg in _WANTED and keyword.arg not in said:
                said[keyword.arg] = _value(keyword.value, literals)
    return declared([package("pypi", said.get("name"))], _requirements(said))


def _setup_calls(module: ast.Module) -> Iterator[ast.Call]:
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
            if called == "setup":
                yield node


def _literals(module: ast.Module) -> dict[str, ast.expr]:
    """What each name stands for that the program gives a value once, at its outermost level."""
    found: dict[str, ast.expr] = {}
    again = set()
    for node in module.body:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    again.update({target.id} & found.keys())
                    found[target.id] = node.value
    return {name: value for name, value in found.items() if name not in again}


def _value(node: ast.expr, literals: dict[str, ast.expr]) -> object:
    """The literal that `node` is or names, or None."""
    if isinstance(node, ast.Name):
        node = literals.get(node.id, node)
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None


def _requirements(said: dict[str, object]) -> Iterator[Requirement | None]:
    for keyword, scope in _SCOPES.items():
        yield from _listed(said.get(keyword), scope)
    extras = said.get("extras_require")
    if isinstance(extras, dict):
        for extra, listed in extras.items():
            yield from _listed(listed, scope_by_name(str(extra), "optional"))


def _listed(value: object, scope: Scope) -> Iterator[Requirement | None]:
    """The requirements in an argument: a list, or a string with one a line."""
    rows = value.splitlines() if isinstance(value, str) else value
    if isinstance(rows, list | tuple):
        for row in rows:
            yield read_requirement(row, scope)

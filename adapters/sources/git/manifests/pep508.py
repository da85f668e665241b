"""Requirements as Python writes them: `name[extra]>=1,<2; python_version < "3.12"`, https://peps.python.org/pep-0508/."""

import re
from typing import Final

from adapters.sources.git.manifests.declared import Scope, package, requirement
from domain.events import Requirement

_REQUIREMENT: Final = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*) ?(?:\[[^\]]*\])? ?(?P<spec>(?:[(<>=!~@].*)?)")


def read_requirement(text: object, scope: Scope = "runtime") -> Requirement | None:
    """The requirement that `text` is, or None if it is none.

    Markers are left out: whoever they fit needs the package.
    """
    if not isinstance(text, str):
        return None
    match = _REQUIREMENT.fullmatch(" ".join(text.partition(";")[0].split()))
    if match is None:
        return None
    return requirement(package("pypi", match["name"]), match["spec"].strip().strip("()"), scope)

"""engintel: a true, current picture of an engineering organisation for AI assistants, over MCP.

The program's rooms (`domain`, `adapters`, `tools`, `prompts`, `server`, `evals`) are packages of their own. In a
checkout they lie beside this one; installed, they lie in `_bundle` within it, so that only one name is taken in
site-packages, and this makes them importable.
"""

import sys
from pathlib import Path

_BUNDLE = Path(__file__).parent / "_bundle"
if _BUNDLE.is_dir() and str(_BUNDLE) not in sys.path:
    sys.path.insert(0, str(_BUNDLE))

"""`engintel eval`: the evals are a client of this program, so they are started as one."""

import argparse
import runpy
import sys


def evals(arguments: argparse.Namespace) -> int:
    """Play a suite; its exit code is ours."""
    sys.argv = ["engintel eval", *arguments.rest]
    try:
        runpy.run_module("evals", run_name="__main__")
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0

"""`engintel` and `python -m engintel`."""

import sys


def main() -> int:
    """Run the command line; gives the exit code."""
    from server.cli.main import run  # noqa: PLC0415 - importable only once the package above has been imported

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())

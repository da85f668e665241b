"""Which version this is."""

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("engintel")
except PackageNotFoundError:  # run from a folder that was never installed
    VERSION = "0.0.0"

# Everything a developer or a new user does. Needs Python 3.11 or newer, make and a package registry.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format bench soak lock docs clean

help:  ## say what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(STAMP)  ## a .venv with everything in it

# Only pinned, hashed packages are installed; the program itself is installed last, from this folder.
$(STAMP): requirements/dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "engintel needs Python 3.11 or newer: run make with PYTHON=python3.11" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup  ## load the sample organisation and serve it (ARGS=--no-serve to stop there)
	$(BIN)/engintel demo $(ARGS)

test: setup  ## the whole suite
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile $(ARGS)

lint: setup  ## style, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: setup  ## bring the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup  ## measure speed and footprint
	$(BIN)/python -m evals.speed $(ARGS)

soak: setup  ## proofs that take minutes (ARGS="kills --rounds 20" or ARGS=deliveries for one of them)
	$(BIN)/python -m evals.soak $(ARGS)

docs: setup  ## write the generated parts of the README and the snapshots of the tools again
	$(BIN)/python -m tests.docs.generate

lock:  ## pin every package again, with hashes and without the address of any index
	@test -x $(BIN)/uv || { $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet uv; }
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --no-header --quiet --output-file requirements/runtime.lock
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header --quiet --output-file requirements/dev.lock

clean:  ## remove what was built and installed here
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis dist

# `make help` lists the targets. Settings: make test PYTEST_ARGS=-x VENV=/elsewhere PYTHON=python3.11

VENV ?= .venv
# The first that runs: a version manager may offer a python3.11 that does not start.
PYTHON ?= $(shell for p in python3.11 python3 python; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 7))' >/dev/null 2>&1 && echo $$p && break; done)
BIN := $(VENV)/bin
PYTEST_ARGS ?=
FAST_TESTS ?= -m "not slow"
# A process per core, one thread each; tests of a file stay together.
PARALLEL ?= -n auto --maxprocesses 4 --dist loadfile
SLOW_TESTS ?= -m slow
DEMO_ARGS ?=
BENCHMARK_ARGS ?= all
SOURCES := .

.PHONY: help setup demo test check lint fix test-fast test-slow benchmark clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## make or update the environment in .venv
	@test -n "$(PYTHON)" || { echo 'No Python found. Install Python 3.11, or name one: make setup PYTHON=/path/to/python3.11' >&2; exit 2; }
	@$(PYTHON) tools/setup_env.py --venv "$(VENV)"

demo: setup  ## train, test and draw on synthetic people
	$(BIN)/python tools/demo.py $(DEMO_ARGS)

test: setup  ## lint, fast tests and slow tests: what continuous integration runs
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory test-fast
	@$(MAKE) --no-print-directory test-slow

check: setup  ## lint and fast tests
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory test-fast

lint: setup  ## ruff format check, ruff, mypy
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy

fix: setup  ## format, and mend what ruff can mend
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

test-fast: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(FAST_TESTS) $(PARALLEL) $(PYTEST_ARGS)

test-slow: setup
	$(BIN)/python -m pytest $(SLOW_TESTS) $(PYTEST_ARGS)

benchmark: setup  ## time targets, loader, training and inference
	$(BIN)/python -m benchmarks $(BENCHMARK_ARGS)

clean:  ## remove the environment, caches and builds (not work_dirs)
	rm -rf "$(VENV)" build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

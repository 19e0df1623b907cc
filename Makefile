# Two commands do all set-up: `make demo` and `make test`. Both make .venv if it is not there.

PYTHON ?= python3
BIN := .venv/bin
BY_FILE := --dist loadfile --no-loadscope-reorder
export PYTHONSAFEPATH := 1

.PHONY: demo test test-fast test-stats test-chaos benchmarks lint check format clean

demo: .venv/installed
	$(BIN)/harness demo

# Three workers for two cores: some tests wait, for Slurm most.
test: .venv/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 3 $(BY_FILE) -m "not stats and not benchmark and not chaos"

test-fast: .venv/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 $(BY_FILE) -m "not slow and not stats and not benchmark and not chaos and not browser"

test-stats: .venv/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 $(BY_FILE) -m stats

test-chaos: .venv/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 $(BY_FILE) -m chaos tests/chaos

benchmarks: .venv/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/pytest -s -m benchmark

lint: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test-fast

format: .venv/installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf .venv outputs

.venv/python:
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or newer is needed; say make PYTHON=python3.12')"
	$(PYTHON) -m venv .venv
	touch $@

.venv/installed: .venv/python pyproject.toml
	$(BIN)/pip install --quiet --editable .
	touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@

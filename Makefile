# Two commands on a fresh machine with Python >= 3.11 and make: `make demo` and `make test`.
PYTHON ?= python3
BIN = .venv/bin
FUZZ_SECONDS ?= 60
KILLS ?= 100
NIGHTS ?= 60
MUTANTS ?= 300
SEED ?= 0
# One process more than two processors have: some wait for servers. Tests of one file share what they made, and the
# longest begin (tests/conftest.py).
PYTEST = OMP_WAIT_POLICY=passive $(BIN)/python -m pytest --numprocesses 3 --dist loadgroup --no-loadscope-reorder
# What `make quick` tests, such as ROOMS="tests/features".
ROOMS ?= tests/test_docs.py tests/test_architecture.py

.DEFAULT_GOAL := help
.PHONY: help install install-dev demo test check quick docs notebooks fuzz soak mutate bench hooks clean

help: ## say what each target does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "make %-12s %s\n", $$1, $$2 }'

.venv/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

.venv/.installed-dev: .venv/.installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

.venv/.installed-bench: .venv/.installed-dev
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[bench]'
	touch $@

.venv/.installed-mutation: .venv/.installed-dev
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[mutation]'
	touch $@

install: .venv/.installed ## install Tamis into .venv (two minutes)

install-dev: .venv/.installed-dev ## install what tests, notebooks and checks need too

demo: .venv/.installed ## simulate a company, train, score, explain, report, in ./demo (two minutes after the installation)
	$(BIN)/tamis demo demo --force

test: .venv/.installed-dev ## every test, doctest and documentation test
	$(PYTEST)

check: .venv/.installed-dev ## the gate of CI: format, lint, types, then the tests with coverage >= 95 %
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/bandit -q -c pyproject.toml -r features models pipeline
	$(PYTEST) --cov --cov-report=term

quick: .venv/.installed-dev ## format, lint, types, and the tests of ROOMS="tests/features ..." (minutes, while you work)
	$(BIN)/ruff format .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q $(ROOMS)

docs: .venv/.installed ## write docs/reference/ from the code
	$(BIN)/python -m docs.generate

notebooks: .venv/.installed-dev ## run the five notebooks on ./demo (or TAMIS_NOTEBOOKS=DIR) into notebooks/out/
	$(BIN)/python -m docs.notebooks

fuzz: .venv/.installed-dev ## settings, models, tables and the page given anything at all, FUZZ_SECONDS (60) each
	for reader in settings model arrays booster; do \
		$(BIN)/python -m tests.fuzz.readers $$reader -max_total_time=$(FUZZ_SECONDS) || exit 1; \
	done
	TAMIS_FUZZ=20 $(BIN)/python -m pytest tests/fuzz

soak: .venv/.installed-dev ## bad input, faults (KILLS=100 kill -9, full disk, servers gone) and NIGHTS=60 nights: three tables, an hour or two
	$(BIN)/python -m tests.soak --kills $(KILLS) --nights $(NIGHTS)

mutate: .venv/.installed-mutation ## faults put into features/ and models/, MUTANTS=300 drawn by SEED=0: which the quick tests do not see (half an hour)
	$(BIN)/python -m tests.mutation --mutants $(MUTANTS) --seed $(SEED)

bench: .venv/.installed-bench ## measure against peers, side by side
	$(BIN)/python -m benchmarks.explanations
	$(BIN)/python -m benchmarks.page
	$(BIN)/python -m benchmarks.pipeline
	$(BIN)/python -m benchmarks.promise
	$(BIN)/python -m benchmarks.push
	$(BIN)/python -m benchmarks.quality

hooks: .venv/.installed-dev ## check format, lint and types at every commit (pre-commit)
	$(BIN)/pre-commit install

clean: ## remove what the targets above made
	rm -rf .venv demo build dist notebooks/out .pytest_cache .mypy_cache .ruff_cache .hypothesis .mutation .coverage *.egg-info

# Two commands on a fresh machine with Python >= 3.11 and make: `make demo` and `make test`.
PYTHON ?= python3
BIN = .venv/bin
FUZZ_SECONDS ?= 60
# Two processes at a time; tests of one file share what they made (tests/conftest.py).
PYTEST = OMP_WAIT_POLICY=passive $(BIN)/python -m pytest --numprocesses 2 --dist loadgroup

.PHONY: help demo test check fuzz bench clean

help:
	@echo "make demo   install, simulate a company, train, score, explain, report (in ./demo)"
	@echo "make test   install, then every test, doctest and documentation test"
	@echo "make check  the gate: format, lint, types, then the tests with coverage >= 95 %"
	@echo "make fuzz   give settings, models, tables and the page anything at all, for FUZZ_SECONDS (60) each"
	@echo "make bench  measure against peers, side by side"
	@echo "make clean  remove what the targets above made"

.venv/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

.venv/.installed-dev: .venv/.installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

.venv/.installed-fuzz: .venv/.installed-dev
	for reader in settings model arrays booster; do \
		$(BIN)/python -m tests.fuzz.readers $$reader -max_total_time=$(FUZZ_SECONDS) || exit 1; \
	done
	TAMIS_FUZZ=20 $(BIN)/python -m pytest tests/fuzz

bench: .venv/.installed-dev
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[bench]'
	touch $@

demo: .venv/.installed
	$(BIN)/tamis demo demo --force

test: .venv/.installed-dev
	$(PYTEST)

check: .venv/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/bandit -q -c pyproject.toml -r features models pipeline
	$(PYTEST) --cov --cov-report=term

bench: .venv/.installed-bench
	$(BIN)/python -m benchmarks.explanations
	$(BIN)/python -m benchmarks.page
	$(BIN)/python -m benchmarks.promise
	$(BIN)/python -m benchmarks.push
	$(BIN)/python -m benchmarks.quality

clean:
	rm -rf .venv demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage *.egg-info

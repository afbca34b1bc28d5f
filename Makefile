# Two commands on a fresh machine with Python >= 3.11 and make: `make demo` and `make test`.
PYTHON ?= python3
BIN = .venv/bin
# Two processes at a time; tests of one file share what they made (tests/conftest.py).
PYTEST = OMP_WAIT_POLICY=passive $(BIN)/python -m pytest --numprocesses 2 --dist loadgroup

.PHONY: help demo test check bench clean

help:
	@echo "make demo   install, simulate a company, train, score, explain, report (in ./demo)"
	@echo "make test   install, then every test, doctest and documentation test"
	@echo "make check  the gate: format, lint, types, then the tests with coverage >= 95 %"
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

.venv/.installed-bench: .venv/.installed-dev
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
	$(PYTEST) --cov --cov-report=term

bench: .venv/.installed-bench
	$(BIN)/python -m benchmarks.explanations
	$(BIN)/python -m benchmarks.page
	$(BIN)/python -m benchmarks.pipeline
	$(BIN)/python -m benchmarks.promise
	$(BIN)/python -m benchmarks.push
	$(BIN)/python -m benchmarks.quality

clean:
	rm -rf .venv demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage *.egg-info

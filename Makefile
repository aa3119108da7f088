# `make demo`, `make test` and `make check` each do all their set-up on a fresh machine.

PYTHON ?= python3.11
ifeq ($(shell command -v $(PYTHON) 2>/dev/null),)
PYTHON := python3
endif
VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
STAMP := $(VENV)/.installed

.PHONY: demo test test-long check test-kill soak fault-schedules zoo zoo-seeds mutations benchmarks byte-faults docs format lock clean help

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

# pip is pinned like everything else: the first line replaces the one that venv brought.
$(STAMP): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; this is " + sys.version.split()[0])'
	@echo "setting up $(VENV) (once)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

demo: $(STAMP)  ## a store, an album, refused tracks, a careless plug-in: the main job, seen
	@$(BIN)/player-host demo

test: $(STAMP)  ## all tests but the longest (under six minutes)
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m "not long"

test-long: $(STAMP)  ## the tests that take ten seconds and more each
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m long

check: $(STAMP)  ## ruff, mypy --strict, import-linter, the page of requirements
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python docs/generate_requirements.py --check

test-kill: $(STAMP)  ## kill -9 of the Player, the surrogate and both, at 50 random moments each
	@KILL_ROUNDS=50 $(BIN)/python -m pytest -v tests/e2e/kill/test_kill_moments.py

soak: $(STAMP)  ## 1,000 plug-in starts with a random death each
	@SOAK_STARTS=1000 $(BIN)/python -m pytest -v tests/e2e/soak

mutations: $(STAMP)  ## recorded changes of the source that a named test has to notice
	@$(BIN)/python tests/mutations/run.py

benchmarks: $(STAMP)  ## every published figure
	@$(BIN)/python benchmarks/import_partner_api.py
	@$(BIN)/python benchmarks/catalog_load.py
	@$(BIN)/python benchmarks/downloads.py
	@$(BIN)/python benchmarks/surrogate.py
	@$(BIN)/python benchmarks/judge_orders.py
	@$(BIN)/python benchmarks/judge_mutants.py
	@$(BIN)/python benchmarks/fetch.py
	@$(BIN)/python benchmarks/whole_way.py

byte-faults: $(STAMP)  ## docs/byte-faults.md anew: what download tools make of a bad store (needs the tools)
	@$(BIN)/python benchmarks/byte_faults.py --write

fault-schedules: $(STAMP)  ## 5,000 random schedules of a store's faults: the exact bytes, or a named error
	@FAULT_SCHEDULES=5000 $(BIN)/python -m pytest -q -m long --show-capture=no tests/player_host/transfer/test_transfer_fault_schedules.py

zoo: $(STAMP)  ## the conformance kit over plug-ins with known faults (ten minutes)
	@$(BIN)/player-host conformance mutants --jobs 8

zoo-seeds: $(STAMP)  ## the same with twenty seeds, without shortening (half an hour and more)
	@$(BIN)/player-host conformance mutants --jobs 14 --seeds 20 --no-shorten

docs: $(STAMP)  ## the generated pages
	@$(BIN)/python docs/generate_diagram.py
	@$(BIN)/python docs/generate_requirements.py
	@$(BIN)/python docs/generate_reference.py
	@$(BIN)/python docs/generate_wire.py
	@$(BIN)/python docs/generate_clauses.py

format: $(STAMP)  ## let ruff mend what it can
	@$(BIN)/ruff check --fix-only --quiet . || true
	@$(BIN)/ruff format .

lock:  ## compile requirements/dev.txt anew (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    --extra host --extra dev pyproject.toml requirements/dev.in -o requirements/dev.txt

clean:  ## remove the environment and the caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

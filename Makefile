# Everything a newcomer types. Each target sets up what it needs first; a second call costs nothing.
# Needs make and Python 3.11 or newer; another interpreter: make demo PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed.stamp
MODELS := models/fetched.stamp
quietly = said=$$($(1) 2>&1) || { echo "$$said"; exit 1; }
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test check audit fix bench up worker down

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(INSTALLED) $(MODELS) ## Virtual environment, pinned dependencies, models; nothing else

demo: setup ## Embed and label a sample with a real model, and ask three SQL questions
	@$(BIN)/python -m flows.demo

test: check $(MODELS) ## Check the code, then run every test, in two processes
	@$(BIN)/python -m pytest -q --numprocesses 2 --no-loadscope-reorder

check: $(INSTALLED) ## Formatting, lint, types and the import rule
	@$(BIN)/ruff format --check --quiet . || { echo "Not formatted; make fix does it."; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache --no-logo
	@$(BIN)/python -m tests.audit --brief

audit: $(INSTALLED) ## Ask osv.dev what is known against the pinned packages
	@$(BIN)/python -m tests.audit

fix: $(INSTALLED) ## Format, and mend what the linter can mend
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

bench: setup ## Measure speed on this machine, for hours; SIZE=small: minutes
	@$(BIN)/python -m benchmarks $(if $(SIZE),--size $(SIZE)) $(if $(ONLY),--only $(ONLY)) \
	  $(if $(CORPUS),--corpus $(CORPUS)) $(if $(MINUTES),--minutes $(MINUTES)) \
	  $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(RESUME),--resume) $(if $(WRITE),--write)

up: setup ## Start the Prefect server, create the work pool, deploy the flows
	@$(BIN)/python -m flows.server up
	@$(call quietly,$(BIN)/prefect work-pool create local --type process --overwrite)
	@$(call quietly,$(BIN)/prefect --no-prompt deploy --all)
	@$(BIN)/prefect automation inspect 'Crash silent runs' > /dev/null 2>&1 || \
	  { $(call quietly,$(BIN)/prefect automation create --from-file automations.yaml); }
	@echo "Deployed: $$(sed -n 's/^  - name: //p' prefect.yaml | paste -sd, - | sed 's/,/, /g')."
	@echo "Now, in another terminal: make worker"
	@echo "and here: . .venv/bin/activate && prefect deployment run embed-corpus"

worker: setup ## Run what is scheduled or asked for, until Ctrl-C
	@$(BIN)/prefect worker start --pool local

down: $(INSTALLED) ## Stop the server that `make up` started
	@$(BIN)/python -m flows.server down

# torch goes first and pinned: with it in place nothing pulls another build of it.
$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Poolhouse needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)."; \
	  echo "Name another one: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python && $(BIN)/python -m pip --version > /dev/null 2>&1 || \
	  $(PYTHON) -m venv --clear $(VENV) || { \
	  echo "Python cannot make a virtual environment; on Debian: apt install python3-venv"; exit 1; }
	@echo "Installing pinned dependencies into $(VENV), once. 1/3: torch, the largest ..."
	@$(PIP) install -c constraints.txt setuptools $$(grep '^torch==' constraints.txt)
	@echo "2/3: transformers, Prefect, DuckDB and the rest (a minute or more) ..."
	@$(PIP) install -c constraints.txt --no-build-isolation --editable '.[dev]'
	@echo "3/3: a second DuckDB, to test that both major versions read the result ..."
	@rm -rf $(VENV)/duckdb-other
	@$(PIP) install --no-deps --target $(VENV)/duckdb-other duckdb==2.0.0
	@touch $@

$(MODELS): samples/fetch_models.py $(INSTALLED)
	@$(BIN)/python samples/fetch_models.py
	@touch $@

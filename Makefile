# Everything is run from here. Each target makes .venv when it is missing and uses it when not.
#   make run ARGS=--once      make test ARGS="-k leave"      make check PYTHON=python3.12

PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq install

.DEFAULT_GOAL := help
.PHONY: help run test cover check format bench pins clean FORCE

help: ## List what can be made
	@sed -n 's/^\([a-z]*\):.* ## /\1\t/p' Makefile | expand -t 10

run: $(VENV)/run.stamp ## Show the whole story; ARGS=--once stops when the mail has arrived
	@$(BIN)/feedsvc demo $(ARGS)

test: $(VENV)/dev.stamp ## Run the tests; ARGS goes to pytest
	@$(BIN)/python -m pytest $(ARGS)

cover: $(VENV)/dev.stamp ## Run the tests and say which lines and branches they leave out
	@$(BIN)/python -m pytest --cov --cov-report=term-missing $(ARGS)

check: $(VENV)/dev.stamp ## Check form, rules, types and floors
	@$(BIN)/ruff format --check --quiet --diff .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo
	@echo "All checks passed."

format: $(VENV)/dev.stamp ## Bring the code into form
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

bench: $(VENV)/dev.stamp ## Measure against references; ARGS goes to the bench
	@$(BIN)/python -m tests.bench $(ARGS)

clean: ## Remove what was made here; data/ stays
	@rm -rf $(VENV) $(VENV)-pins .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage* htmlcov dist build
	@find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

# --- The virtual environment ---

FITS := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))

define python
$(PYTHON) -c '$(FITS)' 2>/dev/null || { \
	echo "feedsvc needs Python 3.11 or newer with venv: install it (Debian: apt install python3-venv) or name another, as in: make $(or $(MAKECMDGOALS),run) PYTHON=python3.12" >&2; \
	exit 1; }
endef

# A .venv without a working pip is half made, or its Python is gone: begin again.
# The pins go in first, each checked by its hash; then feedsvc itself, as it stands in this folder.
define install
$(BIN)/python -m pip --version >/dev/null 2>&1 || { $(python); }
@echo "Installing into $(VENV) (once, about a minute) …"
@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
@$(PIP) --require-hashes -r $(1)
@$(PIP) --no-deps --no-build-isolation -e .
@touch $(2)
endef

$(VENV)/run.stamp: pyproject.toml requirements/run.txt
	@$(call install,requirements/run.txt,$@)

# dev.txt holds all of run.txt.
$(VENV)/dev.stamp: pyproject.toml requirements/dev.txt
	@$(call install,requirements/dev.txt,$@ $(VENV)/run.stamp)

# A new system Python leaves the links of an old .venv dangling.
ifeq ($(wildcard $(BIN)/python),)
$(VENV)/run.stamp $(VENV)/dev.stamp: FORCE
endif

# --- The pins ---

COMPILE := $(VENV)-pins/bin/pip-compile --quiet --generate-hashes --allow-unsafe --no-strip-extras \
	--no-header --no-annotate --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options \
	--build-deps-for editable

pins: ## Take the newest versions that pyproject.toml allows; with PYTHON=python3.11, some minutes
	@$(python)
	@echo "Resolving (some minutes) …"
	@$(PYTHON) -m venv $(VENV)-pins
	@$(VENV)-pins/bin/python -m pip --disable-pip-version-check -qq install pip-tools
	@$(COMPILE) --upgrade --extra tests --extra check --output-file requirements/dev.txt pyproject.toml
	@cp requirements/dev.txt requirements/run.txt
	@$(COMPILE) --output-file requirements/run.txt pyproject.toml
	@rm -rf $(VENV)-pins

# The project's commands. All a newcomer needs is make and a Python of at least 3.11:
#
#     make setup && make demo
#
# Everything is installed into .venv, from requirements.lock, and every file is checked against
# the hash noted there.

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

# make setup PYTHON=/path/to/python3.12 chooses the interpreter. Without it the newest tested one
# that works is taken.
PYTHON ?=
# make test PYTEST_ARGS='-k expiry', make serve ARGS='--port 9000': passed on.
PYTEST_ARGS ?= -n auto
ARGS ?=
# make lock UPGRADE=--upgrade moves every pin; without it a pin moves only if it has to.
UPGRADE ?=
# One resolver, so that two people's locks differ only where the packages do.
UV_VERSION := 0.13.9

PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
# The lock is complete, so pip need not look for dependencies; `pip check` proves it afterwards.
INSTALL := $(PIP) install --quiet --no-deps --require-hashes --no-build-isolation

.DEFAULT_GOAL := help
.PHONY: help setup demo serve test check bench evaluations chaos accept-schemas docs calendar lock clean

help:
	@echo "make setup   install everything into $(VENV)"
	@echo "make demo    a day of trading on a simulated broker, on this machine only"
	@echo "make serve   run the server (ARGS='--port 9000' passes options on)"
	@echo "make test    run all tests on every core (PYTEST_ARGS='-k expiry' runs some of them)"
	@echo "make check   lint, formatting, types, layers"
	@echo "make bench   measure"
	@echo "make evaluations   whole tasks by a client without a model: calls and tokens of each"
	@echo "make chaos   kill servers and databases under real orders (ORDERS, KILLS, SEED, DB=both|sqlite|postgres)"
	@echo "make accept-schemas   keep the tools' schemas as they are now (tests/mcp_interface/tools.json)"
	@echo "make docs    write docs/brokers.md and docs/risk.md from the tables in the code"
	@echo "make calendar   write the exchanges' days as the installed exchange_calendars knows them"
	@echo "make lock    resolve the dependencies again (UPGRADE=--upgrade moves every pin)"
	@echo "make clean   remove $(VENV) and everything generated"

setup: $(INSTALLED)
	@echo "Ready. Next: make demo"

# A candidate must run (a version manager's shim may be there and refuse), be new enough, and be able
# to make a virtual environment (Debian packs that apart). Prints the first that does.
define find_python
found=; incomplete=; \
for python in $(if $(PYTHON),"$(PYTHON)",python3.13 python3.12 python3.11 python3); do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	if "$$python" -c 'import ensurepip, venv' 2>/dev/null; then found=$$python; break; fi; \
	incomplete=$$python; \
done; \
if [ -z "$$found" ] && [ -n "$$incomplete" ]; then \
	echo "$$incomplete cannot make virtual environments. On Debian or Ubuntu: apt install python3-venv" >&2; \
	exit 1; \
fi; \
if [ -z "$$found" ]; then \
	echo "No Python of at least 3.11 found$(if $(PYTHON), at $(PYTHON)). Install one, or: make setup PYTHON=/path/to/python3" >&2; \
	exit 1; \
fi
endef

# Somebody who names an interpreter means it, whatever is installed already.
ifneq ($(PYTHON),)
.PHONY: $(INSTALLED)
endif

# A virtual environment whose interpreter is gone or of another version than asked for is made anew.
# growwapi needs three packages that exist only as source: setuptools, wheel and what they
# import come first, from the same lock, and then build those three without fetching anything else.
$(INSTALLED): requirements.lock pyproject.toml
	@rm -f $@
	@$(find_python); \
	wanted=$$("$$found" -c 'import sys; print(sys.version_info[:2])'); \
	present=$$($(BIN)/python -c 'import sys; print(sys.version_info[:2])' 2>/dev/null); \
	if [ "$$present" != "$$wanted" ] && { [ -z "$$present" ] || [ -n "$(PYTHON)" ]; }; then \
		echo "Making $(VENV) with $$("$$found" --version)"; \
		"$$found" -m venv --clear $(VENV); \
	fi
	@awk '/^[a-z]/ { keep = /^(packaging|setuptools|wheel)==/ } keep' requirements.lock > $(VENV)/build.lock
	@echo "Installing the build tools"
	@$(INSTALL) -r $(VENV)/build.lock
	@echo "Installing what requirements.lock names (about a minute)"
	@$(INSTALL) -r requirements.lock
	@echo "Installing the project itself, editable"
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@broken=$$($(PIP) check) || { echo "$$broken" >&2; exit 1; }
	@touch $@

demo: $(INSTALLED)
	@$(BIN)/trading-server demo $(ARGS)

serve: $(INSTALLED)
	@$(BIN)/trading-server serve $(ARGS)

test: $(INSTALLED)
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

# Cheapest first, and all of them: whoever fixes one complaint wants to know the others.
check: $(INSTALLED)
	@failed=; \
	$(BIN)/ruff check . || failed=1; \
	$(BIN)/ruff format --check . || failed=1; \
	$(BIN)/lint-imports --no-logo || failed=1; \
	$(BIN)/mypy || failed=1; \
	[ -z "$$failed" ]

bench: $(INSTALLED)
	@$(BIN)/python -m tests.benchmarks $(ARGS)

# In one process: the table at the end is of all tasks.
evaluations: $(INSTALLED)
	@$(BIN)/python -m pytest tests/evaluations -v $(if $(filter command line,$(origin PYTEST_ARGS)),$(PYTEST_ARGS))

# make chaos ORDERS=10000 KILLS=1000 before a release; SEED repeats the chances of a failed run.
chaos: $(INSTALLED)
	@$(BIN)/python -m tests.chaos --orders $(or $(ORDERS),600) --kills $(or $(KILLS),70) \
		--db $(or $(DB),both) $(if $(SEED),--seed $(SEED))

# Clients and models build on the schemas; who changes one says so by running this.
accept-schemas: $(INSTALLED)
	@ACCEPT_SCHEMAS=1 $(BIN)/python -m pytest -q tests/mcp_interface/test_toolsets.py -k accepted

docs: $(INSTALLED)
	@$(BIN)/python -m mcp_interface.tools.orders.offers_page > docs/brokers.md
	@$(BIN)/python -m mcp_interface.tools.orders.risk_page > docs/risk.md

# After a new exchange_calendars is locked, and before a release; what it does not have is in the
# overlay beside the file.
calendar: $(INSTALLED)
	@$(BIN)/python -m infrastructure.calendar.making > $(VENV)/xbom.json
	@mv $(VENV)/xbom.json infrastructure/calendar/xbom.json

# Resolved for every platform and every Python from 3.11 on; markers tell them apart.
lock:
	@$(find_python); \
	tools=$$(mktemp -d) && trap 'rm -rf "$$tools"' EXIT && \
	"$$found" -m venv "$$tools" && \
	"$$tools/bin/python" -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) && \
	"$$tools/bin/uv" pip compile --quiet --universal --python-version 3.11 --extra dev \
		--generate-hashes --no-emit-index-url --no-emit-find-links \
		--custom-compile-command "make lock" $(UPGRADE) \
		--output-file requirements.lock pyproject.toml
	@echo "requirements.lock is up to date. Next: make setup"

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

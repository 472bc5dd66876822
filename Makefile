# Every command a developer types.
#   make run      the whole platform with a demo shop, on http://127.0.0.1:3000 (RUSTOK_PORT, RUSTOK_HOME)
#   make test     the checks and the whole suite, on a real embedded PostgreSQL; ARGS="-k orders" narrows it
#   make check    style, types and the walls between packages
#   make schema   write the SDL of both GraphQL schemas and the OpenAPI document into docs/api
#   make bench    ratios against a yardstick measured in the same run
#   make lock     resolve pyproject.toml again into requirements.lock; ARGS=--upgrade takes the newest of everything

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TOOLS := $(VENV)/.tools-ready
WORKERS ?= 2
RESOLVE = --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
	--no-annotate --quiet $(ARGS)
QUIETLY := install --quiet --disable-pip-version-check

# Without bytecode every start would compile a thousand files again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test check schema bench lock clean venv
.DEFAULT_GOAL := run

# `exec` puts the program in the shell's place, so that Ctrl-C and SIGTERM reach it.
run: $(READY)
	@exec $(BIN)/rustok up $(ARGS)

test: check
	$(BIN)/pytest -n $(WORKERS) --dist worksteal $(ARGS)

check: $(TOOLS)
	$(BIN)/ruff check src tests bench
	$(BIN)/ruff format --check src tests bench
	$(BIN)/mypy
	$(BIN)/lint-imports

# The documents of the APIs are committed, so that a change is a visible diff.
schema: $(READY)
	$(BIN)/rustok schema --write docs/api

bench: $(READY)
	@exec $(BIN)/rustok bench $(ARGS)

venv: $(READY)

# Made again only when what it is made from changed; a half-made one has no marker and is repaired by the next call.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "RusToK needs Python 3.11 or newer; set PYTHON=/path/to/it")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip $(QUIETLY) --no-compile --require-hashes -r requirements.lock
	$(BIN)/python -m pip $(QUIETLY) --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib src >/dev/null || true
	@touch $(READY)

# What only development needs: the tools of `make check` and `make test`.
$(TOOLS): $(READY) requirements-dev.lock
	$(BIN)/python -m pip $(QUIETLY) --require-hashes -r requirements-dev.lock
	@touch $(TOOLS)

# The lock names no index: whoever installs it uses the one that their machine is set up for.
lock: $(TOOLS)
	$(BIN)/python -m pip $(QUIETLY) uv
	$(BIN)/uv pip compile pyproject.toml --extra build $(RESOLVE) -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra build --extra dev --constraint requirements.lock $(RESOLVE) -o requirements-dev.lock
	@! grep -nE '://|^ *-(i|f|-index|-extra-index|-find-links)' requirements.lock requirements-dev.lock

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

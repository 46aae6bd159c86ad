# What people run; `make help` lists it. Every target does all of its own set-up in .venv.
.DEFAULT_GOAL := help
.PHONY: help setup node witnesses demo acceptance test test-fast check format golden picture docs bench clean

PYTHON ?= python3
VENV   := .venv
ifeq ($(origin PYTHON),command line)  # as .venv-3.13, beside what an existing .venv was made with
VENV   := .venv-$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
endif
DEMO   := .venv-demo
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
NODE   := tests/node_modules/.package-lock.json
WITNESSES := tests/witnesses/.venv
export PIP_DISABLE_PIP_VERSION_CHECK = 1
unexport PYTHONDONTWRITEBYTECODE  # tests start many processes, and each would compile everything again
WORKERS := --numprocesses logical --dist loadfile --no-loadscope-reorder

help:  ## Show this list
	@if [ -t 1 ] && [ -z "$$NO_COLOR" ]; then bold='\033[1m' plain='\033[0m'; fi; \
	awk -F ':.*## ' -v bold="$$bold" -v plain="$$plain" \
		'/^[a-z-]+:.*## / {printf "  %s%-10s%s %s\n", bold, $$1, plain, $$2}' $(MAKEFILE_LIST)

setup: $(READY)  ## Make .venv with everything that the other targets need

$(READY): pyproject.toml sandbox/pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable ./sandbox --editable '.[dev]'
	@touch $@

node: $(NODE)  ## Install the judges of IAM policies and pages, and a script of the docs' site (needs npm)

$(NODE): tests/package-lock.json
	npm ci --silent --prefix tests
	@touch $@

witnesses: $(WITNESSES)/.ready  ## Install a third-party AWS emulator (MiniStack), apart from .venv

$(WITNESSES)/.ready: tests/witnesses/requirements.txt
	$(PYTHON) -m venv $(WITNESSES)
	$(WITNESSES)/bin/pip install --quiet --requirement $<
	@touch $@

demo:  ## Roll out, push and audit in the local sandbox (about a minute)
	@if [ -e $(READY) ]; then bin=$(BIN); else $(MAKE) --silent $(DEMO)/.ready && bin=$(DEMO)/bin; fi && \
	$$bin/deployer sandbox demo && \
	echo "  To run these commands here: export PATH=\"\$$PWD/$$bin:\$$PATH\""

$(DEMO)/.ready: pyproject.toml sandbox/pyproject.toml
	@echo "Installing deployer and its sandbox into $(DEMO) (once; about 200 MB) ..."
	$(PYTHON) -m venv $(DEMO)
	$(DEMO)/bin/pip install --quiet --editable ./sandbox --editable '.[sandbox]'
	@touch $@

acceptance: setup  ## Check in the sandbox what is assumed of AWS (about a minute)
	@$(BIN)/python -m acceptance sandbox

# glibc keeps freed memory for each thread, and only one thread of Python runs at a time. Not for `bench`, whose claims
# of memory hold for users, who do not set it.
test test-fast: export MALLOC_ARENA_MAX = 1

test: setup witnesses  ## Run all tests
	@if command -v npm >/dev/null; then $(MAKE) --silent node; fi
	$(BIN)/pytest $(WORKERS)

test-fast: setup  ## Run the tests that start no sandbox, process or browser
	$(BIN)/pytest --quiet -m "not slow" $(WORKERS)

check: setup  ## Format, lint, types, import contracts, unused code, generated docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture
	$(BIN)/vulture acceptance benchmarks deployer handler sandbox/src templates tools  # what only tests use
	$(BIN)/pytest --quiet -m generated tests/templates tests/deployer/settings tests/tools

format: setup  ## Format the code and sort its imports
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

golden: setup  ## Write golden templates, generated docs and schemas anew
	$(BIN)/pytest --quiet -m generated tests/templates tests/deployer/settings tests/tools --update-golden

picture: setup node  ## Write the pictures in the docs anew, from the demo and the report (with Chromium)
	$(BIN)/pytest --quiet tests/test_wheel.py tests/deployer/reporting/test_in_browser.py -k picture --update-golden

docs: setup node  ## Build the documentation as a site in build/site; every link is checked
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

bench: setup  ## Run every benchmark; each prints ratios and counts of AWS calls
	@for benchmark in $$(grep -l 'def main(' benchmarks/*.py); do \
		echo "== $$benchmark"; $(BIN)/python -m benchmarks.$$(basename $$benchmark .py) || exit 1; \
	done

clean:  ## Remove what the targets above made
	rm -rf .venv .venv-* build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache tests/node_modules $(WITNESSES)

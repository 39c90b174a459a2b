# Two commands matter: `make demo` and `make test`. `make` alone lists the rest.
# Paths are relative on purpose: the folder's own path may hold spaces.

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo demo-reset run test check format migrations-check \
	reset-db stop export-demo trainers docs lock

export PYTHON
ifdef PORT
export CONSILIUM_PORT = $(PORT)
endif
ifdef TORCH_OPTIONS
export TORCH_OPTIONS
endif

python := .venv/bin/python
manage := $(python) manage.py
sources := feedback exports rlhf_site tests benchmarks docs scripts manage.py

help: ## List these commands
	@echo "Consilium. Commands:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' Makefile

setup: ## Make .venv with what runs Consilium
	@sh scripts/bootstrap core

setup-dev: ## Make .venv with what tests it, too
	@sh scripts/bootstrap dev

demo: setup ## Start Consilium with the demonstration study (PORT=8001 to choose)
	@$(manage) runlocal --demo

demo-reset: setup ## Delete all local data and start the demonstration anew
	@$(manage) services reset
	@$(manage) runlocal --demo

run: setup ## Start Consilium with the data that is there, without the demonstration
	@$(manage) runlocal --migrate

test: setup-dev ## Run every test, browser tests included (ARGS="tests/corpus -k csv")
	@sh scripts/test $(ARGS)

check: setup-dev ## Check format, style, templates, types, imports, settings, migrations
	@sh scripts/check

format: setup-dev ## Put code and templates into the house format
	@$(python) -m ruff format .
	@$(python) -m ruff check --fix .
	@$(python) -m djlint --reformat --quiet templates

migrations-check: setup-dev ## Fail if a model changed without a migration
	@$(manage) makemigrations --check --dry-run

reset-db: setup ## Delete all local data: database, queue, uploads, exports
	@$(manage) services reset

stop: setup ## Stop the embedded PostgreSQL and Valkey
	@$(manage) services stop

export-demo: setup ## Write the demonstration study as a dataset folder
	@$(manage) export_demo

trainers: setup ## Train two steps of each TRL trainer on a real export (EXPORT=folder)
	@sh scripts/trainers $(EXPORT)

docs: setup-dev ## Check the documentation: links, commands, settings, examples
	@$(python) -m pytest -q tests/documentation

lock: setup-dev ## Resolve pyproject.toml anew into the hash-locked requirements files
	@sh scripts/lock

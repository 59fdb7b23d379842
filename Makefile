# What one types again and again. `make setup` makes the environment .venv; everything else runs in it, or, where there is
# none, with the tools on the PATH.
# To run the workflow itself, use ./nmt, which needs none of this.

BIN := $(if $(wildcard .venv/bin/python),.venv/bin/)
PYTHON := $(BIN)python
# Your own uv, or the one that ./nmt got.
UV := $(shell command -v uv || echo $${XDG_CACHE_HOME:-$$HOME/.cache}/nmt-en-fr-tools/bin/uv)
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)

help:  ## this list
	@sed -n 's/^\([a-z-]*\): *[^#]*## /  make \1#/p' Makefile | column -t -s '#'

setup:  ## the environment .venv: Python 3.11 and the pinned packages
	$(UV) venv --python 3.11 .venv
	$(UV) pip sync --python .venv/bin/python requirements.lock

hooks:  ## format, lint, types and contracts before each commit
	$(UV) tool run pre-commit install

check:  ## format, lint, types, contracts: as the tests run them
	$(BIN)ruff format --check .
	$(BIN)ruff check .
	$(BIN)mypy
	$(BIN)lint-imports

format:  ## formats the code and repairs what the linter can
	$(BIN)ruff format .
	$(BIN)ruff check --fix .

test:  ## the tests; one room: make test ROOM=tests/corpus
	$(PYTHON) -m pytest -q $(ROOM)

slow:  ## the slow tests, many minutes; one room: make slow ROOM=tests/corpus
	$(PYTHON) -m pytest -q -m slow $(ROOM)

generated:  ## mlproject and the tables in docs/, after a parameter or an ablation has changed
	$(PYTHON) -m pipelines.mlproject > mlproject.new && mv mlproject.new mlproject
	$(PYTHON) -m pipelines.parameter_table
	$(PYTHON) -m benchmarks.ablation_table

lock:  ## requirements.lock, after requirements.txt has changed
	$(UV) pip compile requirements.txt --universal --python-version 3.11 --generate-hashes --no-strip-extras \
		--no-header --no-annotate -q | sed "s/python_full_version < '3.12'/python_version == '3.11'/" > lock.new
	mv lock.new requirements.lock

tag:  ## tags the version of pyproject.toml
	git tag -a v$(VERSION) -m "Version $(VERSION)"

.PHONY: help setup hooks check format test slow generated lock tag

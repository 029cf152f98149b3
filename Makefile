# Two commands matter: `make serve` and `make test`. Both may be run again at any time.
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help install serve test lint audit format catalogues bench lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv

# --no-deps: the lock is complete, and pip's resolver would stumble over extras (coverage[toml]) once a newer release appears.
.venv/serve.stamp: pyproject.toml .lock/serve.txt | .venv/pyvenv.cfg
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .lock/serve.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

.venv/test.stamp: .lock/test.txt .venv/serve.stamp
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .lock/test.txt
	@touch $@

install: .venv/serve.stamp ## set up everything that `make serve` needs, and stop
	@$(BIN)/kb init

serve: .venv/serve.stamp ## set up what is missing, then serve on http://127.0.0.1:8000 (PORT=8080 moves it)
	@$(BIN)/kb serve --port $(PORT)

test: .venv/test.stamp ## run every test
	@sh tests/browser/install.sh
	$(BIN)/pytest --cov --cov-report=term:skip-covered

lint: .venv/test.stamp ## formatting, types, templates, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/lint-imports

audit: .venv/test.stamp ## ask PyPI for known holes in the locked dependencies (needs its vulnerability service)
	$(BIN)/pip-audit --strict --disable-pip --require-hashes -r .lock/serve.txt

format: .venv/test.stamp ## put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

catalogues: .venv/test.stamp ## bring the message catalogues up to date with code and templates
	@mkdir -p build
	$(BIN)/pybabel -q extract --ignore-dirs ".*" -F kb/translations/babel.cfg -k N_ -k _l --no-location --sort-output --project kb -o build/messages.pot .
	$(BIN)/pybabel -q update -N --no-fuzzy-matching -i build/messages.pot -d kb/translations

bench: .venv/test.stamp ## measure pages, search and import, and print the figures
	$(BIN)/python -m tests.bench

lock: .venv/test.stamp ## choose dependency versions anew and pin them by hash
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --extra korean --extra semantic pyproject.toml -o .lock/serve.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --extra korean --extra semantic --extra test -c .lock/serve.txt pyproject.toml -o .lock/test.txt

clean: ## remove what was built, but no data
	rm -rf .venv build .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage kb.egg-info

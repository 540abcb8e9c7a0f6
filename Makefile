PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: help setup serve page page-check journeys demo test lint format docs bench peers fev-test constraints clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

setup: $(STAMP)  ## make the virtual environment and install TimeVis into it

$(STAMP): pyproject.toml src/timevis_research/pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else f"TimeVis needs Python 3.11 or newer; {sys.executable} is {v.major}.{v.minor}: make PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,service,mcp]' -e src/timevis_research
	@touch $@

serve: setup  ## build the page if possible, then start the service: web, workers and a private Redis
	@$(BIN)/python scripts/build_page.py --if-possible
	$(BIN)/python -m timevis serve

page: setup  ## build the web page (Node 20 or newer, else the one of a Python package)
	@$(BIN)/python scripts/build_page.py

page-check: page  ## check the page: vue-tsc against the API, ESLint, Prettier and unit tests
	cd frontend && npm run --silent check && npm run --silent lint && npm run --silent format:check && npm test

journeys: page  ## use the page in a real browser against a real service
	cd frontend && npm run --silent journeys

demo: setup  ## tune nano-patch on real traffic data, then say where to look
	$(BIN)/python train.py

test: setup  ## every test; names those that it skips, for example where a server is absent
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -rs --numprocesses logical --maxprocesses 4 --dist worksteal

lint: setup  ## what pre-commit and CI check besides the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python scripts/extract_messages.py --check
	$(BIN)/mypy

format: setup  ## format the code and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	if test -d frontend/node_modules; then cd frontend && npm run --silent format; fi

docs: setup  ## build the documentation site into site/; warnings are errors
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

bench: setup  ## every benchmark, as ratios
	$(BIN)/python scripts/benchmark.py

peers: .venv-peers/.installed .venv-mlflow/.installed  ## the environments of the libraries that TimeVis is compared with

.venv-peers/.installed: requirements-peers.txt
	test -x .venv-peers/bin/python || $(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-peers.txt
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --no-deps flaircast==0.6.1
	@touch $@

fev-test: .venv-fev/.installed  ## test the tasks of fev in an environment of its own: it needs an older huggingface-hub
	OMP_NUM_THREADS=1 .venv-fev/bin/python -m pytest -rs tests/research/leaderboards/test_fev_tasks.py

.venv-fev/.installed: pyproject.toml
	test -x .venv-fev/bin/python || $(PYTHON) -m venv .venv-fev
	.venv-fev/bin/python -m pip install --quiet --disable-pip-version-check -e '.[fev]' -e src/timevis_research pytest pytest-timeout hypothesis
	@touch $@

.venv-mlflow/.installed:
	test -x .venv-mlflow/bin/python || $(PYTHON) -m venv .venv-mlflow
	.venv-mlflow/bin/python -m pip install --quiet --disable-pip-version-check 'mlflow>=3.5,<4'
	@touch $@

constraints:  ## refresh constraints.txt from the newest releases that pyproject admits
	$(PYTHON) scripts/refresh_constraints.py

clean:  ## remove caches; keeps outputs and the environment
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis build site src/*.egg-info

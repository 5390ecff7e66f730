# Every target first brings what it needs (setup.sh); the second time that costs nothing.
SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help demo up status stop test check format lock prove bench setup clean

# Without compiled files each of the processes would compile all of its imports at every start.
unexport PYTHONDONTWRITEBYTECODE

IN := .venv/bin
ARGS ?=
# embedded, or aws: the same on stand-ins for AWS
ENGINE ?= embedded
# Most tests wait for browsers and engines: more processes than cores halve the time of the whole run.
SIDE_BY_SIDE = -n 4
# The processes of a run must name the tests alike, also those with cases that come from sets.
export PYTHONHASHSEED = 0
PYTEST = WAYPOST_CHROMIUM="$$(cat build/setup/chromium)" $(IN)/pytest

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | \
	  while IFS=$$'\t' read -r name words; do printf '  make %-8s %s\n' "$$name" "$$words"; done

demo: setup ## The main job in one go: link a phone, send a text, get the reply, with the time of every step (ENGINE=aws)
	@[ $(ENGINE) != aws ] || ./setup.sh localstack
	@WAYPOST_ENGINE=$(ENGINE) $(IN)/waypost demo $(ARGS)

up: setup ## Start Waypost on this machine and keep it running (ARGS="--port 9000 …")
	@$(IN)/waypost up $(ARGS)

status: setup ## Where it runs, the API key, the state of its parts
	@$(IN)/waypost status $(ARGS)

stop: setup ## Stop what `make up` started
	@$(IN)/waypost stop $(ARGS)

test: setup ## Run the tests (ARGS="tests/unit -k lease")
	@./setup.sh localstack
	@$(PYTEST) --ignore=tests/prove --ignore=tests/bench $(if $(ARGS),$(ARGS),$(SIDE_BY_SIDE))

check: ## Types and style
	@./setup.sh python
	@$(IN)/ruff check && $(IN)/ruff format --check && $(IN)/mypy

format: ## Put the code into its form
	@./setup.sh python
	@$(IN)/ruff check --fix-only && $(IN)/ruff format

lock: ## Pin all packages anew, with hashes
	@./setup.sh python
	@build/tools/bin/uv pip compile -q --upgrade pyproject.toml --extra dev --generate-hashes \
	  --no-emit-index-url --no-header -o requirements.lock
	@npm install --package-lock-only --ignore-scripts --silent

prove: setup ## The long runs that try to break the promises
	@$(PYTEST) tests/prove $(ARGS)

bench: setup ## Measure everything, in ten minutes at most (ARGS="accepting frames")
	@WAYPOST_CHROMIUM="$$(cat build/setup/chromium)" $(IN)/python -m tests.bench $(ARGS)

setup: ## Bring what is missing: Python 3.13, packages, Chromium
	@./setup.sh

clean: ## Remove what was made here, but never a home with its messages
	@rm -rf .venv node_modules build .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

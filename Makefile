# Every target does its own set-up: the first call makes .venv and installs requirements.lock.
SHELL := /bin/bash
PYTHON ?= python3
# Another package index to take torch from, for example https://download.pytorch.org/whl/cpu: the
# default build for Linux brings CUDA with it, several gigabytes.
TORCH_INDEX ?=
CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu)
BIN := .venv/bin
SNAKEMAKE := $(BIN)/snakemake --cores $(CORES) --resources gpu=1
INSTALLED := .venv/.installed

.DEFAULT_GOAL := help
LINTS := lint-ruff lint-rules lint-workflow lint-types lint-layers lint-generated
.PHONY: help demo check test test-cluster attack report docs lint $(LINTS) format keys graph bench bench-jobs bench-gpu release-results lock clean

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# The lock holds everything but torch by hash. torch comes last, so that what it needs is there
# already and only its own build, and CUDA, come by version alone.
$(INSTALLED): requirements.lock requirements-torch.txt pyproject.toml hatch_build.py
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v < (3, 14) else "harmodels needs Python 3.11 to 3.13; this is %d.%d. Choose one: make PYTHON=python3.12" % v)'
	$(PYTHON) -m venv .venv
	$(PIP_INSTALL) --require-hashes --requirement requirements.lock
	$(PIP_INSTALL) --requirement requirements-torch.txt $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
	$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	$(BIN)/harmodels compile
	@touch $@

demo: $(INSTALLED) ## The whole pipeline on simulated recordings, offline, in a minute and a half
	$(SNAKEMAKE) --configfile config/demo.yaml
	@echo "Open results/demo.html"

report: $(INSTALLED) ## All reports on the real recordings (downloads them; HARMODELS_MIRROR=folder instead)
	$(SNAKEMAKE)
	@echo "Open results/report.html"

docs: $(INSTALLED) ## The site, into site/; opens offline
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement docs/requirements.txt
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "Open site/index.html"

PYTEST := $(BIN)/python -m pytest -n $(CORES) --dist worksteal

SINCE ?=
# pytest ends with 5 where no test is chosen
check: lint ## Lint and the tests that are not slow, in ten minutes; SINCE=main: what that change reaches
	$(PYTEST) -m "not slow" $(if $(SINCE),--since $(SINCE)) || test $$? -eq 5

test: $(INSTALLED) ## All tests, those of the workflow included
	$(PYTEST)

test-cluster: $(INSTALLED) ## A real Slurm of one node; as root, with apt, installs Debian's packages
	tests/cluster/install
	$(BIN)/python -m pytest -m cluster -o faulthandler_timeout=0 tests/cluster

ATTACKS ?= 1000
attack: $(INSTALLED) ## SIGKILLs, flipped bits, damaged files of every kind, at random; ATTACKS=1000 of each
	HARMODELS_ATTACKS=$(ATTACKS) $(PYTEST) -m attack -o faulthandler_timeout=0

lint: $(INSTALLED) ## ruff, snakefmt, snakemake --lint, mypy, import layers, generated files
	@$(MAKE) --no-print-directory --jobs $(CORES) --keep-going $(LINTS)

lint-ruff:
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
lint-rules:
	@$(BIN)/snakefmt --check Snakefile rules
lint-workflow:
	@$(BIN)/python .ci/lint_workflow.py
lint-types:
	@$(BIN)/mypy
lint-layers:
	@$(BIN)/lint-imports
lint-generated:
	@$(BIN)/python -m harmodels.pipeline.describe --check

format: $(INSTALLED) ## Put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile rules

keys: $(INSTALLED) ## Renew the schemas of the options and the tables of config/README.md
	$(BIN)/python -m harmodels.pipeline.describe

graph: $(INSTALLED) ## Draw the pipeline, its rules as boxes, into docs/pipeline.md
	sed -i '/^flowchart/,$$d' docs/pipeline.md
	$(BIN)/snakemake --rulegraph mermaid-js --configfile config/config.yaml | sed -n -e '/style/d' -e '/^flowchart/,$$p' >> docs/pipeline.md
	echo '```' >> docs/pipeline.md

release-results: $(INSTALLED) ## Copy tables, ledgers and the record of `make report` to docs/results, and renew README
	$(BIN)/python docs/site/results.py results

bench: $(INSTALLED) ## Training loops against JAX (.venv/bin/pip install jax) and torch.nn, side by side
	$(BIN)/python -m benchmarks

bench-jobs: $(INSTALLED) ## CPU seconds of one job of each kind, and of imports
	$(BIN)/python -m benchmarks.jobs

bench-gpu: $(INSTALLED) ## 1, 8 and 64 networks in one job on a GPU; fails where there is none
	$(BIN)/python -m benchmarks.gpu

lock: $(INSTALLED) ## Renew requirements.lock from the ranges in pyproject.toml
	$(PYTHON) -m venv .venv/lock
	.venv/lock/bin/python -m pip install --quiet --disable-pip-version-check uv
	.venv/lock/bin/uv pip compile pyproject.toml --group torch --extra dev --extra slurm --upgrade \
	  --universal --fork-strategy fewest --python-version 3.11 --generate-hashes --no-annotate \
	  --custom-compile-command "make lock" --quiet --output-file requirements.lock
	rm -r .venv/lock

clean: ## Remove results (archives in results/downloads stay)
	find results -mindepth 1 -maxdepth 1 ! -name downloads -exec rm -r {} + 2>/dev/null || true

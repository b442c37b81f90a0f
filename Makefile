# Two commands do everything, on a machine with Python 3.11 or 3.12 and nothing else:
#   make repro   the whole pipeline, from data to report
#   make test    every check, and every test that is not slow
PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3,$(shell command -v $(name))))
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Stages that DVC starts use this environment too, even if another one is activated.
export VIRTUAL_ENV := $(CURDIR)/.venv

.PHONY: repro check test test-slow coverage docs bench clean

repro: .venv/ready
	nerveseg recover
	nerveseg repro

check: .venv/ready
	ruff format --check .
	ruff check .
	codespell
	mypy
	lint-imports
	dvc dag --mermaid > /dev/null

# Two files at a time, each on one core: two trainings that share cores slow each other down.
PYTEST := OMP_NUM_THREADS=1 python -m pytest -n 2 --dist loadfile

test: check
	$(PYTEST) -m "not slow"

test-slow: .venv/ready
	$(PYTEST) -m slow

# Prints the coverage and marks the lines that no test reaches in htmlcov/index.html.
coverage: .venv/ready
	$(PYTEST) -m "not slow" --cov --cov-report=term --cov-report=html

# Builds the guides and the API reference into site/.
docs: .venv/ready
	NO_MKDOCS_2_WARNING=1 mkdocs build --strict

bench: .venv/ready
	python -m benchmarks

.venv/ready: requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if (3, 11) <= v < (3, 13) else "error: Python 3.11 or 3.12 is needed, found %d.%d; name one with PYTHON=..." % v[:2])'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	touch $@

clean:
	rm -rf .venv

# `make report` and `make test` set up everything they need. Only relative paths are used,
# and tools are started with `python -m`, so that a folder with a space in its name works.

# 3.14 comes late: a package that Snakemake needs (immutables) must be compiled for it.
PYTHONS := $(if $(PYTHON),"$(PYTHON)",python3.13 python3.12 python3.11 python3.14 python3)
CORES ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)

VENV_PYTHON := .venv/bin/python
PIP := $(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check
# Caches of Snakemake and Matplotlib stay here: the home folder may be read-only.
RUN := XDG_CACHE_HOME="$$PWD/.venv/cache" MPLCONFIGDIR="$$PWD/.venv/cache" $(VENV_PYTHON) -m

export PATH := $(CURDIR)/.venv/bin:$(PATH)
unexport PYTHONPATH PYTHONHOME

.PHONY: help report test lint format docs lock clean
.DEFAULT_GOAL := help

help:
	@echo "make report   run the workflow and say where the report is"
	@echo "              (CONFIG=mine.yaml for your own cohort, CORES=4 for four processors)"
	@echo "make test     run all tests (ARGS='-m \"not slow\"' leaves out the whole workflow)"
	@echo "make lint     check style and format"
	@echo "make format   put right what a formatter can"
	@echo "make docs     renew the pages of docs/ that come from the codebook"
	@echo "make lock     renew requirements.txt within the ranges of pyproject.toml"
	@echo "make clean    remove results, logs and caches; the environment .venv stays"
	@echo "PYTHON=/path/to/python3 chooses the interpreter for a new environment"

report: .venv/installed
	@$(RUN) snakemake --cores $(CORES) $(if $(CONFIG),--configfile "$(CONFIG)")
	@echo
	@for file in results/*/report/research.html; do \
		if [ -e "$$file" ]; then echo "Report: $$file"; fi; \
	done

test: .venv/installed
	@$(RUN) pytest -q -n $(CORES) --dist loadfile --no-loadscope-reorder $(ARGS)

lint: .venv/installed
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) snakefmt.snakefmt --check Snakefile workflow

format: .venv/installed
	$(RUN) ruff check --fix
	$(RUN) ruff format
	$(RUN) snakefmt.snakefmt Snakefile workflow

docs: .venv/installed
	@$(RUN) mescc_analytics.steps.reference docs

lock: .venv/installed
	@$(PIP) --target .venv/lock --upgrade uv
	@.venv/lock/bin/uv pip compile --quiet --upgrade --universal --fork-strategy fewest \
		--generate-hashes --no-emit-index-url --extra dev \
		--custom-compile-command "make lock" --output-file requirements.txt pyproject.toml
	@echo "requirements.txt is renewed: run make test"

clean:
	rm -rf results resources logs .snakemake .pytest_cache .ruff_cache build *.egg-info
	find . -name __pycache__ -not -path "./.venv/*" -prune -exec rm -rf {} +

# An environment that was copied from another folder, or whose interpreter is gone, is put right.
ifneq ($(shell $(VENV_PYTHON) -c "" 2>/dev/null && cat .venv/installed 2>/dev/null),$(CURDIR))
.PHONY: .venv/installed
endif

.venv/installed: requirements.txt pyproject.toml
	@rm -f $@
	@$(if $(PYTHON),false,$(VENV_PYTHON) -c "" 2>/dev/null) || rm -rf .venv
	@mkdir -p .venv
	@awk '/^[^ #]/ { keep = /^(pip|setuptools)==/ } keep' requirements.txt > .venv/installer.txt
	@$(VENV_PYTHON) -m pip --version >/dev/null 2>&1 || { $(MAKE_VENV); }
	@echo "2/3 installing the locked packages (a minute or two the first time)"
	@$(PIP) --require-hashes --requirement .venv/installer.txt
	@$(PIP) --require-hashes --no-build-isolation --requirement requirements.txt \
		|| { echo "If a package had to be compiled: sudo apt install gcc python3-dev," \
			"or choose an older interpreter, for example PYTHON=python3.13" >&2; exit 1; }
	@echo "3/3 installing mescc_analytics from this folder"
	@PYTHONWARNINGS=ignore $(PIP) --no-deps --no-build-isolation --editable .
	@pwd -P > $@

# Debian ships Python without ensurepip unless python3-venv is installed; its pip can still fill
# an environment made without one.
define MAKE_VENV
set -- $(PYTHONS); \
for python do \
	"$$python" -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>/dev/null || continue; \
	echo "1/3 making the environment .venv with $$python"; \
	if "$$python" -c "import ensurepip, venv" 2>/dev/null; then \
		"$$python" -m venv .venv && exit 0; \
	elif "$$python" -m venv --without-pip .venv 2>/dev/null \
		&& "$$python" -m pip --python $(VENV_PYTHON) install --quiet --require-hashes \
			--requirement .venv/installer.txt; then \
		exit 0; \
	fi; \
done; \
echo "No Python of version 3.11 or newer that can make a virtual environment was found." >&2; \
echo "On Debian or Ubuntu: sudo apt install python3 python3-venv" >&2; \
echo "Elsewhere, name one: make PYTHON=/path/to/python3 ..." >&2; \
rm -rf .venv; exit 1
endef

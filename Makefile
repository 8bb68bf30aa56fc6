# Everything is reached from here; `make help` lists it. Needs Python 3.11 or later, make and git; the rest is installed
# into .venv (or VENV=...) at the versions, and with the hashes, of requirements.lock.

SHELL := /bin/sh
# compiled modules are kept: a process that is killed and started again should not compile them anew
unexport PYTHONDONTWRITEBYTECODE
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# the first python3 that is new enough, whatever it is called; PYTHON=... chooses another
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$name" && break; done)

.DEFAULT_GOAL := help
.PHONY: help start demo fast test verify verify-long cross-check projection-check prove check format bench bench-profile bench-scale bench-far plotting simulate simulate-planted chaos advisories soak conformance everything migrate lock dist installed clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

start: $(STAMP) ## run the order saga's services, with a Postgres of their own unless DATABASE_URL is set, until Ctrl-C
	@exec $(BIN)/python -m ops.local start

demo: $(STAMP) ## run the scenes of the demo against real processes, kill some, and show that all ended well
	@exec $(BIN)/python -m ops.demo

# Each process has a Postgres of its own: one for each core, and one more, since the system's tests wait most of the
# time. Where DATABASE_URL names a Postgres, its roles are there once: one process. PROCESSES=4 chooses, PROCESSES=0 runs
# the tests in pytest's own process.
CORES := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
PROCESSES ?= $(if $(DATABASE_URL),0,$(shell expr $(CORES) + 1))
PYTEST := $(BIN)/python -m pytest -n $(PROCESSES) --maxprocesses 8
FAST := cli defects language log rpc runtime security sidecar telemetry testing worker

fast: PROCESSES = auto
fast: $(STAMP) ## run the tests that need no database and take little: a minute and a half on two cores
	$(PYTEST) -m "not postgres and not slow" $(FAST:%=tests/%)

test: $(STAMP) ## run all tests but the long searches of verify; PYTHON=python3.13 VENV=var/python3.13 chooses another Python
	$(PYTEST) -m "not search"

verify: $(STAMP) ## search the protocol, the theorems, planted bugs and the order saga within bounds; say what was not explored
	$(PYTEST) tests/model tests/simulation tests/testing
	$(BIN)/accompanist verify workers/orders/choreography.py --declines all

SAGAS ?= 900
verify-long: $(STAMP) ## the same with twenty times the random programs, SAGAS seconds of random sagas, more faults
	ACCOMPANIST_VERIFY_EXAMPLES=2000 $(PYTEST) tests/model tests/testing
	$(BIN)/python -m tests.model.random_sagas --seconds $(SAGAS)
	$(BIN)/accompanist verify workers/orders/choreography.py --lost 1 --states-max 4000000 --seconds 600
	$(BIN)/accompanist verify workers/orders/choreography.py --cancels 1 --states-max 4000000 --seconds 600
	$(BIN)/accompanist verify workers/orders/choreography.py --crashes 2 --states-max 4000000 --seconds 600

cross-check: $(STAMP) ## search the sagas of the tests with SPIN, too, and compare; needs Debian's spin and gcc
	@exec $(BIN)/python -m tests.model.cross_check

# PROVE="--recheck" has coqchk check what was compiled, too
prove: $(STAMP) ## compile the proofs of docs/proofs with Coq, and see that they assume nothing; needs Debian's coq
	@exec $(BIN)/python -m ops.prove $(PROVE)

PROGRAMS ?= 10000
projection-check: $(STAMP) ## compare the compiler's projection with the proved one on PROGRAMS random choreographies
	@exec $(BIN)/python -m tests.model.projection --programs $(PROGRAMS)

check: $(STAMP) ## lint, format, types, and the rules of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/house

format: $(STAMP) ## put the code in the form that `check` wants
	$(BIN)/ruff check --fix --silent . || true
	$(BIN)/ruff format .

bench: $(STAMP) ## measure the compiler's curve, then the order saga beside two floors: latency, rate, CPU, disk; ten minutes
	@$(BIN)/python -m ops.curve
	@exec $(BIN)/python -m ops.bench

bench-profile: $(STAMP) ## one order's time: statements, system calls, log, CPU by process, flame graphs; into var/profile
	@exec $(BIN)/python -m ops.bench.profiling

# SCALE="roles --seconds 10" chooses
bench-scale: $(STAMP) ## curves of cost by roles, replicas, payload, ended and waiting sessions, with limits; into var/scale
	@exec $(BIN)/python -m ops.bench.scaling $(SCALE)

# FAR="--quick" is a smoke run; FAR="--lengths 3 --delays 9 --count 50" chooses
bench-far: $(STAMP) ## chains of services with delayed messages beside an orchestrator, with the limit; into var/far
	@exec $(BIN)/python -m ops.bench.far $(FAR)

plotting: $(STAMP) ## install what draws the pictures of the benchmarks, at the hashes of ops/bench/plotting.lock
	@if uv --version >/dev/null 2>&1; then \
		VIRTUAL_ENV=$(VENV) uv pip install --quiet --require-hashes -r ops/bench/plotting.lock; \
	else \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r ops/bench/plotting.lock; \
	fi

# as many seeds as fit, all that can go wrong reached or it fails; SIMULATE="--minutes 60" for a night's share
SIMULATE ?= --minutes 3 --jobs 2
SIMULATED := tests/language/must_pass workers/gallery tests/simulation/errand.py workers/orders/choreography.py

simulate: $(STAMP) ## real sidecars in seeded clusters that go wrong; SIMULATE="--minutes 60 --jobs 2" chooses
	@exec $(BIN)/accompanist simulate $(SIMULATED) $(SIMULATE)

simulate-planted: $(STAMP) ## deliberate bugs, one at a time, and how many seeds it takes to find each; takes minutes
	@exec $(BIN)/python -m tests.simulation.planted

chaos: $(STAMP) ## faults on real processes under load, for about twenty minutes; CHAOS="--only kill-two --seed 7" chooses
	@exec $(BIN)/python -m ops.chaos $(CHAOS)

advisories: $(STAMP) ## ask a database what is known against the locked packages; needs the network, and says so without
	@exec $(BIN)/python -m ops.advisories

soak: $(STAMP) ## orders at a constant rate for 15 minutes; the slope of every table, with its error
	@exec $(BIN)/python -m ops.soak

conformance: $(STAMP) ## install the pinned npm packages, build the Go worker, and drive workers of all languages
	cd workers/node && npm ci --ignore-scripts --no-audit --no-fund
	mkdir -p var && cd workers/go && go build -o ../../var/till-go .
	$(BIN)/python -m pytest -rs tests/conformance tests/cli/test_conformance.py tests/system/test_languages.py

everything: $(STAMP) ## what README names for developers but advisories, one after the other; some hours
	@exec $(BIN)/python -m ops.everything

migrate: $(STAMP) ## bring the services' logs at DATABASE_URL to this program's revision
	$(BIN)/accompanist migrate --bootstrap

RESOLVE := --universal --generate-hashes --python-version 3.11
lock: ## resolve the dependencies anew and write requirements.lock, and the locks made from it (needs uv)
	uv pip compile $(RESOLVE) --extra all --extra local --extra dev pyproject.toml -o requirements.lock
	uv pip compile $(RESOLVE) --extra all -c requirements.lock pyproject.toml -o ops/release/runtime.lock
	uv pip compile $(RESOLVE) -c requirements.lock ops/release/tools.in -o ops/release/tools.lock
	uv pip compile $(RESOLVE) --extra bench -c requirements.lock pyproject.toml -o ops/bench/plotting.lock

dist: $(STAMP) ## build wheel, sdist, bill of materials and their hashes into dist; the same commit gives the same bytes
	@exec $(BIN)/python -m ops.release

INSTALLED ?=
installed: $(STAMP) ## a new project with the wheel alone, on each Python that is here; needs the network and minutes
	@exec $(BIN)/python -m ops.release.installed $(INSTALLED)

clean: ## remove the environment, the local data and what tools left
	rm -rf .venv var .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find accompanist migrations ops tests workers -name __pycache__ -prune -exec rm -rf {} +

# uv where it works, else venv and pip; both take the same lock and check the same hashes. ensurepip is missing from
# some systems' Python, which is said before anything is half made.
$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed; name it with PYTHON=..." >&2; exit 1; }
	@if uv --version >/dev/null 2>&1; then \
		test -x $(BIN)/python || uv venv --quiet --python "$(PYTHON)" $(VENV); \
		VIRTUAL_ENV=$(VENV) uv pip install --quiet --compile-bytecode --require-hashes -r requirements.lock && \
		VIRTUAL_ENV=$(VENV) uv pip install --quiet --no-deps -e .; \
	else \
		$(BIN)/python -m pip --version >/dev/null 2>&1 || "$(PYTHON)" -m venv --clear $(VENV) || \
			{ echo "this Python makes no environments: install its venv package (python3-venv)" >&2; exit 1; }; \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .; \
	fi
	@touch $@

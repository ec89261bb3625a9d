# `make demo` shows everything, `make test` tests everything; both do their own set-up.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python -m pushtune
# What is said in this command counts more than what the shell exports.
ifeq ($(origin PORT),command line)
export PUSHTUNE_PORT := $(value PORT)
else
export PUSHTUNE_PORT ?= $(value PORT)
endif

# Values reach commands as variables of their environment, so that no quote, blank or dollar in them means anything to
# make or to a shell. In recipes: $${NAME:+--option="$$NAME"}.
VALUES := REPO TARGET ROUNDS TRIALS EPOCHS BRANCH NAME MODEL FILE SEED MINUTES KILLS PAUSE FAILED MATRIX
$(foreach name,$(VALUES),$(if $(value $(name)),$(eval override export $(name) := $$(value $(name)))))

.DEFAULT_GOAL := help
.PHONY: help demo train up down status pushes predict logs images test soak lock clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

# An interruption can leave an environment without a pip that works: that one is made anew.
MAKE_ENVIRONMENT = @$(1)/bin/python -m pip install --help >/dev/null 2>&1 || \
	{ rm -f $(1)/ready && $(PYTHON) -m venv --clear $(1); }

$(VENV)/ready: requirements/airflow.txt requirements/test.txt Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Pushtune needs Python 3.11 or newer. Received: `$(PYTHON) --version 2>&1`. Install it, or name one: make PYTHON=python3.11 ..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module must be installed. Received: it is missing. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "Set up the Python environment in $(VENV) (about a minute)"
	$(call MAKE_ENVIRONMENT,$(VENV))
	@$(VENV)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/airflow.txt -r requirements/test.txt
	@# Relative to where it lies: in a copy of the checkout it names the copy's code.
	@$(VENV)/bin/python -c 'import os, pathlib, sysconfig; packages = pathlib.Path(sysconfig.get_path("purelib")); here = os.path.relpath(".", packages); (packages / "pushtune.pth").write_text(f"{here}/plugins\n{here}/training\n")'
	@touch $@

$(VENV)-training/ready: $(VENV)/ready requirements/training_test.txt
	@echo "Set up the environment of the runtime's tests in $(VENV)-training (about a minute)"
	$(call MAKE_ENVIRONMENT,$(VENV)-training)
	@$(VENV)-training/bin/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements/training_test.txt
	@touch $@

demo: $(VENV)/ready ## set everything up, push an example, watch it become a tuned model
	@$(RUN) demo

train: $(VENV)/ready ## train and tune any repository: make train REPO=<path or URL> [TARGET=] [ROUNDS=] [TRIALS=] [EPOCHS=] [BRANCH=]
	@$(RUN) train $${REPO:+--repository="$$REPO"} $${TARGET:+--target="$$TARGET"} $${ROUNDS:+--rounds="$$ROUNDS"} $${TRIALS:+--trials="$$TRIALS"} $${EPOCHS:+--epochs="$$EPOCHS"} $${BRANCH:+--branch="$$BRANCH"}

up: $(VENV)/ready ## start Airflow and watch the configured repositories
	@$(RUN) up

down: $(VENV)/ready ## stop Airflow and its containers; running trainings go on at the next start
	@$(RUN) down

status: $(VENV)/ready ## say whether everything runs
	@$(RUN) status

pushes: $(VENV)/ready ## list what became of each push: make pushes [NAME=<repository>]
	@$(RUN) pushes $${NAME:+--repository="$$NAME"}

predict: $(VENV)/ready ## ask a served model: make predict MODEL=<entry> [FILE=<JSON file or ->]; without FILE what it takes
	@$(RUN) predict $${MODEL:+--model="$$MODEL"} $${FILE:+--file="$$FILE"}

logs: $(VENV)/ready ## show the end of each part's log
	@$(RUN) logs

images: $(VENV)/ready ## build the container images that are missing
	@$(RUN) images

test: $(VENV)-training/ready ## run linters, types and all tests that this machine can run; FAILED=1: what failed before, MATRIX=1: instead what takes long, such as every kill and resume
	@$(RUN) test $${FAILED:+--failed} $${MATRIX:+--matrix}

soak: $(VENV)/ready ## kill every part at random for half an hour, then check that nothing was lost or done twice: [SEED=] [MINUTES=] [KILLS=] [PAUSE=]
	@PYTHONPATH=plugins:training:. $(VENV)/bin/python -m tests.faults.soak $${SEED:+--seed="$$SEED"} $${MINUTES:+--minutes="$$MINUTES"} $${KILLS:+--kills="$$KILLS"} $${PAUSE:+--pause="$$PAUSE"}

lock: $(VENV)/ready ## compile the lock files again
	@$(RUN) lock

clean: ## remove what was built here: the Python environment and Pushtune's own data
	@test ! -e $(VENV)/ready || $(RUN) down --remove
	@rm -f $(VENV)/ready $(VENV)-training/ready
	rm -rf $(VENV) $(VENV)-training .pushtune

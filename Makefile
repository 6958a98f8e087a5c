SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-print-directory
# After the sentence of a command that fails, make adds its own line "*** [...] Error 2": none of its settings leaves that
# line out and keeps the exit status.

# The variables of the commands.
PYTHON ?=
EXTRAS ?=
DATA ?=
RUN ?=
RUNS ?=
SEEDS ?=
ONLY ?=
VARIANT ?=
WEIGHTS ?=
IMAGE ?=
PAIRS ?=
SENTENCE ?= The agreement on the European Economic Area was signed in August 1992.
VIEW ?=
RESUME ?=
NODES ?=
DEVICES ?=
QUICK ?=
TORCHTEXT ?=
ARGS ?=

# Text goes to the commands through the environment, never pasted into a shell line: any quote, apostrophe, space or
# dollar sign in it arrives as typed. ARGS, RUNS and SEEDS, which are lists, are shell text.
export DATA_TEXT := $(value DATA)
export RUN_TEXT := $(value RUN)
export SENTENCE_TEXT := $(value SENTENCE)
export VIEW_TEXT := $(value VIEW)
export VARIANT_TEXT := $(value VARIANT)
export WEIGHTS_TEXT := $(value WEIGHTS)
export IMAGE_TEXT := $(value IMAGE)
export PAIRS_TEXT := $(value PAIRS)
export NODES_TEXT := $(value NODES)
export DEVICES_TEXT := $(value DEVICES)
export PYTHON_TEXT := $(value PYTHON)
export EXTRAS_TEXT := $(value EXTRAS)
export ONLY_TEXT := $(value ONLY)
unexport DATA RUN ONLY SENTENCE VIEW VARIANT WEIGHTS IMAGE PAIRS NODES DEVICES PYTHON EXTRAS

VENV := .venv
FROZEN := .venv-torchtext
WITH_TORCHTEXT := $(filter-out 0 no false,$(TORCHTEXT))
VENV_OR_TORCHTEXT := $(if $(WITH_TORCHTEXT),$(FROZEN),$(VENV))
PY := $(VENV_OR_TORCHTEXT)/bin/python
OXLINT := oxlint@1.94.0
TYPESCRIPT := typescript@5.9.3
GIVEN_DATA = $${DATA_TEXT:+--data "$$DATA_TEXT"}
GIVEN_VARIANT = $${VARIANT_TEXT:+--variant "$$VARIANT_TEXT"}
GIVEN_NODES = $${NODES_TEXT:+--nodes "$$NODES_TEXT"}
GIVEN_DEVICES = $${DEVICES_TEXT:+--devices "$$DEVICES_TEXT"}
GIVEN_SEEDS = $(if $(SEEDS),--seeds $(SEEDS))
GIVEN_TORCHTEXT = $(if $(WITH_TORCHTEXT),--data.init_args.tokenizer=torchtext)
GIVEN_RESUME := $(if $(filter-out 0 no false,$(RESUME)),--resume)
# One thread per process: pytest runs two, and more threads than cores make small tensors slower.
ONE_THREAD := OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false

# A target that does not exist, or a variable that no target of the command reads, is refused before anything is run. PY is
# the interpreter of tests that build no environment.
TYPED := $(filter-out PY,$(foreach name,$(.VARIABLES),$(if $(filter command,$(origin $(name))),$(name))))
REFUSED := $(shell awk -v goals='$(subst ','\'',$(or $(MAKECMDGOALS),help))' -v typed='$(TYPED)' -f .make/mistyped.awk Makefile)
$(if $(REFUSED),$(error $(REFUSED)))

##@ Begin

.PHONY: help
help: ## Show this list
	@awk 'BEGIN { FS = ":.*## "; print "usage: make <target> [VARIABLE=value ...]" } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5); next } \
	  /^#: / { printf "  %-18s   %s\n", "", substr($$0, 4); next } \
	  /^[a-z0-9-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' Makefile

.PHONY: setup
setup: $(VENV)/.installed ## Create .venv with the pinned packages (every other target does so by itself)
	@if [[ -n $$EXTRAS_TEXT ]]; then $(CLEAN_PIP) $(PY) -m pip install --no-user --no-input --disable-pip-version-check \
	  -c constraints.txt -e ".[dev,$$EXTRAS_TEXT]"; fi
#: make setup EXTRAS=wmt                 what DATA=wmt14 needs in addition
#: make setup EXTRAS=bench               CTranslate2, beside which python -m benchmarks.decode --ctranslate2 translates
#: make setup EXTRAS=trial               eflomal, a statistical aligner beside those of make trial; needs a C compiler
#: make setup PYTHON=python3.12          another interpreter, 3.11 to 3.14, for a new .venv

.PHONY: doctor
doctor: $(VENV)/.installed ## Say what works on this machine, what does not, and how to fix it
	@$(PY) -m reproductions doctor

##@ Train, evaluate, look

.PHONY: train-bahdanau
train-bahdanau: $(VENV_OR_TORCHTEXT)/.installed ## Train RNNsearch (Bahdanau et al. 2014), evaluate it and draw its alignments
	@$(PY) -m reproductions train bahdanau2014 $(GIVEN_DATA) $(GIVEN_RESUME) $(GIVEN_SEEDS) $(GIVEN_NODES) $(GIVEN_DEVICES) $(GIVEN_TORCHTEXT) $(ARGS)
#: make train-bahdanau DATA=multi30k     accord (embedded, default), multi30k, tatoeba, bible, wmt14, path.tsv, or a.en,a.fr
#: make train-bahdanau DATA=bible,tatoeba,multi30k   trains on the union, tests on each
#: make train-bahdanau RESUME=1          continue the newest run
#: make train-bahdanau SEEDS="1 2 3"     one run per seed, side by side; again continues what is not finished
#: make train-bahdanau TORCHTEXT=1       with torchtext's vocabulary and transforms, and the torch 2.3 it needs (5 GB)
#: make train-bahdanau ARGS="--trainer.max_epochs 3"

.PHONY: train-rnnencdec
train-rnnencdec: $(VENV)/.installed ## Train RNNencdec, the paper's baseline without attention (same variables, but TORCHTEXT)
	@$(PY) -m reproductions train bahdanau2014 --variant rnnencdec $(GIVEN_DATA) $(GIVEN_RESUME) $(GIVEN_SEEDS) $(GIVEN_NODES) $(GIVEN_DEVICES) $(ARGS)

.PHONY: train-luong
train-luong: $(VENV)/.installed ## Train the translator of Luong et al. 2015, which attends after its decoder's step
	@$(PY) -m reproductions train luong2015 $(GIVEN_DATA) $(GIVEN_RESUME) $(GIVEN_SEEDS) $(GIVEN_NODES) $(GIVEN_DEVICES) $(ARGS)
#: make train-luong DATA=multi30k        the same corpora and mixtures
#: make train-luong ARGS="--model.network.attention dot"   or any other mechanism of the timeline

.PHONY: train-xu
train-xu: $(VENV)/.installed ## Train Show, Attend and Tell (Xu et al. 2015): captions of embedded images, and where it looks for each word
	@$(PY) -m reproductions train xu2015 $(GIVEN_DATA) $(GIVEN_VARIANT) $(GIVEN_RESUME) $(GIVEN_SEEDS) $(GIVEN_NODES) $(GIVEN_DEVICES) $(ARGS)
#: make train-xu VARIANT=hard            one place per word instead of all; make figures then draws both

.PHONY: train-cheng
train-cheng: $(VENV)/.installed ## Train the LSTMN (Cheng et al. 2016), a language model whose sentences attend to themselves
	@$(PY) -m reproductions train cheng2016 $(GIVEN_DATA) $(GIVEN_VARIANT) $(GIVEN_RESUME) $(GIVEN_SEEDS) $(GIVEN_NODES) $(GIVEN_DEVICES) $(ARGS)
#: make train-cheng VARIANT=lstm         the LSTM to compare it with

.PHONY: train-transformer
train-transformer: $(VENV)/.installed ## Train the Transformer (Vaswani et al. 2017), evaluate it and draw its alignments
	@$(PY) -m reproductions train transformer2017 $(GIVEN_DATA) $(GIVEN_RESUME) $(GIVEN_SEEDS) $(GIVEN_NODES) $(GIVEN_DEVICES) $(ARGS)
#: make train-transformer DATA=multi30k  the same, but wmt14_base or wmt14_big
#: make train-transformer DATA=tatoeba ARGS="--data.links hansards"   the view is chosen, and AER measured, by gold word links
#: make train-transformer DEVICES=8      on eight GPUs, which share the batch; NODES=2 prints what to run on each node

.PHONY: train-vit
train-vit: $(VENV)/.installed ## Train ViT (Dosovitskiy et al. 2021), evaluate it, draw and measure where it looks
	@$(PY) -m reproductions train vit2021 $(GIVEN_DATA) $(GIVEN_VARIANT) $${WEIGHTS_TEXT:+--weights "$$WEIGHTS_TEXT"} $(GIVEN_RESUME) $(GIVEN_SEEDS) $(GIVEN_NODES) $(GIVEN_DEVICES) $(ARGS)
#: make train-vit DATA=cifar10           shapes (embedded, default), cifar10, or path/to/folder of images by class
#: make train-vit VARIANT=plain          the paper's plain patches instead of convolutions, which learn more within minutes
#: make train-vit DATA=path/to/folder WEIGHTS=torchvision:vit_b_16 ARGS="--size 384"   fine-tune: or timm:NAME, hf:NAME, a file, a run

.PHONY: train-resnet
train-resnet: $(VENV)/.installed ## Train a residual network (He et al. 2016) on the same images; Grad-CAM shows where it looks
	@$(PY) -m reproductions train resnet2016 $(GIVEN_DATA) $(GIVEN_RESUME) $(GIVEN_SEEDS) $(GIVEN_NODES) $(GIVEN_DEVICES) $(ARGS)

.PHONY: compare
compare: $(VENV)/.installed ## Then and now: the newest run of each paper on the same sentences or images, as one page
	@$(PY) -m reproductions compare $(RUNS) $(GIVEN_DATA) $(ARGS)
#: make compare DATA=shapes              classifiers: a residual network with Grad-CAM beside ViT, on any images
#: make compare RUNS="runs/A runs/B"     these runs, two or more, of the same task
#: make compare RUNS="A1 A2 A3 vs B1 B2 B3"   groups of seeds: means, and whether they differ by more than seeds do

.PHONY: ladder
ladder: $(VENV)/.installed ## From 2014 to 2017 in six models: one budget, one table and one figure
	@$(PY) -m reproductions ladder $(ARGS)

.PHONY: timeline
timeline: $(VENV)/.installed ## Every kind of attention in one translator: trained, measured, drawn in order of year
	@$(PY) -m reproductions timeline $(if $(filter-out 0 no false,$(QUICK)),--quick) $(ARGS)
#: make timeline QUICK=1                 one seed and few steps; ARGS="--jobs 4" trains four side by side

.PHONY: trial
trial: $(VENV)/.installed ## Translators as word aligners on the Bible, Tatoeba and Multi30k, beside statistical ones, against human links
	@$(PY) -m reproductions trial $(if $(filter-out 0 no false,$(QUICK)),--quick) $${ONLY_TEXT:+--only "$$ONLY_TEXT"} $(ARGS)
#: make trial QUICK=1                    fewer pairs and steps; make setup EXTRAS=trial adds eflomal
#: make trial ONLY="rnnsearch guided"    some of rnnsearch, luong, transformer, guided

.PHONY: intervene
intervene: $(VENV)/.installed ## Does a model use what it looks at? Erase it, exchange it, leave it out: the newest runs in one table
	@$(PY) -m reproductions intervene $(RUNS) $(ARGS)
#: make intervene RUNS="runs/A runs/B"   these runs; ARGS=--control trains a model that looks at all words alike, beside the timeline

.PHONY: results
results: $(VENV)/.installed ## Train the runs behind README and docs that are missing, and write their numbers (ONLY=accord)
	@$(PY) -m reproductions results $${ONLY_TEXT:+--only "$$ONLY_TEXT"} $(ARGS)
#: make results ARGS=--untrained         train nothing, write down what there is
#: make results ARGS="--benchmark FILE"  write down what a benchmark printed to a file

.PHONY: check-results
check-results: $(VENV)/.installed ## Hold the runs here against the numbers of README and docs (ONLY=accord)
	@$(PY) -m reproductions results --check $${ONLY_TEXT:+--only "$$ONLY_TEXT"} $(ARGS)

.PHONY: evaluate
evaluate: $(VENV_OR_TORCHTEXT)/.installed ## Score a run again and draw its pictures (RUN=folder, default: the last one)
	@$(PY) -m reproductions evaluate $${RUN_TEXT:+"$$RUN_TEXT"} $(ARGS)

.PHONY: report
report: $(VENV)/.installed ## Open the report of a run: attention, scores, curves, settings on one page (RUN=folder, default: the last one)
	@$(PY) -m reproductions report $${RUN_TEXT:+"$$RUN_TEXT"} $(ARGS)

.PHONY: translate
translate: $(VENV_OR_TORCHTEXT)/.installed ## Translate a sentence and draw where the model looked
	@$(PY) -m reproductions translate "$$SENTENCE_TEXT" $${RUN_TEXT:+--run "$$RUN_TEXT"} $${VIEW_TEXT:+--view "$$VIEW_TEXT"} $(ARGS)
#: make translate SENTENCE="The man did not see the old dog."  RUN=runs/...  VIEW="L2 H3 shift1"
#: make translate TORCHTEXT=1            with a run that was trained so; evaluate takes it, too

.PHONY: align
align: $(VENV)/.installed ## Link the words of a bitext, "source ||| target" per line, as source-target numbers (PAIRS=file)
	@$(PY) -m reproductions align $${PAIRS_TEXT:+"$$PAIRS_TEXT"} $${RUN_TEXT:+--run "$$RUN_TEXT"} $${VIEW_TEXT:+--view "$$VIEW_TEXT"} $(ARGS)
#: make align PAIRS=bitext.txt RUN=runs/... > links.txt      without PAIRS, standard input
#: make align PAIRS=bitext.txt RUN=runs/en-fr ARGS="--reverse runs/fr-en --symmetrise grow-diag-final-and"

.PHONY: explain
explain: $(VENV)/.installed ## Scaled dot-product attention in five steps, with the numbers of a trained Transformer
	@$(PY) -m reproductions explain "$$SENTENCE_TEXT" $${RUN_TEXT:+--run "$$RUN_TEXT"} $(ARGS)
#: make explain SENTENCE="The man did not see the old dog." ARGS="--place source --layer 2 --head 1 --word chien"

.PHONY: page
page: $(VENV)/.installed ## Serve the page: type a sentence and see where the trained models look
	@$(PY) -m reproductions page $(ARGS)
#: make page ARGS="--port 8080"

.PHONY: site
site: $(VENV)/.installed ## Write the page as a folder that any web host serves: trained models compute in the browser
	@$(PY) -m reproductions site $(if $(RUNS),--runs $(RUNS)) $(ARGS)
#: make site RUNS="runs/A runs/B"        these runs instead of the newest RNNsearch, Transformer and ViT
#: make site ARGS="--out public"         another folder than site/

.PHONY: look
look: $(VENV)/.installed ## Classify an image of yours and draw where the model looked (IMAGE=photo.jpg)
	@if [[ -z $$IMAGE_TEXT ]]; then echo "Name an image: make look IMAGE=photo.jpg" >&2; exit 2; fi; \
	$(PY) -m reproductions look "$$IMAGE_TEXT" $${RUN_TEXT:+--run "$$RUN_TEXT"} $${WEIGHTS_TEXT:+--weights "$$WEIGHTS_TEXT"} $(ARGS)
#: make look IMAGE=photo.jpg WEIGHTS=torchvision:vit_b_16            without a training: also timm:NAME, hf:NAME, or a file

.PHONY: figures
figures: $(VENV)/.installed ## Draw the papers' figures and tables from the newest runs, or else from the released ones
	@$(PY) -m reproductions figures $(ARGS)

##@ Weights & Biases

.PHONY: sync
sync: $(VENV)/.installed ## Upload the runs that were tracked offline (log in first: .venv/bin/wandb login)
	@found=0; while IFS= read -r run; do \
	  if compgen -G "$$run/*.wandb" > /dev/null && ! compgen -G "$$run/*.synced" > /dev/null; then \
	    found=1; WANDB_DIR=runs $(PY) -m wandb sync $(ARGS) "$$run"; fi; \
	done < <(find runs -type d -name 'offline-run-*' 2> /dev/null | sort); \
	if [[ $$found == 0 ]]; then echo "Nothing to upload: no offline run under runs/ that is not uploaded yet."; fi
#: .venv/bin/wandb sweep configs/sweeps/bahdanau-accord.yaml   many trainings, which .venv/bin/wandb agent then runs

.PHONY: dashboard
dashboard: $(VENV)/.installed ## Watch a run's curves in the terminal, no account needed (RUN=folder)
	@folder="$${RUN_TEXT:+$$RUN_TEXT/wandb}"; \
	if [[ -z $$folder && -d runs ]]; then folder=$$(find runs -type d -name wandb -exec ls -dt {} + | sed -n 1p); fi; \
	if [[ ! -d $$folder ]]; then \
	  echo "No tracked run$${folder:+ in $$folder}: start one with 'make train-bahdanau'." >&2; exit 2; fi; \
	$(PY) -m wandb leet "$$folder"

##@ Develop

.PHONY: test
test: $(VENV)/.installed ## Run the tests on two processes
	@$(ONE_THREAD) $(PY) -m pytest -n 2 --dist loadscope $(ARGS)
#: make test ARGS="-k tracking -x"

.PHONY: test-torchtext
test-torchtext: $(FROZEN)/.installed ## Run the tests with torchtext 0.18 and the torch 2.3 it needs (.venv-torchtext, 5 GB)
	@$(ONE_THREAD) $(FROZEN)/bin/python -m pytest -n 2 --dist loadscope $(ARGS)

.PHONY: torture
torture: $(VENV)/.installed ## Stop trainings at random and chosen moments and compare them with undisturbed ones (RUNS=20)
	@$(ONE_THREAD) PYTHONPATH=.:tests $(PY) -m torture $(if $(RUNS),--runs $(RUNS)) $(ARGS)

.PHONY: lint
lint: $(VENV)/.installed lint-javascript ## Check style (ruff) and types (mypy --strict where it counts), and the page's JavaScript
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check --quiet . || { echo "Not formatted: run 'make format'." >&2; exit 1; }
	@$(PY) -m mypy

.PHONY: lint-javascript
lint-javascript: ## Check the page's JavaScript alone (oxlint, and TypeScript on its JSDoc), where node can fetch them
	@if ! npx --yes $(OXLINT) --version > /dev/null 2>&1; then \
	  echo "The page's JavaScript was not checked: npx, which comes with node, is not there or cannot fetch oxlint."; \
	else npx --yes $(OXLINT) --deny-warnings reproductions/page/static; npx --yes -p $(TYPESCRIPT) tsc -p .make/tsconfig.json; fi

.PHONY: typecheck
typecheck: $(VENV)/.installed ## Check types alone
	@$(PY) -m mypy

.PHONY: format
format: $(VENV)/.installed ## Format the code, fix what ruff can fix, renumber the tables of equations
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .
	@$(PY) -m reproductions.commands.equations

.PHONY: bench
bench: $(VENV)/.installed ## Measure training, decoding and scale on this machine
	@$(PY) -m benchmarks.train --seconds 20
	@$(PY) -m benchmarks.train --model transformer --seconds 20
	@$(PY) -m benchmarks.images --seconds 20
	@$(PY) -m benchmarks.attention
	@$(PY) -m benchmarks.decode
	@$(PY) -m benchmarks.scale --pairs 100000

.PHONY: bench-gpu
bench-gpu: $(VENV)/.installed ## Measure one GPU in ten minutes (QUICK=1: every part in miniature, on any machine)
	@$(PY) -m benchmarks.gpu $(if $(filter-out 0 no false,$(QUICK)),--quick) $(ARGS)

.PHONY: clean
clean: ## Remove caches and build products (runs, data and environments stay)
	@rm -rf .pytest_cache .ruff_cache .mypy_cache .hypothesis build dist *.egg-info
	@find data reproductions tests benchmarks -type d -name __pycache__ -prune -exec rm -rf {} + 2> /dev/null || true

# The environments. A stamp says that an installation ran to its end: make skips it until pyproject.toml or the pins change.
# A ".installing" that is still there says that it was cut off in the middle of writing: then it starts afresh.

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(call install,$(VENV),constraints.txt,dev,14,torch lightning wandb)

$(FROZEN)/.installed: pyproject.toml constraints-torchtext.txt
	@$(call install,$(FROZEN),constraints-torchtext.txt,dev$(comma)torchtext,12,torch torchtext lightning)

comma := ,
# Settings of pip that would put packages elsewhere, or change what is installed. Indexes, proxies and certificates stay.
CLEAN_PIP := env -u PIP_USER -u PIP_TARGET -u PIP_PREFIX -u PIP_ROOT -u PIP_CONSTRAINT -u PIP_REQUIREMENT -u PIP_NO_DEPS \
  -u PIP_DRY_RUN -u PIP_PYTHON -u PIP_EDITABLE -u PIP_LOG -u PYTHONPATH -u PYTHONHOME PIP_REQUIRE_VIRTUALENV=0 PYTHONNOUSERSITE=1

# uv installs where it is there, and where pip has no settings of its own, which uv would not read; pip everywhere else.
# $(call install,folder,constraints,extras,newest minor version of Python 3,packages to name at the end)
define install
suits='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, $(4)))'; \
working() { "$(1)/bin/python" -c "$$suits" && "$(1)/bin/python" -m pip --version; }; \
if [[ -e $(1)/.installing ]] || ! working > /dev/null 2>&1; then \
  python=; \
  for candidate in $${PYTHON_TEXT:-python3.11 python3.12 python3.13 python3.14 python3 python}; do \
    if "$$candidate" -c "$$suits" 2> /dev/null; then python=$$candidate; break; fi; \
  done; \
  if [[ -z $$python ]]; then \
    if [[ -n $$PYTHON_TEXT ]]; then \
      echo "PYTHON=$$PYTHON_TEXT is $$("$$PYTHON_TEXT" --version 2>&1 || true), but $(1) needs Python 3.11 to 3.$(4)." >&2; \
    else \
      echo "No Python 3.11 to 3.$(4) found (python3 is $$(python3 --version 2>&1 || true))." >&2; \
    fi; \
    echo "Install one, or name the one you have: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11" >&2; exit 1; \
  fi; \
  if ! "$$python" -c 'import ensurepip, venv' 2> /dev/null; then \
    echo "$$("$$python" --version) lacks the venv module; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; \
  fi; \
  $(CLEAN_PIP) "$$python" -m venv --clear $(1); \
fi; \
rm -f $(1)/.installed; touch $(1)/.installing; \
echo "Installing the packages of $(2) into $(1) with $$($(1)/bin/python --version), some minutes (log: $(1)/install.log)"; \
began=$$SECONDS; \
by_uv() { command -v uv && ! $(1)/bin/python -m pip config list | grep -E 'index|find-links|constraint' && \
  env -u PYTHONPATH -u UV_CONSTRAINT -u UV_OVERRIDE uv pip install --python $(1)/bin/python -c $(2) -e '.[$(3)]'; }; \
by_uv > $(1)/install.log 2>&1 || $(CLEAN_PIP) $(1)/bin/python -m pip install --no-user --no-input --disable-pip-version-check \
  -c $(2) -e '.[$(3)]' >> $(1)/install.log 2>&1 || { \
  code=$$?; tail -n 15 $(1)/install.log >&2; \
  echo "The installation failed; the whole log is $(1)/install.log. Behind a proxy or offline, see pip's PIP_* settings." >&2; \
  if (( code <= 2 )); then rm -f $(1)/.installing; fi; exit $$code; }; \
rm -f $(1)/.installing; touch $(1)/.installed; \
echo "Installed in $$((SECONDS - began)) s:$$($(1)/bin/python -c 'import sys; from importlib.metadata import version; print("".join(f" {p} {version(p)}" for p in sys.argv[1:]))' $(5))"
endef

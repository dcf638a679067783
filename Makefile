# Heddle in two commands: `make run` trains a first model, `make test` runs every test. `make help` lists the rest.
PRESET ?= release
BUILD   = build/$(PRESET)
HEDDLE  = $(BUILD)/heddle
DECK   ?= inputs/first.toml
RUN    ?= runs/$(basename $(notdir $(DECK)))
RANKS  ?= 4
SET    ?=
JOBS   ?= $(shell nproc)
PYTHON ?= /usr/bin/python3
PREFIX ?= /usr/local
ROUNDS ?= 3
ONLY   ?=
UNDER  ?=
TEXT   := data/first.txt
TOKENS := data/first.h5

# $(call environment,NAME,FOLDER): a virtual environment of the build folder with what FOLDER/requirements.txt lists.
define environment
test -x $(BUILD)/$(1)/bin/python || $(PYTHON) -m venv $(BUILD)/$(1)
	$(BUILD)/$(1)/bin/pip install -q -r $(2)/requirements.txt
endef

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

run: program $(TOKENS)  ## train a small GPT on this machine, in runs/first, first-2, ...; RANKS=8 SET="grid.data=2 train.steps=500" change it
	@run=$(RUN); for n in $$(seq 2 1000); do [ -e $$run ] || break; run=$(RUN)-$$n; done; set -ex; \
	jobs/local.sh $(RANKS) $(HEDDLE) run $(DECK) output.directory=$$run $(SET); \
	$(HEDDLE) generate $$run --tokens 400; \
	$(PYTHON) analysis/plot_loss.py $$run/run.h5 -o $$run/loss.png

smoke:  ## the smallest run, of inputs/smoke.toml: seconds on one core
	@$(MAKE) --no-print-directory run DECK=inputs/smoke.toml RANKS=1 TOKENS=data/smoke.h5

test: build  ## build and run the whole test suite
	ctest --preset $(PRESET) -j $(JOBS)

build: configured  ## compile into build/$(PRESET); PRESET=release, debug, asan, threads, cuda or pure
	cmake --build --preset $(PRESET)

program: configured  ## compile the program alone, without its tests
	cmake --build --preset $(PRESET) --target heddle

install: program  ## put heddle, its scripts as heddle-* commands, completion and manual under PREFIX=/usr/local
	cmake --install $(BUILD) --prefix $(PREFIX)

configured: setup
	@test -f $(BUILD)/build.ninja || cmake --preset $(PRESET)

setup:  ## install what is missing from Debian's packages
	@cmake/setup.sh build

lint: override PRESET = lint
lint: configured  ## formatting, the dependency law, lengths, names in the docs, clang-tidy
	@cmake/setup.sh lint
	$(call environment,lint,tests/lint)
	cmake/lint.sh $(BUILD)

format:  ## let clang-format decide
	@cmake/setup.sh lint
	git ls-files '*.[ch]pp' | xargs clang-format -i

kokkos:  ## a Kokkos with OpenMP, or with DEVICE=cuda for NVIDIA GPUs, in a cache outside the tree
	@cmake/setup.sh build
	cmake $(if $(DEVICE),-DDEVICE=$(DEVICE)) -P cmake/kokkos.cmake

cuda:  ## compile for NVIDIA GPUs into build/cuda; needs nvcc, but no GPU
	$(MAKE) kokkos DEVICE=cuda
	cmake -P cmake/cudnn_frontend.cmake
	$(MAKE) build PRESET=cuda

threads: kokkos  ## the kernels' tests and a training run with two threads in a rank
	$(MAKE) build PRESET=threads
	ctest --preset threads

sweep: build  ## every layout on 1 to 8 ranks against one rank, and all runs of which `make test` compares a third: an hour on two cores
	cd $(BUILD)/tests && for ranks in 1 2 3 4 5 6 7 8; do \
	  HEDDLE_SWEEP=full $(CURDIR)/jobs/local.sh $$ranks ./test_session_mpi >sweep.log 2>&1 \
	    || { cat sweep.log; exit 1; }; \
	  grep differ sweep.log; \
	done

oracle: setup  ## PyTorch from PyPI, in a virtual environment of the build folder
	@cmake/setup.sh oracle
	$(call environment,oracle,tests/parity)

parity: build oracle  ## compute PyTorch's side of the comparison anew
	ctest --preset $(PRESET) -V -L oracle

bench: build  ## Heddle beside PyTorch, in turns: docs/performance.md; PRECISION=bf16 ROUNDS=3 ONLY=regex PEER=script.py HEDDLE_UPDATE=1
	@$(PYTHON) -c 'import torch' 2>/dev/null || $(MAKE) --no-print-directory oracle
	$(PYTHON) tests/bench/side_by_side.py --heddle $(HEDDLE) --python $(PYTHON) $(BUILD)/oracle/bin/python \
	  --rounds $(ROUNDS) --only '$(ONLY)' --under '$(UNDER)' $(if $(PEER),--peer $(PEER)) \
	  $(if $(PRECISION),--precision $(PRECISION)) $(if $(HEDDLE_UPDATE),--update docs/performance.md) -o $(BUILD)/bench.md

schedules: build  ## every pipeline schedule on two ranks; ROUNDS=3 HEDDLE_UPDATE=1, PEER=script.py for PyTorch's beside them
	$(PYTHON) tests/bench/schedules.py --heddle $(HEDDLE) --python $(PYTHON) $(BUILD)/oracle/bin/python --rounds $(ROUNDS) \
	  $(if $(PEER),--peer $(PEER)) $(if $(HEDDLE_UPDATE),--update docs/performance.md) -o $(BUILD)/schedules.md

prediction: build  ## is a step as long as `heddle simulate` says? five schedules on two ranks; ROUNDS=3 HEDDLE_UPDATE=1
	$(PYTHON) tests/bench/prediction.py --heddle $(HEDDLE) --rounds $(ROUNDS) --under '$(UNDER)' \
	  $(if $(HEDDLE_UPDATE),--update docs/performance.md --pictures docs/images) -o $(BUILD)/prediction.md

counts:  ## instructions of a fixed training step against tests/bench/instructions.json; HEDDLE_UPDATE=1 stores them
	@cmake/setup.sh counts
	@$(MAKE) --no-print-directory configured PRESET=counts
	cmake --build --preset counts --target counted_step
	$(PYTHON) tests/bench/counts.py build/counts/tests/bench/counted_step

bits:  ## the losses of 30 decks against tests/bits/losses.json, bit by bit; HEDDLE_UPDATE=1 stores them
	$(MAKE) --no-print-directory program PRESET=counts
	$(PYTHON) tests/bits/bits.py build/counts/heddle

clean:  ## forget every build and the prepared text; runs stay
	rm -rf build data

$(TEXT): | setup
	inputs/king_james.sh $@

$(TOKENS): $(TEXT) | program
	$(HEDDLE) prepare $(TEXT) -o $@

.PHONY: help run smoke test build program install configured setup lint format kokkos cuda threads sweep oracle parity bench schedules prediction counts bits clean

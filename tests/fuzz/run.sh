#!/bin/bash
# SPDX-License-Identifier: MIT
#
# run.sh BUILD_DIR RUNS CMAKE_ARGUMENT...: build the fuzz targets in BUILD_DIR and give each RUNS inputs, those of
# text ten times as many. Fails at the first input that crashes, hangs, leaks, or that a sanitizer finds fault with,
# and leaves it in BUILD_DIR/found. What was learnt stays in BUILD_DIR/corpus for the next run. At the end a line for each
# target says how many executions a second it made. RUNS=27000 is a million in all.
#
# Settings (environment): RVFIT_FUZZ_TARGETS, "desi table" (default: all); RVFIT_FUZZ_SEED (default: another each time).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
build=$1 runs=$2
shift 2

if ! printf 'extern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long) { return 0; }' |
  clang++ -x c++ -fsanitize=fuzzer,address - -o /dev/null 2> /dev/null; then
  echo "[skipped] no clang++ with libFuzzer (Debian: clang, libclang-rt-dev)"
  exit 77
fi
python=${RVFIT_PYTHON:-/usr/bin/python3}
if ! PYTHONDONTWRITEBYTECODE=1 "$python" "$here/make_corpus.py" "$build/seeds"; then
  echo "[skipped] $python lacks astropy or numpy"
  exit 77
fi
cmake -S "$here/../.." -B "$build" --preset fuzz "$@" > /dev/null
cmake --build "$build" > "$build/build.log" || { cat "$build/build.log"; exit 1; }

# CFITSIO asks for the memory that a header wants and takes a refusal well; rvfit must not ask for it.
export ASAN_OPTIONS=allocator_may_return_null=1:max_allocation_size_mb=512
export UBSAN_OPTIONS=print_stacktrace=1
export LSAN_OPTIONS=suppressions=$here/../support/lsan.supp:print_suppressions=0
mkdir -p "$build/found"
executions=0 report=
for folder in "$build"/seeds/*; do
  name=$(basename "$folder")
  [[ " ${RVFIT_FUZZ_TARGETS:-$name} " = *" $name "* ]] || continue
  mkdir -p "$build/corpus/$name"
  count=$runs
  case $name in settings | file_list | target_bits) count=$((10 * runs)) ;; esac
  begin=$(date +%s%N)
  RVFIT_FUZZ_TARGET=$name "$build/bin/rvfit_fuzz" -runs="$count" -seed="${RVFIT_FUZZ_SEED:-0}" -max_len=60000 -timeout=10 \
    -rss_limit_mb=2048 -verbosity=0 -print_final_stats=0 -artifact_prefix="$build/found/$name-" \
    "$build/corpus/$name" "$folder"
  seconds=$((($(date +%s%N) - begin) / 1000000))
  report+=$(printf '%-12s %9d executions %9d.%01d s %9d a second' "$name" "$count" $((seconds / 1000)) $((seconds / 100 % 10)) \
    $((count * 1000 / (seconds + 1))))$'\n'
  executions=$((executions + count))
done
printf '%s%-12s %9d executions %9d   s\n' "$report" all "$executions" "$SECONDS"

# SPDX-License-Identifier: MIT
#
# The tests of programs source this: a folder of their own, Python, and the looks of a refusal.
# shellcheck shell=bash

: "${RVFIT_BIN_DIR:?}" "${RVFIT_SOURCE_DIR:?}"
export OMP_PROC_BIND=${OMP_PROC_BIND:-false}
# shellcheck disable=SC2034 # for the scripts that source this one
demo_emulator=$RVFIT_SOURCE_DIR/programs/demo/emulator.fits
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

python=${RVFIT_PYTHON:-/usr/bin/python3}
export PYTHONDONTWRITEBYTECODE=1

# require_python PACKAGE...: $python has them, or the test is skipped.
require_python() {
  if ! "$python" "$RVFIT_SOURCE_DIR/tests/support/has_packages.py" "$@"; then
    echo "[skipped] $python lacks one of: $*"
    exit 77
  fi
}

fail() {
  echo "failed: $*" >&2
  exit 1
}

# expect_bad TEXT PROGRAM ARGUMENT...: exit code 2, one line on stderr that has TEXT, nothing on stdout,
# and no folder `out`.
expect_bad() {
  local text=$1 program=$2 code=0
  shift 2
  "$RVFIT_BIN_DIR/$program" "$@" > stdout.txt 2> stderr.txt || code=$?
  echo "$program $* -> $code: $(cat stderr.txt)"
  [ "$code" -eq 2 ] || fail "exit code $code, wanted 2"
  [ "$(wc -l < stderr.txt)" -eq 1 ] || fail "not one line on stderr"
  grep -qF -- "$text" stderr.txt || fail "the message lacks '$text'"
  [ ! -s stdout.txt ] || fail "something on stdout: $(cat stdout.txt)"
  [ ! -e out ] || fail "output is left: $(ls -A out)"
}

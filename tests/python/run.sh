#!/bin/bash
# SPDX-License-Identifier: MIT
#
# run.sh BUILD: build the wheel of the Python package with the compiled fitters of BUILD, install it into a clean
# environment, and run the tests beside this script there, from an empty folder. Skips (77) where there are no build
# tools.
set -euo pipefail

build=$(realpath "${1:?usage: run.sh BUILD}")
here=$(cd "$(dirname "$0")" && pwd)
python=${RVFIT_PYTHON:-/usr/bin/python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Modules are compiled when they are imported, not all that packages have; and one pip serves both environments.
export RVFIT_WHEEL_TOOLS=$work/tools
"$here/../../tools/make_wheel.sh" "$work/wheel" "$build"
unset PYTHONPATH LD_LIBRARY_PATH
"$python" -m venv --without-pip "$work/user"
if ! "$work/tools/bin/pip" --python "$work/user/bin/python" install -q --no-compile \
  pytest hypothesis astropy matplotlib scipy "$work"/wheel/*.whl > "$work/log" 2>&1; then
  echo "[skipped] no environment for the tests: $(tail -n 1 "$work/log")"
  exit 77
fi
mkdir "$work/empty"
cd "$work/empty"
export PYTHONPYCACHEPREFIX=$work/cache MPLBACKEND=Agg
"$work/user/bin/python" -m pytest -q -p no:cacheprovider "$here"

# Arrays once more with the NumPy and the torch of the system, which are older.
mkdir "$work/beside"
ln -s "$work"/user/lib/python3*/site-packages/rvfit* "$work/beside"
if "$python" -c 'import pytest, torch' 2> /dev/null; then
  PYTHONPATH=$work/beside "$python" -m pytest -q -p no:cacheprovider "$here/test_arrays.py"
fi

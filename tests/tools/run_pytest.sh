#!/bin/bash
# SPDX-License-Identifier: MIT
#
# run_pytest.sh FILE: run FILE with pytest, or skip (77) where Python lacks a package that the tools need.
set -euo pipefail

python=${RVFIT_PYTHON:-/usr/bin/python3}
export PYTHONDONTWRITEBYTECODE=1
if ! "$python" "$(dirname "$0")/../support/has_packages.py" astropy h5py numpy pytest torch; then
  echo "[skipped] $python lacks a package"
  exit 77
fi
exec "$python" -m pytest -q -p no:cacheprovider "$1"

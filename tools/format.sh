#!/bin/bash
# SPDX-License-Identifier: MIT
#
# format.sh [--check]: run clang-format on all C++ sources; with --check, only say which would change.
set -euo pipefail
cd "$(dirname "$0")/.."

action=(-i)
[ "${1:-}" != --check ] || action=(--dry-run --Werror)
find include programs python tests examples bench tools \( -name '*.hpp' -o -name '*.cpp' \) -print0 |
  xargs -0 -r clang-format "${action[@]}"

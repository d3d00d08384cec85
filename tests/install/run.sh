#!/bin/bash
# SPDX-License-Identifier: MIT
#
# run.sh BUILD_DIR CMAKE_ARGUMENT...: build consumer/ against the library as BUILD_DIR installs it, and
# against its source tree with add_subdirectory; run both.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
build=$1
shift
work=$build/install-test
rm -rf "$work"

cmake --install "$build" --prefix "$work/prefix" > /dev/null
for how in package subdirectory; do
  cmake -S "$here/consumer" -B "$work/$how" -G Ninja -Drvfit_ROOT="$work/prefix" \
    -DRVFIT_AS_SUBDIRECTORY="$([ $how = subdirectory ] && echo ON || echo OFF)" "$@"
  cmake --build "$work/$how"
  "$work/$how/consumer"
done

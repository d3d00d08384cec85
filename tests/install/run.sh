#!/bin/bash
# SPDX-License-Identifier: MIT
#
# run.sh BUILD_DIR CMAKE_ARGUMENT...: build examples/06_embed against the library as BUILD_DIR installs it,
# with and without rvfit::fits, and against its source tree with add_subdirectory; run what was built.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
build=$1
shift
work=$build/install-test
rm -rf "$work"

# embed NAME PROGRAMS CMAKE_ARGUMENT...
embed() {
  local name=$1 programs=$2
  shift 2
  cmake -S "$here/../../examples/06_embed" -B "$work/$name" -G Ninja -Drvfit_ROOT="$work/prefix" "$@"
  cmake --build "$work/$name"
  for program in $programs; do
    "$work/$name/$program"
  done
}

cmake --install "$build" --prefix "$work/prefix" > /dev/null
embed package "embed embed_fits" "$@"
# Without the component, CFITSIO is not looked for.
embed library embed -DEMBED_FITS=OFF -DCMAKE_DISABLE_FIND_PACKAGE_PkgConfig=ON "$@"
embed subdirectory "embed embed_fits" -DEMBED_SUBDIRECTORY=ON "$@"

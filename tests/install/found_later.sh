#!/bin/bash
# SPDX-License-Identifier: MIT
#
# found_later.sh BUILD_DIR CMAKE_ARGUMENT...: a dependency that one configuration does not find is looked for
# again by the next: MPI, without which programs are built without --mpi, and Doxygen. Configures only.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
work=$1/found-later
shift
if ! command -v mpicxx > /dev/null || ! command -v doxygen > /dev/null; then
  echo "[skipped] no MPI or no Doxygen here"
  exit 77
fi
rm -rf "$work"

# configure HIDDEN: ON hides both.
configure() {
  cmake -S "$here/../.." -B "$work" -G Ninja -DRVFIT_ENABLE_TESTS=OFF -DRVFIT_ENABLE_EXAMPLES=OFF \
    -DCMAKE_DISABLE_FIND_PACKAGE_MPI="$1" -DCMAKE_DISABLE_FIND_PACKAGE_Doxygen="$1" "${@:2}" > "$1.log" 2>&1 ||
    { cat "$1.log"; exit 1; }
}

# expect KIND OTHER WHEN: programs are built from mpi/KIND_mpi.cpp and not from the other.
expect() {
  grep -q "core/mpi/$1_mpi.cpp" "$work/build.ninja" && ! grep -q "core/mpi/$2_mpi.cpp" "$work/build.ninja" ||
    { echo "$3: programs are not built from mpi/$1_mpi.cpp"; exit 1; }
}

mkdir -p "$work"
cd "$work"
configure ON "$@"
expect without with "MPI hidden"
! grep -q '^build docs:' build.ninja || { echo "Doxygen hidden: there is a target docs"; exit 1; }
configure OFF "$@"
expect with without "MPI back"
grep -q '^build docs:' build.ninja || { echo "Doxygen back: there is no target docs"; exit 1; }
configure OFF "$@" -DRVFIT_ENABLE_MPI=OFF
expect without with "MPI not wanted"

#!/bin/bash
# SPDX-License-Identifier: MIT
#
# setup.sh build|demo|test|bench|peers|hip: make this machine ready to compile, and for `make demo`, `make test`,
# `make bench`, `make peers` or `make hip-check`. The last is never needed: what cannot be had is named, and the check
# skips. `make test` compiles while what only its tests want is installed.
#
# Installs the missing ones of the packages below with apt-get, then gets a Kokkos unless CMake finds one.
# Quick and quiet when all is there. Settings (environment):
#   RVFIT_SKIP_APT=1   take the packages as given (Spack, modules, no root)
#   RVFIT_DEPS_CACHE   see get_kokkos.sh
#   CMAKE_ARGS         passed to the search for Kokkos, for example -DKokkos_ROOT=...
set -euo pipefail

build="make g++ binutils cmake ninja-build pkg-config libcfitsio-dev libeigen3-dev libcli11-dev libyaml-cpp-dev
  libspdlog-dev nlohmann-json3-dev doctest-dev python3 python3-dev python3-venv"
demo="$build python3-numpy python3-astropy python3-matplotlib"
test="$demo libopenmpi-dev openmpi-bin clang clang-format clang-tidy libclang-rt-dev libomp-dev python3-pytest python3-h5py
  python3-scipy python3-torch doxygen"
bench="$build libceres-dev minpack-dev libopenblas-dev"
peers="$demo python3-h5py python3-scipy python3-torch python3-venv"
hip="$build clang-19" # what its compiler cannot do without comes from get_hip.sh

root=$(cd "$(dirname "$0")/.." && pwd)
case ${1:-} in
  build) wanted=$build ;;
  demo) wanted=$demo ;;
  test) wanted=$test ;;
  bench) wanted=$bench ;;
  peers) wanted=$peers ;;
  hip) wanted=$hip ;;
  *) echo "usage: setup.sh build|demo|test|bench|peers|hip" >&2 && exit 1 ;;
esac

missing_packages() {
  local package
  for package in $wanted; do
    dpkg-query -W -f '${Status}' "$package" 2> /dev/null | grep ' installed$' > /dev/null || echo "$package"
  done
}

install_packages() {
  local missing as_root=()
  missing=$(missing_packages | xargs)
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo > /dev/null; then
      echo "setup: as root, run: apt-get install $missing  (or set RVFIT_SKIP_APT=1)" >&2
      exit 1
    fi
    as_root=(sudo)
  fi
  echo "setup: installing $missing"
  as_root+=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300)
  "${as_root[@]}" update || echo "setup: apt-get update reported errors; going on" >&2
  # shellcheck disable=SC2086 # a list of words
  "${as_root[@]}" install -y --no-install-recommends $missing < /dev/null > /dev/null
}

if [ -z "${RVFIT_SKIP_APT:-}" ]; then
  if command -v apt-get > /dev/null; then
    (install_packages) || [ "$1" = hip ]
  else
    echo "setup: no apt-get here; expecting the equivalents of:" "$(xargs <<< "$wanted")" >&2
  fi
fi

if [ "$1" = hip ]; then
  "$root/tools/get_hip.sh" "$root/build/deps/hip" || echo "setup: no HIP headers; its checks will skip" >&2
fi

private=$root/build/deps/kokkos
# shellcheck disable=SC2086 # CMAKE_ARGS is a list of words
if [ -e "$private" ] ||
  ! cmake -S "$root/cmake/probe" -B "$root/build/probe" --fresh ${CMAKE_ARGS:-} > /dev/null 2>&1; then
  "$root/tools/get_kokkos.sh" "$private"
fi

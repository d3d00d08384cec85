#!/bin/bash
# SPDX-License-Identifier: MIT
#
# get_kokkos.sh PREFIX: put Debian's newer Kokkos (OpenMP back end) into PREFIX/usr, beside the system.
#
# Debian 12 ships Kokkos 3.4, which is too old. The package of Debian's next suites is taken instead:
# unpacked, never installed, and mended so that it loads with this system's C++ runtime:
#   - the few runtime symbols that are newer than the system's come from a small library
#     (kokkos/shim.cpp), and kokkos/relax_versions.py lets the Kokkos libraries accept them;
#   - the package's CMake files name an absolute include path and two archives that are not shipped.
#
# The packages come from the first of these that has them:
#   1. the folder RVFIT_DEPS_CACHE, if set, holding libkokkos-dev_*.deb and libkokkosX.Y_*.deb;
#   2. the Debian mirror that this machine's apt is set up with, suite sid, then testing.
#
# It does nothing when PREFIX is already complete; otherwise it replaces it in one step at the end.
# It needs no root: apt-get works on its own private lists. RVFIT_PYTHON names the interpreter (python3).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
prefix=$(realpath -m "${1:?usage: get_kokkos.sh PREFIX}")
python=${RVFIT_PYTHON:-/usr/bin/python3}
oldest=4.6 below=6 # the versions that rvfit supports: oldest <= version < below

# A change of these scripts makes an older PREFIX incomplete.
recipe=$(cat "$here/get_kokkos.sh" "$here"/kokkos/{relax_versions.py,shim.cpp} | sha256sum | cut -d' ' -f1)
stamp=$prefix/.complete
[ "$(cat "$stamp" 2>/dev/null)" != "$recipe" ] || exit 0

mkdir -p "$(dirname "$prefix")"
work=$(mktemp -d "$prefix.XXXXXX")
trap 'rm -rf "$work"' EXIT

say() { echo "get_kokkos: $*" >&2; }

# shellcheck source=tools/debian.bash
. "$here/debian.bash"

# download SUITE DIR: libkokkos-dev of SUITE, and the library that it depends on, into DIR.
download() {
  local library
  debian_lists "$1" "$work/apt" || return 1
  library=$(debian_apt "$work/apt" apt-cache depends libkokkos-dev |
    sed -n 's/.*Depends: \(libkokkos[0-9.]*\)$/\1/p')
  [ -n "$library" ] && debian_download "$work/apt" "$2" libkokkos-dev "$library"
}

# unpack DIR ROOT: unpack the newest packages of DIR into ROOT and mend them.
unpack() {
  local dir=$1 root=$2 kind deb lib config version object archive
  rm -rf "$root" && mkdir -p "$root" || return 1
  for kind in 'libkokkos-dev_*' 'libkokkos[0-9]*'; do
    deb=$(find "$dir" -maxdepth 1 -name "$kind.deb" 2>/dev/null | sort -V | tail -n 1)
    [ -n "$deb" ] || { say "no $kind.deb in $dir"; return 1; }
    dpkg -x "$deb" "$root" || return 1
  done
  lib=$root/usr/lib/$(g++ -print-multiarch)
  config=$lib/cmake/Kokkos
  version=$(sed -n 's/^set(PACKAGE_VERSION "\(.*\)")/\1/p' "$config/KokkosConfigVersion.cmake")
  if dpkg --compare-versions "$version" lt "$oldest" || dpkg --compare-versions "$version" ge "$below"
  then
    say "Kokkos $version is outside $oldest...<$below"
    return 1
  fi

  g++ -O2 -fPIC -shared -Wl,-soname,libkokkosshim.so -o "$lib/libkokkosshim.so" \
    "$here/kokkos/shim.cpp" || return 1
  for object in "$lib"/libkokkos{core,containers}.so; do
    "$python" "$here/kokkos/relax_versions.py" "$(realpath "$object")" "$lib/libkokkosshim.so" ||
      return 1
  done

  # shellcheck disable=SC2016 # the dollar signs are CMake's
  sed -i -e 's|"/usr/include/kokkos"|"${_IMPORT_PREFIX}/include/kokkos"|' \
    -e "s|\"OpenMP::OpenMP_CXX;|\"\${_IMPORT_PREFIX}/${lib#"$root/usr/"}/libkokkosshim.so;OpenMP::OpenMP_CXX;|" \
    "$config/KokkosTargets.cmake" || return 1
  grep -q libkokkosshim "$config/KokkosTargets.cmake" || { say "CMake files unlike 5.2's"; return 1; }
  for archive in algorithms simd; do
    [ -e "$lib/libkokkos$archive.a" ] || ar rcs "$lib/libkokkos$archive.a" || return 1
  done
  echo "Kokkos $version"
}

attempt() {
  local source=$1 dir=$2 name
  say "trying $source"
  name=$(unpack "$dir" "$work/prefix") || return 1
  echo "$recipe" > "$work/prefix/.complete"
  rm -rf "$prefix" && mv "$work/prefix" "$prefix" || return 1
  say "$name from $source is in $prefix/usr"
  exit 0
}

[ -z "${RVFIT_DEPS_CACHE:-}" ] || attempt "$RVFIT_DEPS_CACHE" "$RVFIT_DEPS_CACHE" || true
for suite in sid testing; do
  if download "$suite" "$work/$suite"; then
    attempt "Debian $suite" "$work/$suite" || true
  fi
done
say "no usable Kokkos $oldest...<$below found. Install one yourself and set Kokkos_ROOT, put Debian's" \
  "libkokkos packages into a folder named by RVFIT_DEPS_CACHE, or use -DRVFIT_FETCH_KOKKOS=ON."
exit 1

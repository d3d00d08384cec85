#!/bin/bash
# SPDX-License-Identifier: MIT
#
# get_hip.sh PREFIX: put what clang needs to compile for AMD GPUs into PREFIX/usr, beside the system.
#
#   HIP's headers      Debian's libamdhip64-dev (suite sid, version 6); Debian 12's are too old for clang 19
#   rocBLAS' headers   Debian's librocblas-dev (sid)
#   the device library Debian's rocm-device-libs-17 (trixie), bitcode; clang 19 refuses newer ones
# Both are unpacked, never installed; no library to link with, so nothing that runs. The bitcode is also
# PREFIX/usr/lib/bitcode. The packages may lie in the folder RVFIT_DEPS_CACHE instead.
#
# Does nothing when PREFIX is already complete; otherwise replaces it in one step at the end.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
prefix=$(realpath -m "${1:?usage: get_hip.sh PREFIX}")

# A change of this script makes an older PREFIX incomplete.
recipe=$(sha256sum < "$here/get_hip.sh")
[ "$(cat "$prefix/.complete" 2> /dev/null)" != "$recipe" ] || exit 0

mkdir -p "$(dirname "$prefix")"
work=$(mktemp -d "$prefix.XXXXXX")
trap 'rm -rf "$work"' EXIT

# shellcheck source=tools/debian.bash
. "$here/debian.bash"

# unpack PACKAGE SUITE: into the new PREFIX, from the cache or else from SUITE of Debian.
unpack() {
  local package=$1 suite=$2 dir=${RVFIT_DEPS_CACHE:-}
  if [ -z "$(compgen -G "$dir/${package}_*.deb")" ]; then
    dir=$work/$suite
    debian_lists "$suite" "$work/apt"
    debian_download "$work/apt" "$dir" "$package"
  fi
  dpkg -x "$(compgen -G "$dir/${package}_*.deb" | sort -V | tail -n 1)" "$work/prefix"
}

unpack libamdhip64-dev sid
unpack librocblas-dev sid
unpack rocm-device-libs-17 trixie
bitcode=$(find "$work/prefix/usr/lib" -name ocml.bc -printf '%h\n')
ln -s "${bitcode#"$work/prefix/usr/lib/"}" "$work/prefix/usr/lib/bitcode"
echo "$recipe" > "$work/prefix/.complete"
rm -rf "$prefix"
mv "$work/prefix" "$prefix"
echo "get_hip: HIP headers and device library are in $prefix/usr" >&2

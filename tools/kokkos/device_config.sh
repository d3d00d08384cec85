#!/bin/bash
# SPDX-License-Identifier: MIT
#
# device_config.sh BACKEND ARCHITECTURE INCLUDE OUT: configuration headers of a Kokkos with a device back end.
#
#   BACKEND       CUDA or HIP
#   ARCHITECTURE  HOPPER90, GFX90A or GFX942
#   INCLUDE       headers of an installed Kokkos without that back end; Debian's package has those of all
#   OUT           folder to write to; goes before INCLUDE on the compiler's path
#
# An installed Kokkos says which back ends it has in a few generated headers, and the others lie unused
# beside them. With these headers, written as Kokkos' CMake writes them, the compiler sees a Kokkos with
# Serial on the host and BACKEND on the device. It compiles kernels; there is no library to link with.
set -euo pipefail

backend=${1:?usage: device_config.sh BACKEND ARCHITECTURE INCLUDE OUT} architecture=$2 include=$3 out=$4

case $architecture in
  HOPPER90) options="ARCH_HOPPER ARCH_HOPPER90" ;;
  GFX90A) options="ARCH_AMD_GPU ARCH_AMD_GFX90A ARCH_VEGA ARCH_VEGA90A" ;;
  GFX942) options="ARCH_AMD_GPU ARCH_AMD_GFX942" ;;
  *) echo "device_config: unknown architecture $architecture" >&2 && exit 1 ;;
esac
options="ENABLE_SERIAL ENABLE_$backend $options"

mkdir -p "$out/desul/atomics"

# Options: those of the installed Kokkos, but for the host back end.
edits=(-e 's|^#define (KOKKOS_ENABLE_(OPENMP\|THREADS))$|/* #undef \1 */|')
for option in $options; do
  edits+=(-e "s|^/\* #undef KOKKOS_$option \*/\$|#define KOKKOS_$option|")
done
sed -E "${edits[@]}" "$include/KokkosCore_config.h" > "$out/KokkosCore_config.h"
for option in $options; do
  grep -qx "#define KOKKOS_$option" "$out/KokkosCore_config.h" ||
    { echo "device_config: $include knows no KOKKOS_$option" >&2 && exit 1; }
done

# write_includes NAME HEADER...: the generated header NAME, which includes the others.
write_includes() {
  local name=$1
  shift
  { echo '#pragma once' && printf '#include <%s>\n' "$@"; } > "$out/KokkosCore_Config_$name.hpp"
}
setup=Cuda
[ "$backend" = CUDA ] || setup=$backend
write_includes SetupBackend "setup/Kokkos_Setup_$setup.hpp"
write_includes FwdBackend fwd/Kokkos_Fwd_SERIAL.hpp "fwd/Kokkos_Fwd_$backend.hpp"
write_includes DeclareBackend decl/Kokkos_Declare_SERIAL.hpp "decl/Kokkos_Declare_$backend.hpp"
printf '#pragma once\n#define DESUL_ATOMICS_ENABLE_%s\n' "$backend" > "$out/desul/atomics/Config.hpp"

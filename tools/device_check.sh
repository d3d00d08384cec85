#!/bin/bash
# SPDX-License-Identifier: MIT
#
# device_check.sh cuda|hip [SOURCE...]: compile the library's kernels for GPUs, and print what each needs.
#
# Needs no GPU and no Kokkos with a device back end: the installed headers and tools/kokkos/device_config.sh.
#   cuda  nvcc for sm_90, found as $NVCC, on the PATH or in /usr/local/cuda
#   hip   clang++ 19 for gfx90a and gfx942 ($RVFIT_HIP_TARGETS), with HIP's headers from tools/get_hip.sh
# SOURCE: the sources that instantiate kernels; all of the list below if none.
#
# A register that a kernel keeps in memory (a spill) fails the check, in every kernel of ours but steps of the
# solver for more than 8 parameters and one named in tools/kernel_table.py, which has the rule. The compiler's
# output stays in build/device/.
#
# Settings (environment): RVFIT_KOKKOS_INCLUDE, Kokkos' headers; build/deps' if not set. RVFIT_PYTHON. With
# RVFIT_DEVICE_CODE_ALONE=1 nvcc leaves out the host's part, a third of the time, as clang does for HIP.
# Exit code 1: an error or a spill; 77: there is no compiler here, or no headers.
set -euo pipefail
cd "$(dirname "$0")/.."

backend=${1:?usage: device_check.sh cuda|hip [SOURCE...]}
shift
sources=("$@")
[ $# -gt 0 ] || sources=(programs/compiled/fitters_float.cpp programs/compiled/fitters_double.cpp
  tests/device/kernels.cpp tests/device/vendor_products.cpp
  examples/02_residual_quickstart/main.cpp examples/03_line_profiles/main.cpp examples/04_template_model/main.cpp examples/06_embed/main.cpp)

python=${RVFIT_PYTHON:-/usr/bin/python3}
kokkos=${RVFIT_KOKKOS_INCLUDE:-build/deps/kokkos/usr/include/kokkos}
eigen=$(pkg-config --variable=prefix eigen3 2> /dev/null || true)
eigen=${eigen:-/usr}/include/eigen3
hip=build/deps/hip/usr
system=()

skip() {
  echo "[skipped] $*"
  exit 77
}
first_of() {
  local candidate
  for candidate; do
    command -v "$candidate" 2> /dev/null && return 0
  done
  return 0 # printing nothing
}

case $backend in
  cuda)
    compiler=$(first_of "${NVCC:-nvcc}" /usr/local/cuda/bin/nvcc)
    [ -n "$compiler" ] || skip "no nvcc"
    targets=(HOPPER90:sm_90)
    # 20012: Eigen's annotations. The host's part is compiled too, by g++, as in a true build. A kernel that
    # calls a function of the host is an error here, as for clang, and not code that stops the GPU.
    parts=-c
    [ "${RVFIT_DEVICE_CODE_ALONE:-0}" = 0 ] || parts=-cubin
    flags=(-x cu --extended-lambda -diag-suppress 20012
      -Werror cross-execution-space-call -Xptxas -v $parts -o /dev/null)
    ;;
  hip)
    compiler=$(first_of "${HIPCXX:-clang++-19}")
    [ -n "$compiler" ] || skip "no clang++-19"
    [ -e "$hip/include/hip/hip_runtime.h" ] || skip "no HIP headers: tools/get_hip.sh build/deps/hip"
    system=(-isystem "$hip/include")
    read -ra targets <<< "${RVFIT_HIP_TARGETS:-GFX90A:gfx90a GFX942:gfx942}"
    flags=(-x hip --cuda-device-only -S -o /dev/null -O3 -Rpass-analysis=kernel-resource-usage
      "--rocm-path=$hip" "--rocm-device-lib-path=$hip/lib/bitcode")
    ;;
  *) echo "usage: device_check.sh cuda|hip [SOURCE...]" >&2 && exit 1 ;;
esac
[ -e "$kokkos/KokkosCore_config.h" ] || skip "no Kokkos headers in $kokkos: tools/get_kokkos.sh build/deps/kokkos"
[ -e "$kokkos/fwd/Kokkos_Fwd_${backend^^}.hpp" ] || skip "the Kokkos of $kokkos has no headers for ${backend^^}"

failed=0
for target in "${targets[@]}"; do
  architecture=${target#*:}
  logs=build/device/$architecture
  mkdir -p "$logs"
  tools/kokkos/device_config.sh "${backend^^}" "${target%:*}" "$kokkos" "$logs/kokkos"
  option=--offload-arch=$architecture
  [ "$backend" = hip ] || option=-arch=$architecture
  written=()
  for source in "${sources[@]}"; do
    log=$logs/$(echo "${source%.cpp}" | tr / .).log
    SECONDS=0
    if "$compiler" "$option" "${flags[@]}" -std=c++20 -I "$logs/kokkos" -I "$kokkos" -I include -I programs -I tests \
      -isystem "$eigen" "${system[@]}" "$source" > "$log" 2>&1; then
      echo "$source for $architecture: $SECONDS s"
      written+=("$log")
    else
      echo "$source does not compile for $architecture ($log):"
      grep -m 5 -i 'error' "$log" || tail -n 5 "$log"
      failed=1
    fi
  done
  [ ${#written[@]} -eq 0 ] || "$python" tools/kernel_table.py "${written[@]}" || failed=1
done
exit $failed

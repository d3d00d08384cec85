#!/bin/bash
# SPDX-License-Identifier: MIT
#
# check_vectors.sh BINARY [COMPILER]: which kernels of a program or library compiled with -march=native work on
# the vector registers of this machine. Prints the fused multiply-adds of each kernel as found in the
# disassembly: packed in registers of 512, 256 and 128 bits, and scalar. Exits 1 if a kernel of the
# list below has none in wide registers, or is not there at all; 77 where there is nothing to check.
set -euo pipefail

binary=${1:?usage: check_vectors.sh BINARY [COMPILER]}
compiler=${2:-c++}

# Kernels over pixels and frequencies, and the one of all products.
wanted="BroadenKernel MultiplyTransforms ObserveKernel ProjectionKernel NodeProjection multiply_in_registers"

skip() { echo "[skipped] $1" && exit 77; }

[ "$(uname -m)" = x86_64 ] || skip "not x86-64"
command -v objdump > /dev/null || skip "no objdump"
"$compiler" -march=native -dM -E -x c++ /dev/null | grep '__FMA__' > /dev/null || skip "no fused multiply-adds here"

objdump --disassemble --demangle --no-show-raw-insn "$binary" | awk -v wanted="$wanted" '
  /^[0-9a-f]+ <.*>:$/ {
    # The kernel that a function belongs to is the first that its name mentions.
    kernel = ""
    if (match($0, /rvfit::detail::[A-Z][A-Za-z0-9]*/)) kernel = substr($0, RSTART + 15, RLENGTH - 15)
    else if (match($0, /rvfit::detail::multiply_in_registers/)) kernel = "multiply_in_registers"
    if (kernel) found[kernel] = 1
    next
  }
  kernel && /\tvfn?m(add|sub)[0-9a-z]+ / {
    if (!/\tvf[0-9a-z]+p[sd] /) ++scalar[kernel]
    else if (/%zmm/) ++zmm[kernel]
    else if (/%ymm/) ++ymm[kernel]
    else ++xmm[kernel]
    any[kernel] = 1
  }
  END {
    printf "%-24s %8s %8s %8s %8s\n", "kernel", "512 bit", "256 bit", "128 bit", "scalar"
    sort = "sort"
    for (k in any) printf "%-24s %8d %8d %8d %8d\n", k, zmm[k], ymm[k], xmm[k], scalar[k] | sort
    close(sort)
    count = split(wanted, list, " ")
    for (n = 1; n <= count; ++n) {
      k = list[n]
      if (zmm[k] + ymm[k] > 0) continue
      print k ": " (found[k] ? "no wide vectors" : "not found")
      bad = 1
    }
    exit bad
  }'

#!/bin/bash
# SPDX-License-Identifier: MIT
#
# lint.sh: house rules that no compiler checks. Prints each offence as FILE:LINE: RULE, exits 1 if any.
# Comments are not code: a line is read up to its `//`.
set -euo pipefail
cd "$(dirname "$0")/.."

offences=0

# forbid RULE PATTERN FILE...: no line of the files may match the (Perl) pattern.
forbid() {
  local rule=$1 pattern=$2 file lines
  shift 2
  for file in "$@"; do
    lines=$(sed 's|//.*||' "$file" | grep -nP "$pattern" | cut -d: -f1) || continue
    for line in $lines; do
      echo "$file:$line: $rule"
      offences=1
    done
  done
}

# demand RULE PATTERN FILE...: each file must have a line that matches.
demand() {
  local rule=$1 pattern=$2 file
  shift 2
  for file in "$@"; do
    grep -qP "$pattern" "$file" || { echo "$file:1: $rule"; offences=1; }
  done
}

# files FOLDER...: headers in these folders of include/rvfit.
headers_in() { (cd include/rvfit && find "$@" -name '*.hpp' -printf 'include/rvfit/%p\n' 2> /dev/null | sort) || true; }

mapfile -t headers < <(find include -name '*.hpp' | sort)
mapfile -t sources < <(find include programs tests examples bench tools cmake .ci Makefile CMakeLists.txt -type f \
  \( -name '*.[ch]pp' -o -name '*.py' -o -name '*.sh' -o -name '*.cmake' -o -name '*.in' \
  -o -name CMakeLists.txt -o -name Makefile -o -path .ci/run \) | sort)
mapfile -t below_pipeline < <(headers_in core data linalg emulator stages continuum solver residual)
mapfile -t not_io < <(printf '%s\n' "${headers[@]}" | grep -v '^include/rvfit/io/')

demand 'no "SPDX-License-Identifier: MIT" line' 'SPDX-License-Identifier: MIT$' "${sources[@]}"
demand 'no #pragma once' '^#pragma once$' "${headers[@]}"
forbid '#ifdef in a header' '^\s*#\s*ifn?def\b' "${headers[@]}"
forbid '<iostream> in a header' '#\s*include\s*<iostream>' "${headers[@]}"
forbid 'include rvfit headers as <rvfit/folder/file.hpp>' '#\s*include\s*"' "${headers[@]}"
forbid 'CFITSIO outside io/' '#\s*include\s*<(fitsio|cfitsio/.*)\.h>' "${not_io[@]}"
forbid 'global or unlabelled fence' 'Kokkos::fence\s*\(|\.fence\s*\(\s*\)' "${headers[@]}"
forbid 'execution space made up below pipeline/ (take exec)' \
  '\b(Default(Host)?ExecutionSpace|ExecutionSpace|execution_space|exec_space|Exec)\s*(\(\s*\)|\{\s*\})' \
  "${below_pipeline[@]}"

# Includes point one way: each folder sees itself and these.
sees() {
  local folder=$1 seen
  seen=$(echo "$@" | tr ' ' '|')
  mapfile -t files < <(headers_in "$folder")
  forbid "$folder/ may include only: $*" "#\\s*include\\s*<rvfit/(?!($seen)/)" "${files[@]}"
}
sees core
sees data core
sees linalg data core
sees emulator linalg data core
sees stages linalg data core
sees continuum linalg data core
sees solver continuum stages emulator linalg data core
sees residual solver linalg data core
sees pipeline solver continuum stages emulator linalg data core
sees io emulator linalg data core

# So do those within io/: FITS itself, spectra and emulators, and apart from each other the formats on top.
sees_in_io() {
  local folder=$1 depth=$2 seen
  shift 2
  seen=$(echo "$@" | tr ' ' '|')
  mapfile -t files < <(find "include/rvfit/$folder" -maxdepth "$depth" -name '*.hpp' | sort)
  forbid "$folder/ may include of io/ only: $*" "#\s*include\s*<rvfit/io/(?!($seen))" "${files[@]}"
}
readonly itself='[^/]*\.hpp'
sees_in_io io/fits 2 fits/
sees_in_io io 1 "$itself" detail/ fits/
sees_in_io io/detail 1 "$itself" detail/ fits/
sees_in_io io/desi 2 "$itself" desi/ fits/
sees_in_io io/sdss 2 "$itself" sdss/ fits/
sees_in_io io/rvtab 2 "$itself" rvtab/ fits/

exit $offences

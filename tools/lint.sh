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
  local rule=$1 pattern=$2
  shift 2
  [ $# -eq 0 ] || rule=$rule pattern=$pattern perl -ne '
    s|//.*||;
    if (/$ENV{pattern}/) { print "$ARGV:$.: $ENV{rule}\n"; $bad = 1 }
    close ARGV if eof;
    END { $? = $bad }' "$@" || offences=1
}

# demand RULE PATTERN FILE...: each file must have a line that matches.
demand() {
  local rule=$1 pattern=$2 file
  shift 2
  for file in "$@"; do
    grep -qP "$pattern" "$file" || { echo "$file:1: $rule"; offences=1; }
  done
}

# headers_in FOLDER...: headers in these folders of include/rvfit.
headers_in() { (cd include/rvfit && find "$@" -name '*.hpp' -printf 'include/rvfit/%p\n' 2> /dev/null | sort) || true; }

mapfile -t headers < <(find include -name '*.hpp' | sort)
mapfile -t sources < <(find include programs python tests examples bench tools cmake .ci Makefile CMakeLists.txt -type f \
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
forbid 'a policy that may be a device'"'"'s lacks SentAlong (decision 27)' \
  'Kokkos::(Team|Range)Policy<(?!.*(SentAlong|Schedule<Kokkos::Dynamic>|DefaultHostExecutionSpace))' "${headers[@]}"
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
sees_in_io io/lamost 2 "$itself" lamost/ fits/
sees_in_io io/apogee 2 "$itself" apogee/ fits/
sees_in_io io/weave 2 "$itself" weave/ fits/
sees_in_io io/rvtab 2 "$itself" rvtab/ fits/

# Headers in FOLDER/detail/ are for FOLDER alone. Tests may include them.
for detail in $(cd include/rvfit && find . -type d -name detail -printf '%P\n' | sort); do
  folder=${detail%/detail}
  mapfile -t files < <(printf '%s\n' "${headers[@]}" | grep -v "^include/rvfit/$folder/")
  forbid "<rvfit/$detail/> is for headers of $folder/ only" "#\\s*include\\s*<rvfit/$detail/" "${files[@]}"
done
mapfile -t outside < <(find programs python examples bench -name '*.[ch]pp' | sort)
forbid 'a detail/ header outside the library' '#\s*include\s*<rvfit/.*/detail/' "${outside[@]}"

# Benchmarks take models and data from tests/support, but not doctest, which they do not link.
mapfile -t reached < <(find bench -name '*.[ch]pp' | sort)
for ((n = 0; n < ${#reached[@]}; ++n)); do
  while read -r name; do
    [[ " ${reached[*]} " == *" tests/$name "* ]] || reached+=("tests/$name")
  done < <(sed -nE 's/^#\s*include\s*[<"](support\/[^>"]+).*/\1/p' "${reached[n]}")
done
forbid 'doctest reaches benchmarks' '#\s*include\s*<doctest/' "${reached[@]}"

# A comment is a sentence with a subject, which none of these words is.
awk '
  FNR == 1 { within = 0 }
  {
    is_comment = match($0, /^[ \t]*(\/\/|#)[\/<]*[ \t]+/)
    if (is_comment) text = substr($0, RLENGTH + 1)
    begins = is_comment ? !within && text ~ /^(What|Where|How|Of) / : /[;,{)][ \t]*\/\/[\/<]*[ \t]+(What|Where|How|Of) /
    if (begins) { print FILENAME ":" FNR ": a comment begins with What, Where, How or Of"; bad = 1 }
    within = is_comment && text !~ /^(@file|SPDX)/
  }
  END { exit bad }' "${sources[@]}" || offences=1

# Headers are short: half of them up to 115 lines, nine of ten up to 300, none above 400.
wc -l "${headers[@]}" | grep -v ' total$' | sort -n | awk '
  { lines[NR] = $1; name[NR] = $2 }
  END {
    middle = lines[int((NR + 1) / 2)]
    if (middle > 115) { print "include/rvfit:1: the median header has " middle " lines, above 115"; bad = 1 }
    tenth = int(0.9 * NR) + (0.9 * NR > int(0.9 * NR))
    for (i = NR; i > 0 && lines[i] > 300; --i) {
      if (lines[i] > 400) { print name[i] ":1: " lines[i] " lines, above 400"; bad = 1 }
      else if (lines[tenth] > 300) { print name[i] ":1: " lines[i] " lines; of ten headers nine must have at most 300"; bad = 1 }
    }
    exit bad
  }' || offences=1

# A tolerance in a test says why: a check with a literal one has a comment in it or on the line before it.
# doctest's Approx without epsilon() allows 1.2e-5 of 1 + |x|; rounded() of tests/support/ says what is meant.
reasons() {
  awk '
    function offence(rule) { print FILENAME ":" line ": " rule }
    function end_of_check() {
      if (literal && !reason) offence("a literal tolerance without a reason")
      if (check ~ /Approx\(/ && check !~ /epsilon\(/) offence("doctest::Approx without epsilon()")
      literal = 0
    }
    FNR == 1 { open = above = literal = 0 }
    {
      code = $0
      sub(FILENAME ~ /py$/ ? "#.*" : "//.*", "", code)
      comment = code != $0
      if (!open) { check = ""; reason = above; line = FNR }
      reason = reason || comment
      check = check code
      if (check ~ /CHECK|REQUIRE/ && code ~ /epsilon\([0-9.]|[<>]=? *([0-9.]+e-[0-9]|0\.0*[1-9])/ ||
          check ~ /check_close/ && code ~ /[0-9]e-[0-9]/ || code ~ /[ar]tol=[0-9.]+e-/) literal = 1
      open = FILENAME ~ /py$/ ? code ~ /[,(] *$/ : code ~ /[^ ]/ && code !~ /[;{}] *$/
      if (!open) end_of_check()
      above = comment && code !~ /[^ ]/
    }' "$@"
}
mapfile -t tests < <(find tests -name '*.[ch]pp' -o -name '*.py' | sort)
while read -r offence; do
  echo "$offence"
  offences=1
done < <(reasons "${tests[@]}")

# The number of a decision is its own, and its title has it.
for file in docs/decisions/[0-9]*.md; do
  number=$(basename "$file" | cut -c1-4)
  mapfile -t same < <(find docs/decisions -name "$number-*")
  if [ ${#same[@]} -ne 1 ] || ! head -n 1 "$file" | grep -q "^# $((10#$number))\\. "; then
    echo "$file:1: a decision's number is its own and stands in its title"
    offences=1
  fi
done

exit $offences

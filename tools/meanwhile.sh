#!/bin/bash
# SPDX-License-Identifier: MIT
#
# meanwhile.sh 'FIRST' COMMAND...: run COMMAND, and FIRST, a line of shell, beside it. What FIRST prints comes at its
# end. The exit code is that of COMMAND, or of FIRST where COMMAND succeeded.
set -uo pipefail

first=$1
shift
printed=$(mktemp)
trap 'rm -f "$printed"' EXIT

bash -euo pipefail -c "$first" > "$printed" 2>&1 < /dev/null &
"$@"
code=$?
wait $! || code=$((code > 0 ? code : $?))
cat "$printed"
exit "$code"

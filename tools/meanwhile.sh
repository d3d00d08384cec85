#!/bin/bash
# SPDX-License-Identifier: MIT
#
# meanwhile.sh 'BESIDE' COMMAND...: run COMMAND, and beside it BESIDE, a line of shell, whose output is printed when both
# have ended, unless COMMAND alone has failed. The exit code is that of COMMAND, or of BESIDE where COMMAND succeeded.
set -uo pipefail

beside=$1
shift
printed=$(mktemp)
trap 'rm -f "$printed"' EXIT

# A job in the background ignores Ctrl-C unless told otherwise.
(trap - INT && exec bash -euo pipefail -c "$beside") > "$printed" 2>&1 < /dev/null &
"$@"
code=$?
wait $!
code_beside=$?
[ "$code" -ne 0 ] && [ "$code_beside" -eq 0 ] || cat "$printed"
exit $((code > 0 ? code : code_beside))

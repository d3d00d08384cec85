#!/bin/bash
# SPDX-License-Identifier: MIT
#
# timed.sh NAME COMMAND...: run a command and add a line to build/times.tsv:
# name, seconds, seconds of processors. `tools/ci_times.py` makes a table of them.
set -uo pipefail
cd "$(dirname "$0")/.."
name=$1
shift
mkdir -p build
TIMEFORMAT="$name"$'\t%0R\t%0U\t%0S'
exec 3>&2
{ time "$@" 2>&3; } 2>> build/times.tsv

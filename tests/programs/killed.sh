#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Runs that are ended at random moments, by SIGKILL, SIGINT and SIGTERM in turns: what has its name is whole, and the same command
# with --skip-existing completes the rest, equal to a run that nobody disturbed, and removes what the dead one left.
#
#   RVFIT_KILLS=100   how many runs
set -euo pipefail
source "$(dirname "$0")/common.bash"

require_python astropy numpy
kills=${RVFIT_KILLS:-6}
"$RVFIT_BIN_DIR/rvfit_simulate" --emulator "$demo_emulator" --output 1.fits --stars 2 --snr-min 50 --snr-max 50
for n in 2 3 4 5 6; do cp 1.fits $n.fits; done
desi=("$RVFIT_BIN_DIR/rvfit_desi" --emulator "$demo_emulator" --quiet --write-models --skip-existing --batch-size 2 [1-6].fits)

begin=$(date +%s%N)
"${desi[@]}" --output-dir good
whole=$((($(date +%s%N) - begin) / 1000000)) # ms
RANDOM=1
signals=(KILL INT TERM)
ended=0 temporary=0
for n in $(seq "$kills"); do
  "$python" - "${signals[n % 3]}" $((RANDOM * whole / 32768)) "${desi[@]}" --output-dir "out-$n" << 'END' && code=0 || code=$?
import signal, subprocess, sys, time
run = subprocess.Popen(sys.argv[3:])
time.sleep(int(sys.argv[2]) / 1000)
run.send_signal(getattr(signal, "SIG" + sys.argv[1]))
sys.exit(run.wait() != 0)
END
  ended=$((ended + code))
  if [ -e "out-$n" ]; then
    temporary=$((temporary + $(find "out-$n" -name '.*.tmp' | wc -l)))
    cp -r "out-$n" "some-$n"
    find "some-$n" -name '.*.tmp' -delete
  fi
  "${desi[@]}" --output-dir "out-$n"
done
same=("$python" "$RVFIT_SOURCE_DIR/tests/programs/same_outputs.py")
"${same[@]}" all good out-*
if compgen -G 'some-*' > /dev/null; then "${same[@]}" some good some-*; fi
echo "$kills runs, $ended ended early, $temporary temporary files left and removed"

#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Memory is set by the size of a batch: five times the stars of a file, or of a list of files, hardly need
# more. Held at once, their pixels alone would take over 70 MB more.
set -euo pipefail
source "$(dirname "$0")/common.bash"

"$RVFIT_BIN_DIR/rvfit_simulate" --emulator "$demo_emulator" --output 200.fits --stars 200
"$RVFIT_BIN_DIR/rvfit_simulate" --emulator "$demo_emulator" --output 1000.fits --stars 1000
for n in $(seq 5); do
  ln 200.fits "file-$n.fits"
done

# Peak of resident memory of a run [kB].
peak() {
  "$python" - "$RVFIT_BIN_DIR/rvfit_desi" --emulator "$demo_emulator" --output-dir out --quiet \
    --batch-size 32 --max-iterations 1 --write-models "$@" << 'END'
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
END
}
few=$(peak 200.fits)
many=$(peak 1000.fits)
files=$(peak file-{1..5}.fits)
echo "peak memory: 200 stars $few kB, 1000 stars $many kB, 1000 stars in 5 files $files kB"
limit=$((few + 30000)) # tables of 800 stars and what the C library keeps for itself
[ "$many" -lt "$limit" ] || fail "a larger file takes more memory"
[ "$files" -lt "$limit" ] || fail "more files take more memory"

#!/bin/bash
# SPDX-License-Identifier: MIT
#
# --mpi: two processes give what one gives, a bad file among them; of three a process that is killed leaves
# the outputs of the others complete, and a second run does the rest.
set -euo pipefail
source "$(dirname "$0")/common.bash"

if ! command -v mpirun > mpirun.txt || [[ $(ldd "$RVFIT_BIN_DIR/rvfit_desi") != *libmpi* ]]; then
  echo "[skipped] built without MPI, or no mpirun"
  exit 77
fi
require_python astropy
export OMP_NUM_THREADS=1
export OMPI_MCA_btl_vader_single_copy_mechanism=none                     # containers forbid it
export ASAN_OPTIONS="${ASAN_OPTIONS:-}${ASAN_OPTIONS:+:}detect_leaks=0"  # MPI's own
mpi=(mpirun --allow-run-as-root --oversubscribe)
desi=("$RVFIT_BIN_DIR/rvfit_desi" --emulator "$demo_emulator" --input-file-from list.txt
  --batch-size 1)

for n in 1 2 3 4 5; do
  "$RVFIT_BIN_DIR/rvfit_simulate" --emulator "$demo_emulator" --output "star-$n.fits" --stars $((10 + n)) \
    --seed "$n"
done
head -c 30000 star-5.fits > cut.fits
printf '%s\n' star-1.fits star-2.fits cut.fits star-3.fits star-4.fits star-5.fits > list.txt

# The data of all tables of a folder.
numbers() {
  "$python" - "$1" << 'END'
import pathlib, sys, zlib
from astropy.io import fits
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    with fits.open(path) as file:
        print(path.name, [(hdu.name, zlib.crc32(hdu.data.tobytes())) for hdu in file[1:]])
END
}

code=0
"${desi[@]}" --output-dir alone --quiet 2> alone.txt || code=$?
[ "$code" -eq 2 ] && [ "$(wc -l < alone.txt)" -eq 1 ] || fail "one process: $code, $(cat alone.txt)"
code=0
"${mpi[@]}" -n 2 "${desi[@]}" --mpi --output-dir shared --summary-json summary.json \
  --process-status-file status.txt > stdout.txt 2> stderr.txt || code=$?
[ "$code" -eq 2 ] || fail "two processes: exit code $code, $(cat stderr.txt)"
[ "$(grep -c 'cut.fits: truncated' stderr.txt)" -eq 1 ] || fail "stderr: $(cat stderr.txt)"
[ "$(numbers alone)" = "$(numbers shared)" ] || fail "tables differ: $(numbers alone) $(numbers shared)"
[ "$(ls -A alone)" = "$(ls -A shared)" ] || fail "left: $(ls -A shared)"
grep -q '"stars": 65' summary.json && grep -q '"processes": 2' summary.json ||
  fail "summary: $(cat summary.json)"
grep -q '^65 stars in 5 files' stdout.txt || fail "stdout: $(cat stdout.txt)"
[ "$(cut -d' ' -f1,2 status.txt status.txt.1 | sort)" = "$(sort <<< 'cut.fits FAILURE
star-1.fits SUCCESS
star-2.fits SUCCESS
star-3.fits SUCCESS
star-4.fits SUCCESS
star-5.fits SUCCESS')" ] || fail "status: $(cat status.txt status.txt.1)"

# A process is killed at its first file: its list has pipes only, where it waits for ever. mpirun is told to
# let the others go on.
printf 'star-%s.fits\n' 1 2 3 4 5 > list.txt
mkfifo pipe-{1..5}.fits
mkdir 1
printf '../pipe-%s.fits\n' 1 2 3 4 5 > 1/list.txt
"${mpi[@]}" -n 3 --enable-recovery bash -c '
  echo $$ > pid.$OMPI_COMM_WORLD_RANK
  [ "$OMPI_COMM_WORLD_RANK" != 1 ] || cd 1
  exec "$@"' run "${desi[@]}" --mpi --output-dir "$PWD/killed" > stdout.txt 2> stderr.txt &
tables() { find killed -name 'rvtab_*' 2> find.txt | wc -l; }
for _ in $(seq 600); do
  [ "$(tables)" -lt 4 ] || break
  sleep 0.1
done
kill -KILL "$(cat pid.1)"
wait $! || true # with --enable-recovery mpirun may say that all is well
! grep 'MPI: ' stderr.txt || fail "a living process lost rank 0"
grep -q 'rank 1 has died' stderr.txt || fail "stderr: $(cat stderr.txt)"
[ "$(ls -A killed | wc -l)" -eq 4 ] || fail "left: $(ls -A killed)"
grep -q 'stars in 4 files' stdout.txt || fail "stdout: $(cat stdout.txt)"
"${desi[@]}" --output-dir killed --skip-existing --quiet
[ "$(numbers alone)" = "$(numbers killed)" ] || fail "tables differ after the second run"

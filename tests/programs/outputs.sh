#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Outputs of rvfit_desi with the options that rvspecfit has, read with astropy; files passed over, files
# that several processes share, and the status file.
set -euo pipefail
source "$(dirname "$0")/common.bash"

outputs=("$python" "$RVFIT_SOURCE_DIR/tests/programs/outputs.py")
require_python astropy numpy
desi=("$RVFIT_BIN_DIR/rvfit_desi" --emulator "$demo_emulator" --quiet)
folder=healpix/26065
input=$folder/coadd-main-26065.fits

# Tables and models of some types, with redshifts, below two folders.
"$RVFIT_BIN_DIR/rvfit_simulate" --emulator "$demo_emulator" --output plain.fits --stars 6 \
  --snr-min 50 --snr-max 50
mkdir -p "$folder"
"${outputs[@]}" make plain.fits "$folder"
"${desi[@]}" --output_dir out --subdirs --write-models --objtypes 'MWS_ANY,STD_*' --zbest_include \
  --process_status_file status.txt --log run.log --log_level INFO "$input"
"${outputs[@]}" check "$input" "out/$folder/rvtab_coadd-main-26065.fits" "out/$folder/rvmod_coadd-main-26065.fits"
grep -qE "^$input SUCCESS 4 [0-9]+\.[0-9]{2}$" status.txt || fail "status: $(cat status.txt)"
grep -q "info: $input: 4 targets selected" run.log || fail "log: $(cat run.log)"

# Once more: passed over, and left as they are.
before=$(stat -c %Y.%i "out/$folder"/*)
"${desi[@]}" --output-dir out --subdirs --write-models --skipexisting --process-status-file status.txt "$input"
[ "$(cat status.txt)" = "$input EXISTING -1 0.00" ] || fail "status: $(cat status.txt)"
[ "$(stat -c %Y.%i "out/$folder"/*)" = "$before" ] || fail "existing outputs were written again"

# Redrock chooses; nothing to fit; a bad file among good ones.
"${desi[@]}" --output-dir chosen --zbest-select --process-status-file status.txt "$input"
grep -q "^$input SUCCESS 5 " status.txt || fail "status: $(cat status.txt)"
"${desi[@]}" --output-dir empty --write-models --targetid 5 --process-status-file status.txt "$input" 2> stderr.txt
grep -q 'warning: .*nothing selected' stderr.txt || fail "stderr: $(cat stderr.txt)"
grep -q "^$input SUCCESS 0 " status.txt || fail "status: $(cat status.txt)"
"${outputs[@]}" empty empty/rvtab_coadd-main-26065.fits empty/rvmod_coadd-main-26065.fits
code=0
printf '%s\n' absent.fits "$input" > list.txt
"${desi[@]}" --output-dir third --input_file_from list.txt --process-status-file status.txt --targetid 5 \
  --log-level ERROR 2> stderr.txt || code=$?
[ "$code" -eq 2 ] && [ "$(wc -l < stderr.txt)" -eq 1 ] || fail "code $code, stderr: $(cat stderr.txt)"
[ "$(cut -d' ' -f1-3 status.txt)" = "absent.fits FAILURE 0
$input SUCCESS 0" ] || fail "status: $(cat status.txt)"

# Two processes share a list: every file is fitted once.
"$RVFIT_BIN_DIR/rvfit_simulate" --emulator "$demo_emulator" --output one.fits --stars 1 \
  --snr-min 50 --snr-max 50
for n in $(seq 20); do
  cp one.fits "star-$n.fits"
  echo "star-$n.fits"
done > queue.txt
sort queue.txt > all.txt
for process in 1 2; do
  OMP_NUM_THREADS=1 "${desi[@]}" --output-dir shared --input-file-from queue.txt --queue-file \
    --process-status-file "status-$process.txt" &
done
wait %1 && wait %2 || fail "a process that shares a list failed"
cat status-1.txt status-2.txt | cut -d' ' -f1-3 | sort | diff - <(sed 's/$/ SUCCESS 1/' all.txt) ||
  fail "not every file was fitted once"
[ ! -s queue.txt ] || fail "left in the queue: $(cat queue.txt)"
[ "$(find shared -name 'rvtab_star-*.fits' | wc -l)" -eq 20 ] || fail "tables: $(ls shared)"

# Small files wait for each other, but few of them open; nor do their outputs stay open.
for n in $(seq 60); do
  ln one.fits "small-$n.fits"
  echo "small-$n.fits"
done > list.txt
(
  ulimit -n 48
  "${desi[@]}" --output-dir small --input-file-from list.txt --write-models
) || fail "files of one star, 48 descriptors"
[ "$(find small -name 'rv???_small-*.fits' | wc -l)" -eq 120 ] || fail "tables and models: $(ls small)"

# --throw-exceptions leaves in the queue what comes after a bad file.
head -c 20000 one.fits > cut.fits
printf '%s\n' small-1.fits cut.fits small-2.fits small-3.fits > queue.txt
code=0
"${desi[@]}" --output-dir thrown --input-file-from queue.txt --queue-file --throw-exceptions 2> stderr.txt || code=$?
[ "$code" -eq 2 ] || fail "a bad file and --throw-exceptions: $code"
[ "$(xargs < queue.txt)" = "small-2.fits small-3.fits" ] || fail "left in the queue: $(xargs < queue.txt)"

#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A disk that is full, at some sizes: what has its name is whole, nothing else is left, the program says so
# in one line, and a second run with --skip-existing completes what is missing. Files that may not grow
# (ulimit -f) stand for the disk; where a small one can be mounted (root), that, too.
#
#   RVFIT_DISK_SIZES=20   how many sizes to try of each
set -euo pipefail
source "$(dirname "$0")/common.bash"

require_python astropy numpy
sizes=${RVFIT_DISK_SIZES:-2}
"$RVFIT_BIN_DIR/rvfit_simulate" --emulator "$demo_emulator" --output a.fits --stars 3 --snr-min 50 --snr-max 50
for name in b c; do cp a.fits $name.fits; done
desi=("$RVFIT_BIN_DIR/rvfit_desi" --emulator "$demo_emulator" --quiet --write-models a.fits b.fits c.fits)

same=("$python" "$RVFIT_SOURCE_DIR/tests/programs/same_outputs.py")

# try FOLDER COMMAND...: a run that may fail for want of space, and one that completes it.
try() {
  local folder=$1 code=0
  shift
  "$@" "${desi[@]}" --output-dir "$folder" 2> stderr.txt || code=$?
  if [ "$code" -eq 0 ]; then
    [ "$(find "$folder" -type f | wc -l)" -eq 6 ] || fail "code 0 and left in $folder: $(ls -A "$folder")"
  else
    [ "$code" -eq 2 ] || fail "exit code $code: $(cat stderr.txt)"
    grep -qE 'cannot be (written|created)' stderr.txt || fail "stderr: $(cat stderr.txt)"
    bad=$((bad + 1))
  fi
  [ ! -e "$folder" ] || cp -r "$folder" "some-$((++runs))"
}

"${desi[@]}" --output-dir good
bad=0 runs=0
trap '' XFSZ # a file that would grow too large is an error of writing, as on a full disk
table=$(stat -c %s good/rvtab_a.fits) models=$(stat -c %s good/rvmod_a.fits)
limits=($(((table - 1) / 1024)) $(((models - 1) / 1024))) # only the end of a file is lost
for n in $(seq "$sizes"); do limits+=($((models * n / (sizes + 1) / 1024))); done
for blocks in "${limits[@]}"; do
  try "limited-$blocks" bash -c "ulimit -f $blocks; exec \"\$@\"" limited
  "${desi[@]}" --output-dir "limited-$blocks" --skip-existing
done
[ "$bad" -eq "${#limits[@]}" ] || fail "$bad of ${#limits[@]} runs noticed"

# Also the status file, the summary and a queue.
one=("$RVFIT_BIN_DIR/rvfit_desi" --emulator "$demo_emulator" --quiet --output-dir one)
error=$( (ulimit -f 0 && exec "${one[@]}" --process-status-file status.txt --targetid 1 a.fits) 2>&1) && fail "code 0"
[[ $error == *cannot\ be\ written* ]] && [ ! -s status.txt ] || fail "status: $error, $(cat status.txt)"
error=$("${one[@]}" --log /dev/full --log-level INFO --targetid 1 a.fits b.fits 2>&1) && fail "log: code 0"
[ "$(grep -c '/dev/full: log cannot be written: No space' <<< "$error")" -eq 1 ] && [ -e one/rvtab_b.fits ] || fail "log: $error"
for output in --summary-json --process-status-file; do
  error=$("${one[@]}" "$output" /dev/full --targetid 1 a.fits 2>&1) && fail "$output: code 0"
  [[ $error == *"/dev/full: cannot be written: No space"* ]] || fail "$output: $error"
done
printf '%s\n' a.fits b.fits > queue.txt
cp queue.txt before.txt
error=$( (ulimit -f 0 && exec "${one[@]}" --input-file-from queue.txt --queue-file) 2>&1) && fail "code 0"
[[ $error == *queue.txt:\ cannot\ be\ written* ]] && cmp -s queue.txt before.txt ||
  fail "queue: $error, $(cat queue.txt)"

mkdir disk
if ! mount -t tmpfs -o size=1m tmpfs disk 2> /dev/null; then
  echo "no disk can be mounted here: that part is left out"
  "${same[@]}" some good some-*
  "${same[@]}" all good limited-*
  exit 0
fi
trap 'umount "$scratch/disk"; rm -rf "$scratch"' EXIT
total=$(du -sk good | cut -f1)
bad=0
for n in $(seq "$sizes"); do
  mount -o "remount,size=$((total * n / (sizes + 1)))k" disk
  mkdir -p disk/out
  try disk/out
  mount -o "remount,size=$((2 * total))k" disk
  "${desi[@]}" --output-dir disk/out --skip-existing
  mv disk/out "limited-disk-$n"
done
[ "$bad" -eq "$sizes" ] || fail "$bad of $sizes runs on a small disk noticed"

# Figures: no room for what they are drawn of, or for the last of them. The file has all of its outputs, or none.
if "$python" "$RVFIT_SOURCE_DIR/tests/support/has_packages.py" matplotlib; then
  for size in 60k 300k; do
    mount -o "remount,size=$size" disk
    error=$(RVFIT_PYTHON=$python "${one[@]:0:4}" --output-dir drawn --doplot --figure-dir disk/figures a.fits 2>&1) && fail "figures: code 0"
    [ "$(wc -l <<< "$error")" -eq 1 ] && [[ $error == *disk/figures* ]] || fail "figures in $size: $error"
    [ -z "$(ls -A disk/figures)" ] && [ ! -e drawn ] || fail "figures in $size left $(ls -A disk/figures drawn)"
  done
fi
"${same[@]}" some good some-*
"${same[@]}" all good limited-*

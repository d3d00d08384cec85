#!/bin/bash
# SPDX-License-Identifier: MIT
#
# run.sh [OPTION VALUE]..: rvfit beside rvspecfit (https://github.com/segasai/rvspecfit): the same file of DESI spectra,
# the same template library, one after the other. Prints rate, scatter and minima side by side; the numbers are in
# OUTPUT/peers.json. `make peers` builds the programs first.
#
#   --stars N         stars to simulate (24); rvspecfit takes some seconds each
#   --seed N          of the simulation (1)
#   --file FILE       fit this DESI file instead; its HDU TRUTH, if there is one, gives the scatter
#   --library FOLDER  rvspecfit's library of desi_b, desi_r and desi_z: a regular grid or a network. Without, a grid is
#                     made of the demonstration's emulator (bench/peers/library.py)
#   --threads N       of each program (1)
#   --output FOLDER   (build/peers)
#
# rvspecfit comes from PyPI into OUTPUT/venv, once. For a library of networks it wants torch, which is for you to install there.
# Settings (environment): RVFIT_BIN_DIR, the programs' folder (build/release/bin). RVFIT_PYTHON, with venv, h5py, astropy,
# scipy and torch (tools/setup.sh peers). RVSPECFIT, what pip is asked for (rvspecfit==0.9.0).
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)

stars=24 seed=1 file="" library="" threads=1 output=$root/build/peers
while [ $# -gt 0 ]; do
  case $1 in
    --stars) stars=${2:?} ;;
    --seed) seed=${2:?} ;;
    --file) file=$(realpath "${2:?}") ;;
    --library) library=$(realpath "${2:?}") ;;
    --threads) threads=${2:?} ;;
    --output) output=$(realpath -m "${2:?}") ;;
    *) sed -n '4,20s/^# \?//p' "$0" >&2 && exit 1 ;;
  esac
  shift 2
done

bin=${RVFIT_BIN_DIR:-$root/build/release/bin}
python=${RVFIT_PYTHON:-/usr/bin/python3}
wanted=${RVSPECFIT:-rvspecfit==0.9.0}
# One program at a time, with as many threads each.
export OMP_PROC_BIND=false OMP_NUM_THREADS=$threads OPENBLAS_NUM_THREADS=$threads MKL_NUM_THREADS=$threads PYTHONDONTWRITEBYTECODE=1
mkdir -p "$output"
cd "$output"

# The peer, in an environment of its own.
[ -x venv/bin/python ] || "$python" -m venv venv
[ "$(cat venv/has 2> /dev/null)" = "$wanted" ] || venv/bin/pip install --quiet --disable-pip-version-check "$wanted"
echo "$wanted" > venv/has
if [ -n "$library" ] && compgen -G "$library/NNstate_*.sav" > /dev/null && ! venv/bin/python -c 'import torch' 2> /dev/null; then
  echo "run.sh: $library holds networks, for which rvspecfit wants torch, which is large: $output/venv/bin/pip install torch" >&2
  exit 1
fi

# The library, as both read it. rvspecfit makes its own files of the templates.
if [ -z "$library" ]; then
  library=$output/library
  if [ ! -e "$library/done" ]; then
    rm -rf "$library"
    mkdir "$library"
    venv/bin/python "$root/bench/peers/library.py" "$root/programs/demo/emulator.fits" "$library"
    while read -r setup first last step; do
      venv/bin/rvs_make_nd --prefix "$library" --setup "$setup" --regulargrid
      venv/bin/rvs_make_ccf --prefix "$library" --oprefix "$library" --setup "$setup" --lambda0 "$first" --lambda1 "$last" \
        --step "$step" --every 30 --vsinis 0,300 --nthreads 1
    done < "$library/setups" > "$library/log"
    touch "$library/done"
  fi
fi
# (Its other start, by a grid of velocities, ends in an error in 0.9.0.)
if ! compgen -G "$library/ccf_*desi_b.h5" > /dev/null; then
  echo "run.sh: $library has no ccf_desi_b.h5, of rvs_make_ccf: rvspecfit starts from cross-correlations" >&2
  exit 1
fi
"$python" "$root/tools/import_rvspecfit.py" "$library" --setups desi_b,desi_r,desi_z --output emulator.fits

# The spectra: a file has what rvspecfit asks for beside flux, ivar and mask.
if [ -z "$file" ]; then
  "$bin/rvfit_simulate" --emulator emulator.fits --output simulated.fits --stars "$stars" --seed "$seed" > /dev/null
  file=$output/simulated.fits
fi
rm -rf ours theirs ./*.seconds
venv/bin/python "$root/bench/peers/spectra.py" "$file" spectra.fits first.fits

start=CCF
cat > config.yaml << END
template_lib: '$library/'
min_vel: -1500
max_vel: 1500
vel_step0: 5
min_vel_step: 0.2
min_vsini: 0.01
max_vsini: 500
second_minimizer: 1
END

# timed NAME COMMAND..: its seconds by the clock and of processors, a line in NAME.seconds.
TIMEFORMAT='%R %U %S'
timed() {
  local name=$1
  shift
  { time "$@" > "$name.log" 2>&1; } 2>> "$name.seconds" || { tail -n 20 "$name.log" >&2 && exit 1; }
}
ours=("$bin/rvfit_desi" --quiet --threads "$threads" --emulator emulator.fits --min-vel -1500 --max-vel 1500)
theirs=(venv/bin/rvs_desi_fit --nthreads "$threads" --config config.yaml --no_subdirs --param_init "$start" --throw_exceptions)
# The first star alone, then all: the difference is the rate without the time to start.
for spectra in first spectra; do
  echo "rvfit, $spectra" >&2
  # Five times: few stars take it less time than its start.
  for _ in 1 2 3 4 5; do
    timed "ours-$spectra" "${ours[@]}" --output-dir ours "$spectra.fits"
  done
  echo "rvspecfit, $spectra" >&2
  timed "theirs-$spectra" "${theirs[@]}" --output_dir theirs "$spectra.fits"
done

RVFIT_DESI=$bin/rvfit_desi venv/bin/python "$root/bench/peers/compare.py" "$output" "$start" "$threads"

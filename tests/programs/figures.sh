#!/bin/bash
# SPDX-License-Identifier: MIT
#
# --doplot: a PNG for each fitted spectrum, and one line where nothing can draw.
set -euo pipefail
source "$(dirname "$0")/common.bash"

"$RVFIT_BIN_DIR/rvfit_simulate" --emulator "$demo_emulator" --output good.fits --stars 2
desi=(rvfit_desi --emulator "$demo_emulator" --output-dir out --doplot)
RVFIT_PYTHON=/bin/false expect_bad '/bin/false does not run, or lacks matplotlib' "${desi[@]}" --figure-dir figures good.fits
RVFIT_PYTHON=absent expect_bad 'absent does not run, or lacks matplotlib' "${desi[@]}" --figure-dir figures good.fits
[ ! -e figures ] || fail "something was drawn"

if ! "${RVFIT_PYTHON:-python3}" "$(dirname "$0")/../support/has_packages.py" astropy matplotlib; then
  echo "[skipped] Python lacks matplotlib or astropy"
  exit 77
fi
export RVFIT_PYTHON=${RVFIT_PYTHON:-python3}
"$RVFIT_BIN_DIR/${desi[0]}" "${desi[@]:1}" --figure-dir figures --quiet good.fits
names=$(echo figures/*)
[ "$names" = "figures/fig_500000_39600000100000_0.png figures/fig_500000_39600000100001_1.png" ] ||
  fail "figures: $names"
for name in $names; do
  [ "$(head -c 4 "$name" | tail -c 3)" = PNG ] || fail "$name is no PNG file"
  [ "$(stat -c %s "$name")" -gt 20000 ] || fail "$name is empty"
done
[ "$(ls -A out)" = rvtab_good.fits ] || fail "left in out: $(ls -A out)"

# A folder that cannot be written to.
rm -r out
touch blocked
expect_bad 'folder cannot be made' "${desi[@]}" --figure-dir blocked/figures good.fits

# SPDX-License-Identifier: MIT
"""same_outputs.py all|some GOOD FOLDER...: every output below each FOLDER is whole, and is what an undisturbed
run wrote below GOOD but for the command line and the time; with `all` none is missing."""
import pathlib
import sys

from astropy.io import fits

ignored = ["CHECKSUM", "DATASUM", "RVS_CMD", "CONTINUE"]


def below(folder):
    return {path.relative_to(folder) for path in pathlib.Path(folder).rglob("*") if path.is_file()}


how, good, *folders = sys.argv[1:]
wanted = below(good)
for folder in folders:
    names = below(folder)
    assert names <= wanted, f"left in {folder}: {sorted(map(str, names - wanted))}"
    assert how == "some" or names == wanted, f"missing in {folder}: {sorted(map(str, wanted - names))}"
    for name in names:
        with fits.open(f"{folder}/{name}", checksum=True) as ours, fits.open(f"{good}/{name}") as theirs:
            for hdu in ours:
                sound = hdu._checksum_valid is not False and hdu._datasum_valid is not False
                assert sound, f"{folder}/{name}: damaged"
            difference = fits.FITSDiff(ours, theirs, ignore_keywords=ignored, ignore_comments=ignored)
            assert difference.identical, difference.report()

#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Write the seeds of the fuzz targets: small valid files, OUT/TARGET/NAME.

    make_corpus.py OUT
"""
import gzip
import os
import sys

import numpy as np
from astropy.io import fits

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS, PIXELS = 3, 6
RANDOM = np.random.default_rng(3)


def table(name, header=(), **columns):
    """A table from arrays; integers keep their size."""
    formats = {"f8": "D", "f4": "E", "i4": "J", "i8": "K", "i2": "I", "u1": "B", "b1": "L"}
    made = []
    for key, values in columns.items():
        values = np.asarray(values)
        width = str(values.shape[1]) if values.ndim > 1 else ""
        letter = f"{values.dtype.itemsize // 4}A" if values.dtype.kind == "U" else formats[values.dtype.str[1:]]
        made.append(fits.Column(key, width + letter, array=values))
    hdu = fits.BinTableHDU.from_columns(made, name=name)
    hdu.header.update(dict(header))
    return hdu


def image(name, values, **keywords):
    hdu = fits.ImageHDU(values, name=name)
    hdu.header.update(keywords)
    return hdu


def primary(**keywords):
    hdu = fits.PrimaryHDU()
    hdu.header.update(keywords)
    return hdu


def desi_files():
    """Coadds with and without SCORES, resolution and masks; one with compressed masks."""
    flux = RANDOM.normal(10, 1, (ROWS, PIXELS)).astype("f4")
    flux[0, 2] = np.nan
    ids = np.array([7, 8, 9])
    fibermap = table("FIBERMAP", TARGETID=ids, OBJTYPE=["TGT", "SKY", "TGT"], COADD_FIBERSTATUS=np.int32([0, 0, 8]),
                     FIBER=np.int32([1, 2, 3]), REF_ID=ids, REF_CAT=["G2", "", "T2"], TARGET_RA=[1.0, 2, 3],
                     TARGET_DEC=[1.0, 2, 3], DESI_TARGET=np.array([1 << 61, 1 << 32, 1 << 33]))
    spectra = fits.BinTableHDU.from_columns([
        fits.Column("TARGETID", "K", array=ids), fits.Column("FIBERSTATUS", "J", array=[0, 0, 0]),
        fits.Column("OBJTYPE", "3A", array=["TGT", "SKY", "TGT"]), fits.Column("EXPID", "J", array=[5, 6, 7]),
        fits.Column("SV1_DESI_TARGET", "K", array=[1 << 61, 0, 0]), fits.Column("BITS", "8X", array=np.zeros((3, 8), bool)),
        fits.Column("LIST", "PJ(3)", array=np.array([[1], [2, 3], [4, 5, 6]], dtype=object))], name="FIBERMAP")
    images = [image("B_WAVELENGTH", 4000 + 0.8 * np.arange(PIXELS), BUNIT="Angstrom"), image("B_FLUX", flux),
              image("B_IVAR", np.ones_like(flux)), image("B_MASK", np.zeros(flux.shape, np.int32)),
              image("B_RESOLUTION", RANDOM.random((ROWS, 3, PIXELS)).astype("f4"))]
    scores = table("SCORES", TARGETID=ids, MEDIAN_COADD_SNR_B=np.float32([11, 12, 1]))
    exposures = table("EXP_FIBERMAP", TARGETID=np.array([7, 7, 8, 9]), NIGHT=np.int32([1, 2, 3, 4]))
    redshifts = table("REDSHIFTS", TARGETID=ids, Z=[0.0, 1, 2], SPECTYPE=["STAR", "SKY", "QSO"], SUBTYPE=["G", "", ""])
    yield "coadd", [primary(SPGRP="healpix", HPXPIXEL=7), fibermap, exposures, *images, scores, redshifts]
    yield "spectra", [primary(), spectra, *images]
    packed = fits.CompImageHDU(np.zeros(flux.shape, np.int32), name="B_MASK", compression_type="GZIP_1")
    yield "tiles", [primary(), fibermap, *images[:3], packed, images[4]]
    yield "merged", [primary(), fibermap] + [image(hdu.name.replace("B_", "BRZ_"), hdu.data) for hdu in images]


def redrock_files():
    for name, hdu in (("redrock", "REDSHIFTS"), ("other", "ZBEST")):
        yield name, [primary(), table(hdu, TARGETID=[1, 2, 3], Z=[0.0, 1, np.nan], ZERR=[0.1, 0, 0], ZWARN=[0, 4, 0],
                                      SPECTYPE=["STAR", "GALAXY", "QSO"], SUBTYPE=["G", "", ""])]


def sdss_files():
    columns = dict(flux=RANDOM.random(PIXELS).astype("f4"), loglam=np.float32(3.6 + 1e-4 * np.arange(PIXELS)),
                   ivar=np.ones(PIXELS, "f4"), and_mask=np.zeros(PIXELS, "i4"), or_mask=np.zeros(PIXELS, "i4"),
                   wdisp=np.ones(PIXELS, "f4"), sky=np.zeros(PIXELS, "f4"), model=np.zeros(PIXELS, "f4"))
    plate = dict(PLATEID=266, MJD=51602, FIBERID=31, PLUG_RA=146.9, PLUG_DEC=-0.3)
    whole = table("SPALL", PLATE=np.int32([266]), MJD=np.int32([51602]), FIBERID=np.int32([31]), Z=np.float32([0.1]))
    lines = table("SPZLINE", LINENAME=["H_alpha"], LINEWAVE=[6564.6])
    yield "coadd", [primary(**plate), table("COADD", **columns), whole, lines]
    yield "exposures", [primary(**plate), table("COADD", **columns), whole, lines, table("B1-00", **columns),
                        table("R1-00", **columns)]
    yield "no-plate", [primary(PLUG_RA=1.0), table("COADD", **columns)]


def table_files():
    wave = 4000 + 0.8 * np.arange(PIXELS)
    flux = RANDOM.random((ROWS, PIXELS))
    extra = dict(NAME=["a", "b", "c"], TEFF=[5000.0, 6000, 7000], GOOD=[True, False, True], COUNT=np.int32([1, 2, 3]),
                 ID=np.array([1, 2, 3]), MASK=np.zeros((ROWS, PIXELS), np.int32))
    grid = table("GRID", WAVE=wave)
    yield "star", [primary(), table("A", wave=wave, flux=flux[0], err=np.ones(PIXELS))]
    yield "stars", [primary(), table("A", WAVE=np.tile(wave, (ROWS, 1)), FLUX=flux, IVAR=np.ones((ROWS, PIXELS)), **extra),
                    grid]
    own = np.log10(wave) + np.arange(ROWS)[:, None] * 1e-5
    own[1, 4:] = np.nan
    yield "own", [primary(), table("A", loglam=own, flux=np.float32(flux), sigma=np.float32(flux), **extra), grid]
    nano = table("A", wave=wave / 10, flux=flux[0], ivar=np.ones(PIXELS))
    nano.header["TUNIT1"] = "nm"
    yield "nm", [primary(), nano]
    scaled = table("A", WAVE=np.tile(np.arange(PIXELS, dtype="i2"), (ROWS, 1)), FLUX=flux, IVAR=np.ones((ROWS, PIXELS)),
                   COUNT=np.int16([623, 250, -1]), ID=np.array([1, 2, 3]), NAME=["a", "b", "c"])
    scaled.header.update(TSCAL1=0.8, TZERO1=4000.0, TSCAL4=0.01, TNULL4=-1, TZERO5=2**63)
    yield "scaled", [primary(), scaled]
    yield "image", [primary(), fits.ImageHDU(flux[0], fits.Header({"CRVAL1": 4000.0, "CDELT1": 0.8, "CRPIX1": 1.0}))]


def lamost_files():
    ones, zeros = np.ones(PIXELS, "f4"), np.zeros(PIXELS, "i2")
    rows = np.float32([ones, ones, 4000 + np.arange(PIXELS), zeros, zeros])
    low = fits.PrimaryHDU(rows, fits.Header({"OBSID": 5, "VACUUM": True}))
    yield "low", [low]
    log = dict(FLUX=ones, IVAR=ones, LOGLAM=np.float32(3.7 + 1e-5 * np.arange(PIXELS)))
    yield "medium", [primary(OBSID=5, RA=1.0), table("COADD_B", ANDMASK=zeros, **log),
                     table("COADD_R", **{key: value[None] for key, value in dict(log, ANDMASK=zeros).items()}),
                     table("B-84107311", PIXMASK=zeros, **log)]


def apogee_files():
    flux = RANDOM.random((3, PIXELS)).astype("f4")
    wave = 16000.0 - 0.1 * np.arange(3 * PIXELS).reshape(3, PIXELS)
    images = [fits.ImageHDU(data) for data in (flux, np.ones_like(flux), np.zeros(flux.shape, "i2"))]
    yield "visit", [primary(PLATE="9518", BC=1.0), *images, fits.ImageHDU(wave)]
    for hdu in images:
        hdu.header.update(CRVAL1=4.179, CDELT1=3e-3, CRPIX1=1)
    yield "star", [primary(OBJID="2M"), *images]


def weave_files():
    flux = RANDOM.random((ROWS, PIXELS)).astype("f4")
    solution = fits.Header({"CRVAL1": 5950.0, "CD1_1": 0.25, "CRPIX1": 1.0, "CUNIT1": "Angstrom"})
    fibers = table("FIBTABLE", TARGID=["a", "b", "c"], TARGUSE=["T", "S", "T"], FIBREID=np.int32([1, 2, 3]))
    for name, cameras in (("single", ["RED"]), ("joint", ["BLUE", "RED"])):
        images = [fits.ImageHDU(data, solution, name=f"{camera}_{part}") for camera in cameras
                  for part, data in (("DATA", flux), ("IVAR", np.ones_like(flux)))]
        yield name, [primary(CAMERA="WEAVERED"), *images, fibers]


MAKERS = {"apogee": apogee_files, "desi": desi_files, "lamost": lamost_files, "redrock": redrock_files,
          "sdss": sdss_files, "table": table_files, "weave": weave_files}
TEXTS = {
    "settings": ["min_vel: -1500\nmax_vel = 1500 # comment\n---\nlsf_sigma0_angstrom:\n  b: 0.67\n  r: 0.6\n",
                 "arms: [b, 'r', \"z # 1\"]\nlsf: {b: 0.6, r: 0.7}\nempty:\n", "key: 'a: b'\n\n#\nlist: [1, [2, 3]]\n"],
    "file_list": ["a.fits\nfolder/b c.fits\n\n# no file\nc.fits\r\n", "~/x.fits\n\ta.fits \n"],
    "target_bits": ["MWS_ANY,SCND_ANY,STD_*", "STD_.*|BGS,[A-Z]+_(ANY|WD)$,^SV0", "(a|b)*\\1,.{2,5},[[:alpha:]]+"],
}


def small_emulators():
    """A network and a grid of a few pixels, by the tools that make emulator files."""
    sys.path.insert(0, os.path.join(HERE, "..", "..", "tools"))
    from emulator_file import Arm, Emulator, Layer, write_emulator
    logs = np.array([True, False])
    domain = np.array([[1.0, 0, -1], [-1, 0, -1], [0, 1, -1], [0, -1, -1]])
    layers = [Layer(RANDOM.normal(0, 1, (3, 2)), np.zeros(3), "SILU"), Layer(RANDOM.normal(0, 1, (8, 3)), np.zeros(8), "IDENTITY")]
    arm = Arm("desi_b", logs, np.array([3.7, 3.0]), np.array([0.1, 2.0]), "LOG", 8.3, 1e-4, domain, layers, revision="1",
              soft_version="1")
    return lambda path: write_emulator(Emulator(["teff", "logg"], np.array([4000.0, 1]), np.array([6300.0, 5]), [arm], "fuzz",
                                                "fuzz", True), path)


def main(out):
    for target, make in MAKERS.items():
        folder = os.path.join(out, target)
        os.makedirs(folder, exist_ok=True)
        for name, hdus in make():
            path = os.path.join(folder, name)
            fits.HDUList(hdus).writeto(path, overwrite=True, output_verify="silentfix")
        with open(path, "rb") as last, open(path + ".gz", "wb") as packed:
            packed.write(gzip.compress(last.read(), mtime=0))
    for target, texts in TEXTS.items():
        os.makedirs(os.path.join(out, target), exist_ok=True)
        for n, text in enumerate(texts):
            with open(os.path.join(out, target, str(n)), "w", encoding="ascii", newline="") as file:
                file.write(text)
    os.makedirs(os.path.join(out, "emulator"), exist_ok=True)
    small_emulators()(os.path.join(out, "emulator", "network"))
    with fits.open(os.path.join(out, "emulator", "network")) as hdus:
        hdus.append(table("DESI_B_LSF", WAVE=np.array([4000.0, 5000.0]), SIGMA=np.array([0.5, 0.6])))
        hdus.writeto(os.path.join(out, "emulator", "spread"), overwrite=True)
    grid = os.path.join(HERE, "..", "data", "emulator-grid-tiny.fits")
    with open(grid, "rb") as source, open(os.path.join(out, "emulator", "grid"), "wb") as copy:
        copy.write(source.read())


if __name__ == "__main__":
    main(sys.argv[1])

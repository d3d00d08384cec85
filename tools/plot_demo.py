#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Compare the demonstration's fits with the truth: a table, pulls, and the picture OUT/demo.png.

    plot_demo.py OUT [--check]

OUT holds coadd-demo.fits (with its HDU TRUTH), rvtab_coadd-demo.fits and rvmod_coadd-demo.fits. With --check the exit
code is 1 unless the pulls are as they should be. Debian: python3-astropy python3-matplotlib.
"""
import os
import sys

try:
    import numpy as np
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    import command_line
    from command_line import ToolError
except ImportError as missing:
    print(f"plot_demo.py: error: {missing} (Debian: python3-astropy, python3-matplotlib)", file=sys.stderr)
    sys.exit(2)

# Name, column of TRUTH, column of RVTAB, unit, digits shown.
PARAMETERS = [("rv", "VRAD", "VRAD", "km/s", 2), ("vsini", "VSINI", "VSINI", "km/s", 1),
              ("teff", "TEFF", "TEFF", "K", 0), ("logg", "LOGG", "LOGG", "dex", 3),
              ("feh", "FEH", "FEH", "dex", 3), ("alpha", "ALPHA", "ALPHAFE", "dex", 3)]
AXIS_LABELS = [r"rv", r"$v\,\sin i$", r"$T_\mathrm{eff}$", r"$\log\,g$", r"[Fe/H]", r"[$\alpha$/Fe]"]
ARM_COLOURS = {"B": "#2f6db3", "R": "#c8553d", "Z": "#7b4b94"}
MODEL_COLOUR = "#15202b"
WINDOWS = (3550.0, 9870.0), (8450.0, 8720.0)  # Angstrom: all arms, the calcium triplet
SHOWN = 12
MIN_CONVERGED, MAX_MEDIAN, WIDTHS = 0.99, 0.2, (0.8, 1.25)  # what --check asks for


def open_fits(path, required):
    if not os.path.isfile(path):
        raise ToolError(f"{path}: no such file")
    try:
        with command_line.strict_fits(path) as hdus:
            missing = [name for name in required if name not in hdus]
            if missing:
                raise ToolError(f"{path}: has no HDU {missing[0]}")
            return {hdu.name: (hdu.data, hdu.header) for hdu in hdus}
    except command_line.FITS_ERRORS as error:
        raise ToolError(f"{path}: expected a FITS file ({error})") from None


def column(table, name, path):
    try:
        return np.asarray(table[name])
    except KeyError:
        raise ToolError(f"{path}: its table has no column {name}") from None


class Demo:
    """Truth and fit of every fitted row, in RVTAB's order, and the spectra."""

    def __init__(self, folder):
        paths = [os.path.join(folder, f"{prefix}coadd-demo.fits") for prefix in ("", "rvtab_", "rvmod_")]
        images = [f"{arm}_{kind}" for arm in ARM_COLOURS for kind in ("WAVELENGTH", "FLUX", "IVAR", "MASK")]
        self.data = open_fits(paths[0], ["FIBERMAP", "TRUTH", *images])
        table = open_fits(paths[1], ["RVTAB"])["RVTAB"][0]
        self.model = open_fits(paths[2], [f"{arm}_MODEL" for arm in ARM_COLOURS])
        truth = self.data["TRUTH"][0]
        self.targetid = column(table, "TARGETID", paths[1])
        if len(self.targetid) == 0:
            raise ToolError(f"{paths[1]}: RVTAB has no rows")
        true_row = self._rows_of(column(truth, "TARGETID", paths[0]), paths[0])
        self.data_row = self._rows_of(column(self.data["FIBERMAP"][0], "TARGETID", paths[0]), paths[0])
        self.snr = column(truth, "SNR", paths[0])[true_row]
        self.true = np.array([column(truth, p[1], paths[0])[true_row] for p in PARAMETERS], float)  # (6, stars)
        self.fitted = np.array([column(table, p[2], paths[1]) for p in PARAMETERS], float)
        self.error = np.array([column(table, p[2] + "_ERR", paths[1]) for p in PARAMETERS], float)
        status = np.char.lower(np.char.strip(column(table, "STATUS", paths[1]).astype(str)))
        self.converged = status == "converged"
        self.used = self.converged & (column(table, "BOUND_FLAGS", paths[1]) == 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            self.pull = (self.fitted - self.true) / self.error

    def _rows_of(self, targetids, path):
        row = {targetid: i for i, targetid in enumerate(targetids.tolist())}
        try:
            return np.array([row[targetid] for targetid in self.targetid.tolist()])
        except KeyError as error:
            raise ToolError(f"{path}: has no TARGETID {error}, which RVTAB has") from None

    def spectrum(self, star, arm):
        """Wavelength, flux, model and residual in sigma of one arm; flux and residual are NaN in bad pixels."""
        row = self.data_row[star]
        wave, flux, ivar, mask = (self.data[f"{arm}_{kind}"][0] for kind in ("WAVELENGTH", "FLUX", "IVAR", "MASK"))
        flux, ivar = flux[row].astype(float), ivar[row].astype(float)
        model = self.model[f"{arm}_MODEL"][0][star].astype(float)
        flux[~((mask[row] == 0) & (ivar > 0))] = np.nan
        return wave, flux, model, (flux - model) * np.sqrt(np.where(ivar > 0, ivar, 0.0))


def print_stars(demo):
    """True and fitted values with errors and pulls of some stars, over all S/N."""
    places = np.linspace(0, len(demo.snr) - 1, min(SHOWN, len(demo.snr))).astype(int)
    shown = np.argsort(-demo.snr, kind="stable")[places]
    print(f"{'TARGETID':>16} {'S/N':>5}       " + "".join(f"{f'{p[0]} [{p[3]}]':>18}" for p in PARAMETERS))
    for star in shown:
        note = "" if demo.used[star] else "  (on a bound)" if demo.converged[star] else "  (not converged)"
        true, fitted, pulls = [], [], []
        for p, (_, _, _, _, digits) in enumerate(PARAMETERS):
            true.append(f"{f'{demo.true[p, star]:.{digits}f}':>18}")
            fitted.append(f"{f'{demo.fitted[p, star]:.{digits}f} ± {demo.error[p, star]:.{digits}f}':>18}")
            pulls.append(f"{f'{demo.pull[p, star]:+.2f}':>18}")
        print(f"{demo.targetid[star]:>16} {demo.snr[star]:5.0f} true  {''.join(true)}")
        print(f"{'':22} fit   {''.join(fitted)}{note}\n{'':22} pull  {''.join(pulls)}")


def print_pulls(demo):
    """Median and robust width of each parameter's pulls; returns what is not as it should be."""
    share = demo.converged.mean()
    faults = [] if share >= MIN_CONVERGED else [f"converged {share:.1%} < {MIN_CONVERGED:.0%}"]
    print(f"\n{'':10}{'stars':>7}{'median pull':>14}{'width':>8}"
          "   (stars with no parameter on a bound; width: half of 16-84 %)")
    for p, (name, *_) in enumerate(PARAMETERS):
        pulls = demo.pull[p, demo.used]
        low, median, high = np.percentile(pulls, [16, 50, 84]) if len(pulls) else [np.nan] * 3
        width = (high - low) / 2
        print(f"{name:10}{len(pulls):7d}{median:+14.3f}{width:8.3f}")
        if not abs(median) <= MAX_MEDIAN:
            faults.append(f"{name} median pull {median:+.2f}")
        if not WIDTHS[0] <= width <= WIDTHS[1]:
            faults.append(f"{name} width {width:.2f}")
    print(f"converged {demo.converged.sum()} of {len(demo.converged)} ({share:.1%})")
    return faults


def three_stars(demo):
    """A cool, a middling and a hot star, of high, middling and low S/N."""
    candidates = np.flatnonzero(demo.used if demo.used.sum() >= 3 else np.isfinite(demo.fitted).all(0))
    def rank(values):
        return np.argsort(np.argsort(values)) / max(len(values) - 1, 1)
    teff, snr = rank(demo.true[2, candidates]), rank(demo.snr[candidates])
    chosen = []
    for want_teff, want_snr in ((0.15, 0.95), (0.5, 0.5), (0.9, 0.15)):
        cost = (teff - want_teff) ** 2 + (snr - want_snr) ** 2
        cost[np.isin(candidates, chosen)] = np.inf
        if np.isfinite(cost).any():
            chosen.append(candidates[np.argmin(cost)])
    return chosen


def draw_spectrum(demo, star, axes, residual_axes, window, emphasis=1.0):
    """Data, model and residuals of all arms within a window of wavelength."""
    low, high = [], []
    for arm, colour in ARM_COLOURS.items():
        wave, flux, model, residual = demo.spectrum(star, arm)
        seen = (wave >= window[0]) & (wave <= window[1])
        if not seen.any():
            continue
        wave, flux, model, residual = wave[seen], flux[seen], model[seen], residual[seen]
        axes.plot(wave, flux, color=colour, lw=0.8 * emphasis, alpha=0.75, drawstyle="steps-mid",
                  label=f"data, {arm.lower()}")
        axes.plot(wave, model, color=MODEL_COLOUR, lw=0.35 * emphasis ** 1.5, label="model" if arm == "Z" else None)
        residual_axes.plot(wave, residual, ".", color=colour, ms=1.4 * emphasis, alpha=0.5)
        both = np.r_[flux, model]
        both = both[np.isfinite(both)]
        if both.size:
            low.append(np.percentile(both, 0.2))
            high.append(np.percentile(both, 99.8))
    if low:
        room = 0.08 * (max(high) - min(low))
        axes.set_ylim(min(low) - room, max(high) + room)
    residual_axes.axhspan(-1, 1, color="0.88", lw=0, zorder=0)
    residual_axes.axhline(0, color=MODEL_COLOUR, lw=0.6)
    residual_axes.set_ylim(-5, 5)
    residual_axes.set_yticks([-3, 0, 3])
    axes.set_xlim(window)
    axes.tick_params(labelbottom=False)


def draw_star(demo, star, figure, cells):
    """The whole range on the left, the calcium triplet on the right; returns the handles for a legend."""
    for cell, window, emphasis in zip(cells, WINDOWS, (1.0, 2.2)):
        pair = cell.subgridspec(2, 1, height_ratios=[3.2, 1], hspace=0.07)
        axes = figure.add_subplot(pair[0])
        residual_axes = figure.add_subplot(pair[1], sharex=axes)
        draw_spectrum(demo, star, axes, residual_axes, window, emphasis)
        if emphasis == 1.0:
            axes.axvspan(*WINDOWS[1], color="0.93", lw=0, zorder=0)
            axes.set_ylabel("flux")
            residual_axes.set_ylabel(r"res. [$\sigma$]")
            values = ",  ".join(f"{label} {demo.fitted[p, star]:.{digits}f} ± {demo.error[p, star]:.{digits}f}"
                                + (f" {unit}" if unit != "dex" else "")
                                for p, (label, (_, _, _, unit, digits)) in enumerate(zip(AXIS_LABELS, PARAMETERS)))
            axes.set_title(f"S/N {demo.snr[star]:.0f}:  {values}", loc="left", fontsize=10)
            handles = axes.get_legend_handles_labels()
        else:
            axes.set_title("Ca II triplet", loc="left", fontsize=10)
    return handles


def draw_parameter(demo, p, axes, pull_axes, colours):
    unit, used = PARAMETERS[p][3], demo.used
    span = demo.true[p].min(), demo.true[p].max()
    room = 0.05 * (span[1] - span[0]) or 1.0
    span = span[0] - room, span[1] + room
    axes.plot(span, span, color="0.55", lw=0.9, zorder=0)
    axes.errorbar(demo.true[p, used], demo.fitted[p, used], demo.error[p, used], fmt="none",
                  ecolor="0.6", elinewidth=0.7)
    bound = ~used & np.isfinite(demo.fitted[p])
    axes.plot(demo.true[p, bound], demo.fitted[p, bound], "o", mfc="none", mec="0.6", ms=3.5, mew=0.7)
    points = axes.scatter(demo.true[p, used], demo.fitted[p, used], c=demo.snr[used], s=13, zorder=3, **colours)
    pull_axes.scatter(demo.true[p, used], demo.pull[p, used], c=demo.snr[used], s=7, zorder=3, **colours)
    pull_axes.axhspan(-1, 1, color="0.88", lw=0, zorder=0)
    pull_axes.axhline(0, color=MODEL_COLOUR, lw=0.6, zorder=1)
    pull_axes.set_ylim(-4.5, 4.5)
    pull_axes.set_yticks([-3, 0, 3])
    for each in (axes, pull_axes):
        each.set_xlim(span)
    axes.tick_params(labelbottom=False)
    axes.set_ylabel(f"{AXIS_LABELS[p]} fitted [{unit}]")
    pull_axes.set_ylabel("pull")
    pull_axes.set_xlabel(f"{AXIS_LABELS[p]} true [{unit}]")
    pulls = demo.pull[p, used]
    if len(pulls):
        low, median, high = np.percentile(pulls, [16, 50, 84])
        axes.text(0.04, 0.95, f"median pull {median:+.2f}\nwidth {(high - low) / 2:.2f}", transform=axes.transAxes,
                  va="top", fontsize=9.5)
    return points


def draw(demo, path):
    pyplot.rcParams.update({"font.size": 10.5, "axes.linewidth": 0.8, "axes.spines.top": False,
                            "axes.spines.right": False, "axes.labelcolor": MODEL_COLOUR, "text.color": MODEL_COLOUR})
    figure = pyplot.figure(figsize=(15, 18.5))
    stars = three_stars(demo)
    upper = figure.add_gridspec(max(len(stars), 1), 2, left=0.06, right=0.985, top=0.932, bottom=0.515, hspace=0.27,
                                wspace=0.09, width_ratios=[3.3, 1])
    for i, star in enumerate(stars):
        handles = draw_star(demo, star, figure, (upper[i, 0], upper[i, 1]))
    if stars:
        legend = figure.legend(*handles, loc="upper right", bbox_to_anchor=(0.985, 0.988), ncol=4, frameon=False,
                               borderaxespad=0)
        for line in legend.get_lines():
            line.set(linewidth=2.4, alpha=1)
        figure.text(0.5, 0.49, "wavelength [Å]", ha="center", va="center")
    lower = figure.add_gridspec(2, 3, left=0.06, right=0.93, top=0.46, bottom=0.04, hspace=0.24, wspace=0.3)
    limits = matplotlib.colors.LogNorm(0.97 * demo.snr.min(), 1.03 * demo.snr.max())
    colours = {"cmap": "viridis_r", "norm": limits, "linewidths": 0}
    for p in range(len(PARAMETERS)):
        pair = lower[p // 3, p % 3].subgridspec(2, 1, height_ratios=[3.2, 1], hspace=0.07)
        axes = figure.add_subplot(pair[0])
        points = draw_parameter(demo, p, axes, figure.add_subplot(pair[1], sharex=axes), colours)
    bar = figure.colorbar(points, cax=figure.add_axes([0.95, 0.12, 0.011, 0.26]))
    ticks = [t for t in (3, 5, 10, 20, 30, 50, 100, 200) if 0.97 * demo.snr.min() <= t <= 1.03 * demo.snr.max()]
    bar.set_ticks(ticks, labels=[str(t) for t in ticks])
    bar.ax.minorticks_off()
    bar.outline.set_visible(False)
    bar.ax.set_title("S/N", fontsize=10.5)
    unit = str(demo.data["B_FLUX"][1].get("BUNIT", "arbitrary units"))
    unit = unit.replace("10**-17 erg/(s cm2 Angstrom)", r"$10^{-17}$ erg s$^{-1}$ cm$^{-2}$ Å$^{-1}$")
    figure.text(0.06, 0.981, "rvfit: simulated stars fitted in one batch", fontsize=17, weight="bold", va="center")
    figure.text(0.06, 0.9615, f"{len(demo.snr)} synthetic spectra in DESI's format, {demo.converged.sum()} converged. "
                f"Flux in {unit}. Open circles: on a bound, or not converged. Not for science.",
                fontsize=10.5, color="0.35", va="center")
    with command_line.replaced_file(path) as temporary:
        figure.savefig(temporary, dpi=110, format="png")


def main(arguments):
    parser = command_line.OneLineParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", metavar="OUT", help="folder with coadd-demo.fits and what was fitted from it")
    parser.add_argument("--check", action="store_true",
                        help="exit 1 unless convergence and pulls are as they should be")
    options = parser.parse_args(arguments)
    demo = Demo(options.folder)
    print_stars(demo)
    faults = print_pulls(demo)
    picture = os.path.join(options.folder, "demo.png")
    draw(demo, picture)
    print(f"picture: {picture}")
    if options.check:
        print("check: " + ("passed" if not faults else "failed: " + "; ".join(faults)))
        return 1 if faults else 0
    return 0


if __name__ == "__main__":
    command_line.run(main)

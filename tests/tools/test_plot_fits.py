# SPDX-License-Identifier: MIT
"""tools/plot_fits.py and tools/report_fits.py on made-up fits: what is shown, what is never lost, what is escaped."""
import html.parser
import json
import os
import sys
from urllib.parse import quote

import numpy as np
import pytest
from astropy.io import fits

pytest.importorskip("matplotlib")
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "tools"))
import plot_fits  # noqa: E402
import report_fits  # noqa: E402

PIXELS = 200


def write_input(path, figures, spike=0.0):
    """Stars with a line at pixel 100, a bad pixel at 20, a spike at 50 and a clipped pixel at 150."""
    stars, wave = len(figures), np.linspace(4000, 4400, PIXELS)
    model = np.tile(10 - 6 * np.exp(-0.5 * ((np.arange(PIXELS) - 100) / 3) ** 2), (stars, 1)).astype("f4")
    flux, error = model.copy(), np.full_like(model, 0.1)
    flux[:, 50] += spike
    error[:, 20] = 0
    clipped = np.zeros(model.shape, "i4")
    clipped[:, 150] = 1
    texts = {"FIGURE": figures, "FILE": ["a $b_c <é>.fits"] * stars, "TARGET": ["star, row 0"] * stars,
             "LABELS": ["teff 6012 +- 21 K,  alpha_m 0.02 (fixed),  vsini 0 (on a bound) km/s"] * stars,
             "STATE": ["chi2/N 1.2,  converged,  warning: vsini above 100 km/s"] * stars}
    columns = [fits.Column(name, "200A", array=[quote(text) for text in each]) for name, each in texts.items()]
    columns += [fits.Column("B_SNR", "D", array=[12.0] * stars), fits.Column("B_CHI2", "D", array=[np.nan] * stars)]
    hdus = [fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns, name="STARS"), fits.ImageHDU(wave, name="B_WAVELENGTH"),
            fits.ImageHDU(flux, name="B_FLUX"), fits.ImageHDU(error, name="B_ERROR"), fits.ImageHDU(model, name="B_MODEL"),
            fits.ImageHDU(clipped, name="B_CLIPPED")]
    hdus[3].header["BUNIT"] = "10**-17 erg/(s cm2 Angstrom)"
    fits.HDUList(hdus).writeto(path)


def test_figures_are_drawn_whatever_their_names(tmp_path):
    names = [str(tmp_path / name) for name in ("a.png", "b $c_d%41 é.png")]
    write_input(tmp_path / "in.fits", names)
    plot_fits.main([str(tmp_path / "in.fits")])
    for name in names:
        with open(name, "rb") as file:
            assert file.read(4) == b"\x89PNG"


def drawn(tmp_path, monkeypatch, **options):
    """The figure of one star, before it is closed."""
    kept = []
    monkeypatch.setattr(plot_fits.pyplot, "close", kept.append)
    write_input(tmp_path / "in.fits", [str(tmp_path / "a.png")], **options)
    plot_fits.main([str(tmp_path / "in.fits")])
    return kept[-1]  # the first may be the name of an older backend


def test_a_figure_says_what_it_shows(tmp_path, monkeypatch):
    figure = drawn(tmp_path, monkeypatch)
    flux, residual = figure.axes
    told = " ".join(text.get_text() for text in figure.texts) + flux.get_title(loc="left")
    for part in (r"a \$b_c <é>.fits,  star, row 0", r"$T_\mathrm{eff}$ 6012 $\pm$ 21 K", "alpha m 0.02 (fixed)",
                 "(on a bound)", r"$\chi^2/N$ 1.2,  converged", "warning: vsini above 100 km/s", "arm B,  S/N 12"):
        assert part in told
    assert "nan" not in told
    assert flux.get_ylabel() == "flux [$10^{-17}$ erg/(s cm2 Å)]" and "sigma" in residual.get_ylabel()


def test_a_spike_does_not_flatten_a_figure(tmp_path, monkeypatch):
    flux, residual = drawn(tmp_path, monkeypatch, spike=1e5).axes
    low, high = flux.get_ylim()
    assert 3 < low < 4 and 10 < high < 11  # the line from 4 to 10, and some room
    assert residual.get_ylim()[1] < 10
    assert any(line.get_marker() == "^" and len(line.get_xdata()) == 1 for line in flux.lines)  # but it is marked
    assert any(line.get_marker() == "x" and list(line.get_xdata()) == [pytest.approx(4000 + 400 * 20 / 199, abs=1e-3)]  # float
               for line in flux.lines)


def test_clipped_pixels_are_marked(tmp_path, monkeypatch):
    flux, _ = drawn(tmp_path, monkeypatch).axes
    marks = [line for line in flux.lines if line.get_label() == "clipped"]
    assert len(marks) == 1 and list(marks[0].get_xdata()) == [pytest.approx(4000 + 400 * 150 / 199, abs=1e-3)]  # float


def write_table(path, rows, scale=1.0, warn=0):
    random = np.random.default_rng(rows)
    columns = [fits.Column("VRAD", "D", unit="km s-1", array=random.normal(0, 50, rows)),
               fits.Column("VRAD_ERR", "D", array=random.lognormal(0, 1, rows)),
               fits.Column("TEFF", "D", array=random.uniform(4000, 7000, rows)), fits.Column("TEFF_ERR", "D", array=np.ones(rows)),
               fits.Column("LOGG", "D", array=random.uniform(1, 5, rows)),
               fits.Column("LOGG_ERR", "D", array=np.full(rows, np.nan)),
               fits.Column("CHISQ_TOT", "D", array=scale * random.chisquare(100, rows)),
               fits.Column("NPIX_TOT", "K", array=np.full(rows, 100)),
               fits.Column("STATUS", "16A", array=["converged"] * (rows - rows // 4) + ["stalled"] * (rows // 4)),
               fits.Column("RVS_WARN", "K", array=np.r_[np.full(rows // 4, warn), np.zeros(rows - rows // 4)].astype(int))]
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns, name="RVTAB")]).writeto(path)


class Page(html.parser.HTMLParser):
    """Rows of all tables of a page, its headings, and what it points to."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.tags, self.links, self.heads = [], [], [], []
        self.within = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.within = tag
        self.links += [value for name, value in attrs if name in ("src", "href")]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag in ("h1", "h2"):
            self.heads.append("")

    def handle_endtag(self, tag):
        self.within = ""

    def handle_data(self, data):
        if self.within in ("td", "th"):
            self.rows[-1][-1] += data
        if self.within in ("h1", "h2"):
            self.heads[-1] += data


def make_page(folder, **more):
    (folder / "<b>&").mkdir()
    tables = [str(folder / "<b>&" / f"rvtab_{n}.fits") for n in range(3)]
    write_table(tables[0], 40, warn=1 | 1 << 20)
    write_table(tables[1], 60)
    write_table(tables[2], 0)
    run = {"page": quote(str(folder / "page.html")), "tables": [quote(table) for table in tables], "program": "rvfit_desi 0.1",
           "command": "--minsn 2 '<x>'", "warnings": [[1, "no better than the continuum"]], "failed_count": 1001,
           "failed": [[quote("<i>bad</i> é.fits"), "HDU 1 <missing>"]], "passed_over": 2,
           "summary": {"stars_per_second": 12.3, "seconds": {"total": 5.0, "read": 1.0}}, **more}
    with open(folder / "run.json", "w", encoding="utf-8") as file:
        json.dump(run, file)
    report_fits.main([str(folder / "run.json")])
    text = (folder / "page.html").read_text(encoding="utf-8")
    return text, Page(text)


def test_a_page_counts_and_escapes(tmp_path):
    text, page = make_page(tmp_path)
    assert page.heads[0] == "rvfit_desi 0.1: 100 spectra in 3 files"
    for row in (["converged", "75", "75 %"], ["stalled", "25", "25 %"], ["no warning", "90", "90 %"],
                ["no better than the continuum", "10", "10 %"], ["bit 1048576", "10", "10 %"],
                ["<i>bad</i> é.fits", "HDU 1 <missing>"], ["command", "rvfit_desi 0.1 --minsn 2 '<x>'"], ["read", "1.00"]):
        assert row in page.rows
    assert "Files that failed: 1001" in page.heads and "and 1000 more" in text and "2 files were passed over" in text
    assert not {"i", "b", "x", "script", "link"} & set(page.tags)
    assert page.links and all(link.startswith("data:image/png;base64,") for link in page.links)
    assert sorted(os.listdir(tmp_path)) == ["<b>&", "page.html", "run.json"]


def test_a_page_without_a_row_or_with_a_bad_table_is_written(tmp_path):
    (tmp_path / "bad.fits").write_bytes(b"x")
    write_table(tmp_path / "empty.fits", 0)
    report_fits.main(["--tables", str(tmp_path / "page.html"), str(tmp_path / "empty.fits"), str(tmp_path / "bad.fits")])
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert page.heads[0] == "rvfit: 0 spectra in 1 file" and "Tables that cannot be read: 1" in page.heads


def test_a_sample_stays_small_and_fair():
    sample = report_fits.Sample()
    for n in range(10):
        sample.add({"A": np.full(5000, float(n))})
    sample.add({"A": np.full(1000, 10.0), "B": np.ones(1000)})
    assert len(sample.columns["A"]) == len(sample.columns["B"]) == report_fits.SAMPLE
    counts = np.bincount(sample.columns["A"].astype(int))
    assert np.all(np.abs(counts[:10] - 5000 * 20000 / 51000) < 250)  # six sigma of a binomial
    assert np.isfinite(sample.columns["B"]).sum() == counts[10]

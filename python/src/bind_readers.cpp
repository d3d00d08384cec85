// SPDX-License-Identifier: MIT

#include "bindings.hpp"
#include "columns.hpp"
#include "numpy.hpp"
#include <rvfit/io/apogee/read_apogee.hpp>
#include <rvfit/io/desi/desi_preparation.hpp>
#include <rvfit/io/desi/read_desi.hpp>
#include <rvfit/io/desi/select_stars.hpp>
#include <rvfit/io/lamost/read_lamost.hpp>
#include <rvfit/io/read_table.hpp>
#include <rvfit/io/sdss/read_sdss.hpp>
#include <rvfit/io/weave/read_weave.hpp>

#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace rvfit_python {

namespace nb = nanobind;

namespace {

using rvfit::io::Spectra;
using rvfit::io::SpectraArm;

/// Fluxes in the file's unit: as they are read, or as double where a row has a unit of its own.
[[nodiscard]] nb::object in_unit(std::vector<float>&& values, const SpectraArm& arm, int power) {
  const std::size_t pixels = arm.pixels();
  const std::size_t rows = values.size() / pixels;
  const bool plain = std::all_of(arm.unit.begin(), arm.unit.end(), [](double u) { return u == 1; });
  if (plain) {
    return to_numpy(std::move(values), {rows, pixels});
  }
  std::vector<double> scaled(values.begin(), values.end());
  for (std::size_t n = 0; n < scaled.size(); ++n) {
    const double unit = arm.unit[n / pixels];
    scaled[n] *= power == 1 ? unit : 1.0 / (unit * unit);
  }
  return to_numpy(std::move(scaled), {rows, pixels});
}

/// {"arms": .., "columns": ..} of some rows of a file's spectra.
[[nodiscard]] nb::dict to_python(Spectra&& spectra, const std::vector<std::size_t>& rows) {
  nb::list arms, columns;
  for (SpectraArm& whole : spectra.arms) {
    SpectraArm arm = rows.size() == whole.snr.size() ? std::move(whole) : take(whole, rows);
    const std::size_t pixels = arm.pixels(), diagonals = arm.diagonals(), count = rows.size();
    nb::dict each;
    each["arm"] = arm.name;
    each["label"] = arm.label;
    each["medium"] = arm.medium == rvfit::Medium::unknown ? nb::object(nb::none())
                                                          : nb::cast(rvfit::name_of(arm.medium));
    each["resolution"] = diagonals == 0
                             ? nb::object(nb::none())
                             : to_numpy(std::move(arm.resolution), {count, diagonals, pixels});
    each["line_spread"] = arm.line_spread.empty()
                              ? nb::object(nb::none())
                              : to_numpy(std::move(arm.line_spread), {count, pixels});
    each["flux"] = in_unit(std::move(arm.flux), arm, 1);
    each["ivar"] = in_unit(std::move(arm.ivar), arm, 2);
    each["mask"] = to_numpy(std::move(arm.mask), {count, pixels});
    each["wave"] = arm.wave_rows == 1 ? to_numpy(std::move(arm.wave), {pixels})
                                      : to_numpy(std::move(arm.wave), {count, pixels});
    arms.append(each);
  }
  for (const rvfit::io::Column& column : spectra.columns) {
    columns.append(column_to_python(take(column, rows), rows.size()));
  }
  nb::dict out;
  out["arms"] = arms;
  out["columns"] = columns;
  return out;
}

[[nodiscard]] nb::dict to_python(Spectra&& spectra) {
  std::vector<std::size_t> rows(spectra.arms.front().snr.size());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  return to_python(std::move(spectra), rows);
}

[[nodiscard]] nb::dict read_desi(const std::string& path, const std::vector<std::string>& arms,
                                 bool resolution, bool all_rows) {
  rvfit::io::DesiFile file;
  {
    const nb::gil_scoped_release unlocked;
    file = rvfit::io::read_desi(
        path, arms, resolution ? rvfit::io::Resolution::read : rvfit::io::Resolution::skip);
  }
  const std::vector<std::size_t> rows =
      all_rows ? rvfit::io::select_all(file) : rvfit::io::select_stars(file);
  std::vector<std::int64_t> id;
  id.reserve(rows.size());
  for (const std::size_t row : rows) {
    id.push_back(file.target_id[row]);
  }
  nb::dict out = to_python(std::move(file), rows);
  const std::size_t count = id.size();
  out["target_id"] = to_numpy(std::move(id), {count});
  return out;
}

}  // namespace

void bind_readers(nb::module_& module) {
  module.def("read_desi", &read_desi, nb::arg("path"), nb::arg("arms"), nb::arg("resolution"),
             nb::arg("all_rows"));
  module.def(
      "read_sdss",
      [](const std::string& path, const std::string& arm, bool exposures) {
        rvfit::io::SdssOptions options;
        options.arm = arm;
        options.exposures = exposures;
        return to_python(rvfit::io::read_sdss(path, options));
      },
      nb::arg("path"), nb::arg("arm"), nb::arg("exposures"));
  module.def(
      "read_lamost",
      [](const std::string& path, const std::string& arm, const std::string& arm_b,
         const std::string& arm_r, const std::string& camera, bool exposures) {
        rvfit::io::LamostOptions options;
        options.arm = arm;
        options.arm_b = arm_b;
        options.arm_r = arm_r;
        options.camera = camera;
        options.exposures = exposures;
        return to_python(rvfit::io::read_lamost(path, options));
      },
      nb::arg("path"), nb::arg("arm"), nb::arg("arm_b"), nb::arg("arm_r"), nb::arg("camera"),
      nb::arg("exposures"));
  module.def(
      "read_apogee",
      [](const std::string& path, const std::vector<std::string>& arms, bool visits) {
        rvfit::io::ApogeeOptions options;
        RVFIT_REQUIRE(arms.size() == options.arms.size(), "read_apogee: ", arms.size(),
                      " arms are named, ", options.arms.size(), " chips wanted");
        std::copy(arms.begin(), arms.end(), options.arms.begin());
        options.visits = visits;
        return to_python(rvfit::io::read_apogee(path, options));
      },
      nb::arg("path"), nb::arg("arms"), nb::arg("visits"));
  module.def(
      "read_weave",
      [](const std::string& path, const std::string& arm_b, const std::string& arm_r,
         bool all_rows) {
        rvfit::io::WeaveOptions options;
        options.arm_b = arm_b;
        options.arm_r = arm_r;
        options.all_rows = all_rows;
        rvfit::io::WeaveFile file = rvfit::io::read_weave(path, options);
        return to_python(std::move(file.spectra), file.targets);
      },
      nb::arg("path"), nb::arg("arm_b"), nb::arg("arm_r"), nb::arg("all_rows"));
  module.def(
      "read_table",
      [](const std::string& path, const std::vector<std::pair<std::string, std::string>>& arms,
         const std::vector<std::pair<std::string, std::string>>& columns,
         const std::vector<std::string>& copy) {
        std::vector<rvfit::io::TableArm> of_file;
        of_file.reserve(arms.size());
        for (const auto& [name, hdu] : arms) {
          of_file.push_back({.name = name, .hdu = hdu});
        }
        rvfit::io::TableColumns wanted;
        wanted.copy = copy;
        for (const auto& [part, column] : columns) {
          std::string* const place = part == "wave"          ? &wanted.wave
                                     : part == "flux"        ? &wanted.flux
                                     : part == "ivar"        ? &wanted.ivar
                                     : part == "error"       ? &wanted.error
                                     : part == "variance"    ? &wanted.variance
                                     : part == "mask"        ? &wanted.mask
                                     : part == "wave_unit"   ? &wanted.wave_unit
                                     : part == "wave_hdu"    ? &wanted.wave_hdu
                                     : part == "line_spread" ? &wanted.line_spread
                                                             : nullptr;
          RVFIT_REQUIRE(place != nullptr, "read_table: no part '", part, "' of a spectrum");
          *place = column;
        }
        return to_python(rvfit::io::read_table(path, of_file, wanted));
      },
      nb::arg("path"), nb::arg("arms"), nb::arg("columns"), nb::arg("copy"));
}

}  // namespace rvfit_python

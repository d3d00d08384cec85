// SPDX-License-Identifier: MIT

#include "arms.hpp"
#include "bindings.hpp"
#include "columns.hpp"
#include "core/match_library.hpp"
#include "fit_arrays.hpp"
#include "library.hpp"
#include "python_watch.hpp"
#include <rvfit/io/rvtab/rvtab_columns.hpp>

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace rvfit_python {

namespace nb = nanobind;

namespace {

/// S/N of a pixel of each target, as in RVTAB: of several rows the root of the sum of squares.
[[nodiscard]] std::vector<float> snr_of(const std::vector<float>& snr,
                                        const rvfit::io::Targets& targets) {
  std::vector<float> joint;
  for (const std::vector<std::size_t>& rows : targets) {
    float sum = rows.size() == 1 ? snr[rows.front()] : std::numeric_limits<float>::quiet_NaN();
    for (const std::size_t row : rows) {
      if (rows.size() > 1 && !std::isnan(snr[row])) {
        sum = std::isnan(sum) ? std::abs(snr[row]) : std::hypot(sum, snr[row]);
      }
    }
    joint.push_back(sum);
  }
  return joint;
}

/// Everything that a result is made of.
[[nodiscard]] nb::dict to_python(ArrayFit&& fit, rvfit_programs::Reading&& reading,
                                 const rvfit_programs::Options& options) {
  nb::dict out;
  rvfit::io::Rvtab table;
  nb::list parameters, models, rejected, waves;
  for (const rvfit::Parameter& each : fit.result.parameters) {
    parameters.append(nb::make_tuple(each.name, each.unit, each.lower, each.upper, each.fixed));
  }
  for (std::size_t a = 0; a < reading.spectra.arms.size(); ++a) {
    rvfit::io::SpectraArm& arm = reading.spectra.arms[a];
    const std::size_t pixels = arm.pixels();
    table.arms.push_back({arm.label, snr_of(arm.snr, reading.targets)});
    const std::size_t rows = arm.snr.size();
    const auto matrix = [&]<class T>(std::vector<T>&& values) {
      return values.empty() ? nb::object(nb::none()) : to_numpy(std::move(values), {rows, pixels});
    };
    models.append(matrix(std::move(fit.models[a])));
    rejected.append(matrix(std::move(fit.rejected[a])));
    waves.append(arm.wave_rows == 1 ? to_numpy(std::move(arm.wave), {pixels})
                                    : to_numpy(std::move(arm.wave), {rows, pixels}));
  }
  table.result = std::move(fit.result);
  table.errors = options.fit.errors;
  nb::list columns;
  for (rvfit::io::Column& column : rvfit::io::rvtab_columns(table)) {
    columns.append(column_to_python(std::move(column), reading.targets.size()));
  }
  out["columns"] = columns;
  out["parameters"] = parameters;
  out["models"] = models;
  out["rejected"] = rejected;
  out["waves"] = waves;
  return out;
}

[[nodiscard]] nb::dict fit(Library& library, const SpectraArrays& arrays,
                           const std::vector<std::string>& arguments, bool keep_models,
                           const nb::object& progress) {
  ArraySpectra spectra = spectra_of(arrays);
  rvfit_programs::Options options = options_of(arguments, survey_of(arrays));
  options.fit.keep_models = keep_models;
  const std::string key = key_of(arrays, arguments) + (keep_models ? "m" : "");
  PythonWatch watch(progress, spectra.targets.size());
  rvfit_programs::Reading reading;
  ArrayFit found;
  try {
    const Session session;
    const nb::gil_scoped_release unlocked;
    if (options.fit.rv_per_exposure) {
      leave_out_empty(spectra);
    }
    const rvfit_programs::Reader reader = [&](const std::string&) { return reading_of(spectra); };
    reading = rvfit_programs::matched_to_library(reader, options, library.data())("spectra");
    auto fitter = library.borrow(key, options.fit);
    found = fit_arrays(*fitter, reading, static_cast<std::size_t>(std::max(options.threads, 0)),
                       [&](std::size_t done) { return watch(done); });
    library.give_back(key, std::move(fitter));
  } catch (...) {
    watch.rethrow();
    throw;
  }
  return to_python(std::move(found), std::move(reading), options);
}

}  // namespace

void bind_fit(nb::module_& module) {
  nb::class_<ArmArrays>(module, "ArmArrays")
      .def(
          "__init__",
          [](ArmArrays* arm, std::string name, std::string label, std::string medium, AnyArray wave,
             AnyArray flux, bool flux_on_device, AnyArray weight, bool weight_on_device,
             bool is_error, std::optional<AnyArray> mask, bool mask_on_device,
             std::optional<AnyArray> line_spread, std::optional<AnyArray> resolution,
             bool resolution_on_device) {
            const auto placed = [](std::optional<AnyArray>& array, bool on_device) {
              return array ? std::optional(PlacedArray{std::move(*array), on_device})
                           : std::nullopt;
            };
            new (arm) ArmArrays{std::move(name),
                                std::move(label),
                                std::move(medium),
                                std::move(wave),
                                {std::move(flux), flux_on_device},
                                {std::move(weight), weight_on_device},
                                is_error,
                                placed(mask, mask_on_device),
                                std::move(line_spread),
                                placed(resolution, resolution_on_device)};
          },
          nb::arg("name"), nb::arg("label"), nb::arg("medium"), nb::arg("wave"), nb::arg("flux"),
          nb::arg("flux_on_device"), nb::arg("weight"), nb::arg("weight_on_device"),
          nb::arg("is_error"), nb::arg("mask").none(), nb::arg("mask_on_device"),
          nb::arg("line_spread").none(), nb::arg("resolution").none(),
          nb::arg("resolution_on_device"))
      .def_prop_ro("addresses", [](const ArmArrays& arm) {
        return nb::make_tuple(reinterpret_cast<std::uintptr_t>(arm.flux.array.data()),
                              reinterpret_cast<std::uintptr_t>(arm.weight.array.data()));
      });
  nb::class_<SpectraArrays>(module, "SpectraArrays")
      .def(
          "__init__",
          [](SpectraArrays* spectra, std::vector<ArmArrays> arms,
             std::vector<std::pair<double, double>> masked, double error_floor,
             std::optional<rvfit::io::Targets> targets) {
            // Checked before they are the object's, which is not destroyed where its making throws.
            SpectraArrays made{std::move(arms), std::move(masked), error_floor, std::move(targets)};
            (void)spectra_of(made);
            new (spectra) SpectraArrays(std::move(made));
          },
          nb::arg("arms"), nb::arg("masked"), nb::arg("error_floor"), nb::arg("targets").none());
  module.def("fit", &fit, nb::arg("library"), nb::arg("spectra"), nb::arg("arguments"),
             nb::arg("keep_models"), nb::arg("progress").none());
}

}  // namespace rvfit_python

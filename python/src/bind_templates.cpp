// SPDX-License-Identifier: MIT

#include "bindings.hpp"
#include "library.hpp"
#include "numpy.hpp"
#include "settings.hpp"
#include "templates.hpp"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <utility>

namespace rvfit_python {

namespace nb = nanobind;

void bind_templates(nb::module_& module) {
  module.def(
      "templates",
      [](const Library& library, const std::vector<std::string>& arguments, const std::string& arm,
         const Doubles& theta, const std::vector<double>& wave, bool derivatives) {
        const rvfit_programs::Options options = options_of(arguments, {});
        const std::vector<double> points(theta.data(), theta.data() + theta.size());
        std::vector<double> found;
        {
          const Session session;
          const nb::gil_scoped_release unlocked;
          found = templates(library.data(), options.fit.model, arm, points, wave, derivatives);
        }
        const std::size_t rows = theta.shape(0);
        const std::size_t lanes = found.size() / (rows * wave.size());
        return to_numpy(std::move(found), {rows, lanes, wave.size()});
      },
      nb::arg("library"), nb::arg("arguments"), nb::arg("arm"), nb::arg("theta"), nb::arg("wave"),
      nb::arg("derivatives"));
  module.def(
      "parameters",
      [](const Library& library, const std::vector<std::string>& arguments) {
        const rvfit_programs::Options options = options_of(arguments, {});
        rvfit::ParameterSet parameters;
        {
          const Session session;
          const nb::gil_scoped_release unlocked;
          parameters = parameters_of(library.data(), options.fit.model);
        }
        nb::list out;
        for (const rvfit::Parameter& each : parameters) {
          out.append(nb::make_tuple(each.name, each.unit, each.lower, each.upper, each.fixed));
        }
        return out;
      },
      nb::arg("library"), nb::arg("arguments"));
  module.def(
      "simulate",
      [](const Library& library, int stars, std::uint64_t seed, double snr_min, double snr_max,
         double rv_max, double vsini_max) {
        Simulated made;
        {
          const Session session;
          const nb::gil_scoped_release unlocked;
          made = simulate(library.data(), {stars, seed, snr_min, snr_max, rv_max, vsini_max});
        }
        const auto rows = static_cast<std::size_t>(stars);
        nb::list arms;
        for (SimulatedArm& arm : made.arms) {
          const std::size_t pixels = arm.wave.size();
          arms.append(nb::make_tuple(arm.name, arm.label, to_numpy(std::move(arm.wave), {pixels}),
                                     to_numpy(std::move(arm.flux), {rows, pixels}),
                                     to_numpy(std::move(arm.ivar), {rows, pixels}),
                                     to_numpy(std::move(arm.mask), {rows, pixels})));
        }
        return nb::make_tuple(made.names,
                              to_numpy(std::move(made.theta), {rows, made.names.size()}),
                              to_numpy(std::move(made.snr), {rows}), arms);
      },
      nb::arg("library"), nb::arg("stars"), nb::arg("seed"), nb::arg("snr_min"), nb::arg("snr_max"),
      nb::arg("rv_max"), nb::arg("vsini_max"));
}

}  // namespace rvfit_python

// SPDX-License-Identifier: MIT

#include "bindings.hpp"
#include "compiled_curves.hpp"
#include "curve_guess.hpp"
#include "curve_job.hpp"
#include "numpy.hpp"
#include "python_watch.hpp"
#include "runtime.hpp"

#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

namespace rvfit_python {

namespace nb = nanobind;

namespace {

/// A model of curves, and the terms of a sum.
struct BoundCurve {
  std::shared_ptr<const CurveModel> model;
  std::vector<CurveTerm> terms;
};

template <class T>
using Written = nb::ndarray<T, nb::c_contig, nb::device::cpu>;

[[nodiscard]] Plane plane_in(const nb::dict& arrays, const char* name) {
  return arrays.contains(name) ? plane_of(nb::cast<AnyArray>(arrays[name])) : Plane{};
}

template <class T>
[[nodiscard]] T* written_in(const nb::dict& arrays, const char* name) {
  return arrays.contains(name) ? nb::cast<Written<T>>(arrays[name]).data() : nullptr;
}

/// Views of arrays that Python has checked and keeps alive.
[[nodiscard]] CurveArrays arrays_of(const nb::dict& from) {
  CurveArrays to;
  to.y = plane_in(from, "y");
  to.weight = plane_in(from, "weight");
  to.mask = plane_in(from, "mask");
  to.x[0] = plane_in(from, "x");
  to.x[1] = plane_in(from, "second");
  to.start = plane_in(from, "start");
  to.fixed = plane_in(from, "fixed");
  to.lower = plane_in(from, "lower");
  to.upper = plane_in(from, "upper");
  to.prior_mean = plane_in(from, "prior_mean");
  to.prior_sigma = plane_in(from, "prior_sigma");
  return to;
}

[[nodiscard]] CurveSettings settings_of(const nb::dict& from, const BoundCurve& curve) {
  CurveSettings to;
  const auto number = [&](const char* name) { return nb::cast<double>(from[name]); };
  to.weights = static_cast<WeightKind>(nb::cast<int>(from["weights"]));
  to.loss = static_cast<Loss>(nb::cast<int>(from["loss"]));
  to.threshold = number("threshold");
  to.estimates_scale = nb::cast<bool>(from["estimates_scale"]);
  to.scale_covariance = nb::cast<bool>(from["scale_covariance"]);
  to.threads = nb::cast<std::size_t>(from["threads"]);
  to.solver.max_iterations = nb::cast<int>(from["max_steps"]);
  to.solver.tolerance = number("tolerance");
  to.solver.relative_tolerance = number("relative_tolerance");
  to.solver.step_tolerance = number("step_tolerance");
  to.solver.gradient_tolerance = number("gradient_tolerance");
  using Five = std::tuple<double, double, double, double, double>;
  for (const auto& [lower, upper, mean, sigma, scale] :
       nb::cast<std::vector<Five>>(from["parameters"])) {
    to.parameters.push_back({lower, upper, mean, sigma, scale});
  }
  if (has_guess(curve.terms)) {
    to.terms = curve.terms;
  }
  return to;
}

[[nodiscard]] CurveResults results_of(const nb::dict& from) {
  return {.theta = written_in<double>(from, "theta"),
          .error = written_in<double>(from, "error"),
          .covariance = written_in<double>(from, "covariance"),
          .value = written_in<double>(from, "value"),
          .scale = written_in<double>(from, "scale"),
          .status = written_in<std::int32_t>(from, "status"),
          .steps = written_in<std::int32_t>(from, "steps"),
          .freedom = written_in<std::int32_t>(from, "freedom"),
          .undetermined = written_in<std::uint64_t>(from, "undetermined"),
          .on_bound = written_in<std::uint64_t>(from, "on_bound")};
}

void fit_bound(const BoundCurve& curve, const nb::dict& arrays, const nb::dict& settings,
               const nb::dict& results, const nb::object& progress) {
  const CurveArrays of_arrays = arrays_of(arrays);
  const CurveSettings of_settings = settings_of(settings, curve);
  const CurveResults of_results = results_of(results);
  if (of_arrays.y.rows == 0) {
    return;
  }
  PythonWatch watch(progress, of_arrays.y.rows);
  try {
    const Session session;
    const nb::gil_scoped_release unlocked;
    fit_curves(*curve.model, of_arrays, of_settings, of_results,
               [&](std::size_t done) { return watch(done); });
  } catch (...) {
    watch.rethrow();
    throw;
  }
}

/// Values (N, M) of parameters (N, P) at coordinates (1 or N, M).
void evaluate_bound(const BoundCurve& curve, const nb::dict& arrays, const Written<double>& out) {
  const Plane theta = plane_in(arrays, "theta"), x = plane_in(arrays, "x"),
              second = plane_in(arrays, "second");
  const Session session;
  const nb::gil_scoped_release unlocked;
  std::vector<double> parameters, first, other;
  for (std::size_t n = 0; n < theta.rows; ++n) {
    parameters.clear();
    append_row(theta, n, parameters);
    if (n == 0 || x.rows > 1) {
      first.clear();
      append_row(x, n, first);
    }
    if (!second.empty() && (n == 0 || second.rows > 1)) {
      other.clear();
      append_row(second, n, other);
    }
    curve.model->evaluate(parameters.data(), static_cast<int>(x.columns), first.data(),
                          second.empty() ? nullptr : other.data(), out.data() + n * x.columns);
  }
}

}  // namespace

void bind_curves(nb::module_& module) {
  nb::class_<BoundCurve>(module, "Curve")
      .def("__init__",
           [](BoundCurve* curve, const std::vector<std::tuple<int, int>>& terms) {
             std::vector<CurveTerm> all;
             int first = 0;
             for (const auto& [kind, parameters] : terms) {
               all.push_back({static_cast<CurveKind>(kind), first, parameters});
               first += parameters;
             }
             new (curve) BoundCurve{compiled_curve(all), all};
           })
      .def("__init__",
           [](BoundCurve* curve, const std::string& path) {
             new (curve) BoundCurve{loaded_curve(path), {}};
           })
      .def_prop_ro("parameters", [](const BoundCurve& curve) { return curve.model->parameters(); })
      .def_prop_ro("has_guess", [](const BoundCurve& curve) {
        return !curve.terms.empty() && has_guess(curve.terms);
      });
  module.def("fit_curves", &fit_bound, nb::arg("curve"), nb::arg("arrays"), nb::arg("settings"),
             nb::arg("results"), nb::arg("progress").none());
  module.def("evaluate_curve", &evaluate_bound);
  module.def("addresses_of_curves", [](const nb::dict& arrays) {
    const CurveArrays all = arrays_of(arrays);
    return nb::make_tuple(reinterpret_cast<std::uintptr_t>(all.y.data),
                          reinterpret_cast<std::uintptr_t>(all.weight.data));
  });
  module.attr("most_curve_parameters") = most_curve_parameters;
}

}  // namespace rvfit_python

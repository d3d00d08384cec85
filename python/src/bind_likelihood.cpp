// SPDX-License-Identifier: MIT

#include "arms.hpp"
#include "bindings.hpp"
#include "core/match_library.hpp"
#include "likelihood.hpp"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <utility>

namespace rvfit_python {

namespace nb = nanobind;

namespace {

/// A likelihood that Python holds.
class HeldLikelihood {
 public:
  HeldLikelihood(const Library& library, const SpectraArrays& arrays,
                 const std::vector<std::string>& arguments) {
    const ArraySpectra spectra = spectra_of(arrays);
    const rvfit_programs::Options options = options_of(arguments, survey_of(arrays));
    const Session session;
    const nb::gil_scoped_release unlocked;
    const rvfit_programs::Reader reader = [&](const std::string&) { return reading_of(spectra); };
    held_ = make_likelihood(
        library.data(),
        rvfit_programs::matched_to_library(reader, options, library.data())("spectra"), options);
  }
  HeldLikelihood(const HeldLikelihood&) = delete;
  HeldLikelihood& operator=(const HeldLikelihood&) = delete;
  ~HeldLikelihood() {
    if (is_forked()) {
      (void)held_.release();  // its memory is the parent's Kokkos'
    }
  }

  [[nodiscard]] nb::tuple evaluate(const Doubles& theta, bool derivatives) {
    const std::size_t count = theta.shape(0), columns = theta.shape(1);
    std::vector<double> value(count), gradient(derivatives ? count * columns : 0),
        hessian(derivatives ? count * columns * columns : 0);
    {
      const Session session;
      const nb::gil_scoped_release unlocked;
      held_->evaluate({theta.data(), theta.size(), value.data(),
                       derivatives ? gradient.data() : nullptr, hessian.data()});
    }
    nb::object values = to_numpy(std::move(value), {count});
    if (!derivatives) {
      return nb::make_tuple(values, nb::none(), nb::none());
    }
    return nb::make_tuple(values, to_numpy(std::move(gradient), {count, columns}),
                          to_numpy(std::move(hessian), {count, columns, columns}));
  }

  /// Points and values in the memory that fits run in; `shape` is that of the values.
  [[nodiscard]] nb::tuple evaluate_on_device(const DeviceDoubles& theta, bool derivatives,
                                             std::vector<std::size_t> shape) {
    (void)plane_of(AnyArray(theta), true);  // the memory is the right one
    const std::size_t count = theta.shape(0), columns = theta.shape(1);
    const Session session;
    std::unique_ptr<DeviceMemory> value, gradient, hessian;
    {
      const nb::gil_scoped_release unlocked;
      const auto memory_of = [](std::size_t numbers) {
        return std::make_unique<DeviceMemory>(numbers * sizeof(double));
      };
      value = memory_of(count);
      gradient = memory_of(derivatives ? count * columns : 0);
      hessian = memory_of(derivatives ? count * columns * columns : 0);
      const auto numbers_in = [](const DeviceMemory& memory) {
        return reinterpret_cast<double*>(memory.data());
      };
      held_->evaluate({theta.data(), theta.size(), numbers_in(*value),
                       derivatives ? numbers_in(*gradient) : nullptr, numbers_in(*hessian), true});
    }
    const nb::dlpack::dtype type = nb::dtype<double>();
    nb::object all[] = {to_dlpack(std::move(value), shape, type), nb::none(), nb::none()};
    if (derivatives) {
      shape.push_back(columns);
      all[1] = to_dlpack(std::move(gradient), shape, type);
      shape.push_back(columns);
      all[2] = to_dlpack(std::move(hessian), shape, type);
    }
    return nb::make_tuple(all[0], all[1], all[2]);
  }

  [[nodiscard]] nb::object at_velocities(const std::vector<double>& theta,
                                         const std::vector<double>& rv) {
    std::vector<double> found;
    {
      const Session session;
      const nb::gil_scoped_release unlocked;
      found = held_->at_velocities(theta, rv);
    }
    return to_numpy(std::move(found), {rv.size()});
  }

  [[nodiscard]] std::size_t size() const { return held_->size(); }

  [[nodiscard]] nb::list parameters() const {
    nb::list out;
    for (const rvfit::Parameter& each : held_->parameters()) {
      out.append(nb::make_tuple(each.name, each.unit, each.lower, each.upper, each.fixed));
    }
    return out;
  }

 private:
  std::unique_ptr<Likelihood> held_;
};

}  // namespace

void bind_likelihood(nb::module_& module) {
  nb::class_<HeldLikelihood>(module, "Likelihood")
      .def(nb::init<const Library&, const SpectraArrays&, const std::vector<std::string>&>(),
           nb::arg("library"), nb::arg("spectra"), nb::arg("arguments"), nb::keep_alive<1, 2>())
      .def("at_velocities", &HeldLikelihood::at_velocities, nb::arg("theta"), nb::arg("rv"))
      .def("evaluate", &HeldLikelihood::evaluate, nb::arg("theta"), nb::arg("derivatives"))
      .def("evaluate_on_device", &HeldLikelihood::evaluate_on_device, nb::arg("theta"),
           nb::arg("derivatives"), nb::arg("shape"))
      .def_prop_ro("size", &HeldLikelihood::size)
      .def_prop_ro("parameters", &HeldLikelihood::parameters);
}

}  // namespace rvfit_python

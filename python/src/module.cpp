// SPDX-License-Identifier: MIT

/// @file
/// The compiled part of the package, once for each instruction set: RVFIT_PYTHON_MODULE is its name.

#include "bindings.hpp"
#include "library.hpp"
#include "messages.hpp"
#include "runtime.hpp"
#include <rvfit/core/version.hpp>
#include <rvfit/io/fits/io_error.hpp>

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <exception>
#include <string>

namespace nb = nanobind;

namespace rvfit_python {

void bind_runtime(nb::module_& module) {
  module.def("set_threads", &set_threads, nb::arg("threads"));
  module.def("stop", &stop, nb::call_guard<nb::gil_scoped_release>());
  module.def("take_messages", &take_messages);
  module.def("info", [] {
    const Info facts = info();
    nb::dict out;
    out["version"] = rvfit::version;
    out["kokkos"] = facts.kokkos;
    out["execution_space"] = facts.execution_space;
    out["threads"] = facts.threads;
    out["cfitsio"] = facts.cfitsio;
    out["register_bytes"] = facts.register_bytes;
    return out;
  });
}

void bind_library(nb::module_& module) {
  nb::class_<Library>(module, "Library")
      .def(nb::init<std::string>(), nb::arg("path"), nb::call_guard<nb::gil_scoped_release>())
      .def_prop_ro("path", [](const Library& library) { return library.path(); })
      .def("describe", [](const Library& library) {
        const rvfit::EmulatorData& data = library.data();
        nb::dict out;
        nb::list labels, arms;
        for (const rvfit::LabelData& label : data.labels) {
          labels.append(nb::make_tuple(label.name, label.unit, label.lower, label.upper));
        }
        for (const rvfit::ArmData& arm : data.arms) {
          nb::dict each;
          each["name"] = arm.name;
          each["pixels"] = arm.grid.size;
          each["first"] = arm.grid.wave(0);
          each["last"] = arm.grid.wave(arm.grid.size - 1);
          each["grid"] = arm.is_grid();
          each["lsf_sigma"] = arm.lsf_sigma;
          each["medium"] = rvfit::name_of(arm.medium);
          arms.append(each);
        }
        out["labels"] = labels;
        out["arms"] = arms;
        out["library"] = data.library;
        out["synthetic"] = data.synthetic;
        return out;
      });
}

}  // namespace rvfit_python

NB_MODULE(RVFIT_PYTHON_MODULE, module) {
  nb::set_leak_warnings(false);
  nb::register_exception_translator([](const std::exception_ptr& thrown, void*) {
    try {
      std::rethrow_exception(thrown);
    } catch (const rvfit::io::IoError& error) {
      PyErr_SetString(PyExc_OSError, error.what());
    } catch (const rvfit_python::Ending& error) {
      PyErr_SetString(PyExc_SystemExit, error.what());
    }
  });
  rvfit_python::bind_runtime(module);
  rvfit_python::bind_device(module);
  rvfit_python::bind_library(module);
  rvfit_python::bind_fit(module);
  rvfit_python::bind_curves(module);
  rvfit_python::bind_likelihood(module);
  rvfit_python::bind_templates(module);
  rvfit_python::bind_readers(module);
}

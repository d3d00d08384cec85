// SPDX-License-Identifier: MIT

#include "python_watch.hpp"

#include "runtime.hpp"

#include <cstddef>
#include <utility>

namespace rvfit_python {

PythonWatch::PythonWatch(nanobind::object progress, std::size_t all)
    : progress_(std::move(progress)), all_(all) {}

bool PythonWatch::operator()(std::size_t done) {
  if (is_ending()) {
    return false;
  }
  const nanobind::gil_scoped_acquire lock;
  try {
    if (PyErr_CheckSignals() != 0) {
      throw nanobind::python_error();
    }
    if (!progress_.is_none() && done != told_) {
      told_ = done;
      progress_(done, all_);
    }
  } catch (nanobind::python_error& error) {
    raised_.emplace(std::move(error));
    return false;
  }
  return true;
}

void PythonWatch::rethrow() {
  if (raised_) {
    throw nanobind::python_error(std::move(*raised_));
  }
}

}  // namespace rvfit_python

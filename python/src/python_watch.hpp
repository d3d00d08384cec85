// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Asks Python whether a long call is to go on.

#include <nanobind/nanobind.h>

#include <cstddef>
#include <limits>
#include <optional>

namespace rvfit_python {

/// Looks for signals, and tells a function how far the call is.
class PythonWatch {
 public:
  PythonWatch(nanobind::object progress, std::size_t all);

  /// Without the interpreter's lock, which it takes.
  [[nodiscard]] bool operator()(std::size_t done);

  /// With the interpreter's lock. @throws nanobind::python_error  what ended the call
  void rethrow();

 private:
  nanobind::object progress_;
  std::size_t all_;
  std::size_t told_ = std::numeric_limits<std::size_t>::max();
  std::optional<nanobind::python_error> raised_;
};

}  // namespace rvfit_python

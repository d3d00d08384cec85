// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Spectra in arrays of a caller: looked at where they lie, a row at a time, whatever their type of number and their
/// strides. Rows in the memory of a GPU are copied when a batch wants them.

#include "core/program.hpp"
#include <rvfit/core/medium.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace rvfit_python {

enum class Number { float32, float64, int32, uint8 };

/// (R, N) numbers in memory of somebody else.
struct Plane {
  const char* data = nullptr;  ///< null: there are none
  Number type = Number::float64;
  std::ptrdiff_t row_stride = 0;  ///< [bytes]
  std::ptrdiff_t stride = 0;      ///< [bytes]
  std::size_t rows = 0;
  std::size_t columns = 0;
  bool on_device =
      false;  ///< in the memory that fits run in (device_memory.hpp), rows without gaps
  bool in_batch_order = false;  ///< row n is the n-th of those that are read, of a copy

  [[nodiscard]] bool empty() const { return data == nullptr; }
};

/// Add a row of a plane to `out`.
void append_row(const Plane& plane, std::size_t row, std::vector<double>& out);
void append_row(const Plane& plane, std::size_t row, std::vector<float>& out);

/// R spectra of an arm.
struct ArrayArm {
  std::string name;   ///< of the library's arm
  std::string label;  ///< in names of columns
  Plane wave;         ///< (1 or R, N)  increasing     [Angstrom]
  Plane flux;         ///< (R, N)                      [flux]
  Plane weight;       ///< (R, N)  inverse variance [1 / flux^2], or error [flux] if `is_error`
  bool is_error = false;
  Plane mask;         ///< (R, N)  bad where not 0; or empty
  Plane line_spread;  ///< (1 or R, N)  sigma, or empty  [Angstrom]
  Plane resolution;   ///< (R, D N)  matrices by diagonals, or empty
  rvfit::Medium medium = rvfit::Medium::unknown;
};

/// Spectra that are fitted: rows of arrays, one or several for each target.
struct ArraySpectra {
  std::vector<ArrayArm> arms;
  rvfit::io::Targets targets;
};

/// Check extents and wavelengths. @throws rvfit::InvalidArgument  naming the arm, and both extents
void require_consistent(const ArraySpectra& spectra);

/// Leave out exposures without a good pixel, whose own rv nothing would tell, but for the first of a target that has
/// no others. Only within a Session where an array is on a device.
void leave_out_empty(ArraySpectra& spectra);

/// The spectra as a program's reader hands them over: pixels are copied when a batch of rows is wanted, wavelengths
/// at once. The arrays must outlive it. Only within a Session where one of them is on a device.
[[nodiscard]] rvfit_programs::Reading reading_of(const ArraySpectra& spectra);

}  // namespace rvfit_python

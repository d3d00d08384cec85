// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// DESI's coadds weight the columns of resolution matrices (stages/resolution.hpp) by inverse variance, which leaves
/// the column of a pixel that is masked in every exposure zero. Rows of its good neighbours lack what they see of
/// it: they sum to 0.7 to 0.9, and a model would be as much too low there.
///
/// Column j is the line spread at the wavelength of pixel j, which changes slowly. So an empty one is
///
///   R(k, j) = (1 - x) R(k, l) + x R(k, r),   x = (j - l) / (r - l)
///
/// of the nearest columns l and r on either side that are not empty, or the one there is. rvspecfit takes the rows
/// as they are (docs/decisions/0017-empty-columns-of-resolution-matrices.md).

#include <rvfit/core/require.hpp>

#include <cstddef>
#include <span>

namespace rvfit {

namespace detail {

/// Whether column j of one matrix (D, N) is zero, but for what lies in rows outside the spectrum.
[[nodiscard]] inline bool is_empty_column(std::span<const float> matrix, std::size_t diagonals,
                                          std::size_t pixels, std::size_t j) {
  const std::size_t reach = diagonals / 2;
  for (std::size_t k = 0; k < diagonals; ++k) {
    const bool inside = j + k >= reach && j + k < pixels + reach;
    if (inside && matrix[k * pixels + j] != 0.0F) {
      return false;
    }
  }
  return true;
}

}  // namespace detail

/// Fill the empty columns of matrices, each on its own. A matrix without any other column stays empty.
///
/// @param[in,out] matrices   (R, D, N)  in DESI's convention
/// @param[in]     diagonals  D, odd
/// @param[in]     pixels     N
/// @throws InvalidArgument  extents that do not fit
inline void fill_empty_columns(std::span<float> matrices, std::size_t diagonals,
                               std::size_t pixels) {
  const std::size_t size = diagonals * pixels;
  RVFIT_REQUIRE(size > 0 && diagonals % 2 == 1 && matrices.size() % size == 0,
                "fill_empty_columns: ", matrices.size(), " numbers, not matrices of ", diagonals,
                " diagonals (an odd number) of ", pixels, " pixels");
  for (std::size_t first = 0; first < matrices.size(); first += size) {
    const std::span<float> matrix = matrices.subspan(first, size);
    std::size_t begin = 0;  // of the empty columns since the last that is not
    for (std::size_t j = 0; j <= pixels; ++j) {
      if (j < pixels && detail::is_empty_column(matrix, diagonals, pixels, j)) {
        continue;
      }
      const bool has_left = begin > 0, has_right = j < pixels;
      for (std::size_t empty = begin; empty < j && (has_left || has_right); ++empty) {
        const std::size_t left = has_left ? begin - 1 : j, right = has_right ? j : begin - 1;
        const float x = left == right
                            ? 0.0F
                            : static_cast<float>(empty - left) / static_cast<float>(right - left);
        for (std::size_t row = 0; row < size; row += pixels) {
          matrix[row + empty] = (1.0F - x) * matrix[row + left] + x * matrix[row + right];
        }
      }
      begin = j + 1;
    }
  }
}

}  // namespace rvfit

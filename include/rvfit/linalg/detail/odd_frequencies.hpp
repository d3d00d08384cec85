// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The Fourier transform at odd frequencies, of L real numbers, L even:
///
///   X(k) = sum_j x(j) e^{i w_k j},   w_k = (2 k + 1) pi / L,   k = 0 .. L/2 - 1,
///   x(j) = 2 / L Re sum_k X(k) e^{-i w_k j}
///
/// Each frequency has one of opposite sign, whose number is the conjugate, so that L/2 complex numbers are all, and
/// each is as any other. (The usual transform has two that are real.) A shift that passes the end comes back with
/// the other sign.
///
/// A transform lies in groups of w frequencies: the real parts of a group, then its imaginary parts.

#include <rvfit/core/policy.hpp>
#include <rvfit/core/vector_register.hpp>

#include <cmath>
#include <cstddef>
#include <numbers>
#include <vector>

namespace rvfit::detail {

/// w, frequencies of a group: a vector register of a host; on devices what neighbouring threads read at once.
template <ExecutionPolicy P>
inline constexpr int frequencies_abreast =
    P::on_host ? native_pack_size<typename P::real_type> : 32;

/// cos(w_k j) and sin(w_k j), j = 0 .. L - 1, k as a transform lies.
class OddFrequencies {
 public:
  /// @param[in] length  L, a multiple of 2 w
  OddFrequencies(int length, int abreast) : length_(length), abreast_(abreast) {
    for (int n = 0; n < 2 * length; ++n) {
      table_.push_back(std::cos(std::numbers::pi * n / length));
    }
  }

  /// Row-major (rows, L): x times it is the transform of x(0) .. x(rows - 1).
  [[nodiscard]] std::vector<double> forward(int rows) const {
    std::vector<double> out;
    for (int j = 0; j < rows; ++j) {
      for (int c = 0; c < length_; ++c) {
        out.push_back(wave(j, c));
      }
    }
    return out;
  }

  /// Row-major (L, columns): a transform times it is x(0) .. x(columns - 1).
  [[nodiscard]] std::vector<double> backward(int columns) const {
    std::vector<double> out;
    for (int c = 0; c < length_; ++c) {
      for (int j = 0; j < columns; ++j) {
        out.push_back(2.0 / length_ * wave(j, c));
      }
    }
    return out;
  }

 private:
  /// cos(w_k j), or where c is the place of an imaginary part sin(w_k j) = cos(w_k j - pi / 2).
  [[nodiscard]] double wave(int j, int c) const {
    const int k = c / (2 * abreast_) * abreast_ + c % abreast_;
    const bool imaginary = c / abreast_ % 2 == 1;
    const std::ptrdiff_t turn = 2 * std::ptrdiff_t{length_};
    const std::ptrdiff_t angle = std::ptrdiff_t{2 * k + 1} * j - (imaginary ? length_ / 2 : 0);
    return table_[static_cast<std::size_t>((angle + turn) % turn)];
  }

  int length_, abreast_;
  std::vector<double> table_;  ///< cos(pi n / L), n = 0 .. 2 L - 1
};

}  // namespace rvfit::detail

// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Kernels of broadening stages on the host, and their transforms.

#include "support/oracle.hpp"
#include "support/policies.hpp"
#include <rvfit/stages/linear_stage.hpp>

#include <cmath>
#include <vector>

namespace rvfit::test {

/// Taps 0 .. reach and their derivatives by the width.
struct Kernel {
  std::vector<double> value, slope;
};

template <class Stage>
struct FillOnce {
  double width;
  Vector<double, DoublePolicy> rows;  ///< (4 (reach + 1))
  int stride;
  KOKKOS_FUNCTION void operator()(const DoublePolicy::member_type& member) const {
    Stage::template fill<double>(member, width,
                                 {rows.data(), rows.data() + stride, rows.data() + 2 * stride});
  }
};

/// Kernel of a stage at a width in pixels, stored as double.
template <LinearStage Stage>
[[nodiscard]] Kernel kernel_of(double width) {
  const Exec exec{};
  const int stride = Stage::template reach<double>(width) + 1;
  const auto rows = allocate<Vector<double, DoublePolicy>>(exec, "rows", 4 * stride);
  Kokkos::parallel_for("rvfit::test::kernel_of", DoublePolicy::team_policy(exec, 1, 1),
                       FillOnce<Stage>{width, rows, stride});
  const auto all = download_rows<double>(exec, rows, 2 * static_cast<std::size_t>(stride));
  return {{all.begin(), all.begin() + stride}, {all.begin() + stride, all.end()}};
}

/// h_0 + 2 sum_k h_k cos(k w): a symmetric kernel's transform at w radians a pixel.
[[nodiscard]] inline double transform(const std::vector<double>& taps, double w) {
  double sum = taps[0];
  for (std::size_t k = 1; k < taps.size(); ++k) {
    sum += 2.0 * taps[k] * std::cos(static_cast<double>(k) * w);
  }
  return sum;
}

/// sum_k k^2 h_k over both sides.
[[nodiscard]] inline double second_moment(const std::vector<double>& taps) {
  double sum = 0.0;
  for (std::size_t k = 1; k < taps.size(); ++k) {
    sum += 2.0 * static_cast<double>(k * k) * taps[k];
  }
  return sum;
}

/// Transform of the kernel by which a quintic spline is convolved with a profile of transform g(w): the mean of
/// g over the images of w, weighed by the transform of the B-spline, sinc^6.
template <class G>
[[nodiscard]] double spline_mean(const G& g, double w) {
  double sum = 0.0, norm = 0.0;
  for (int image = -200; image <= 200; ++image) {  // (w / 2 pi image)^6 of what is left out: 1e-14
    const double v = w + 2.0 * oracle::pi * image;
    const double sinc = v == 0.0 ? 1.0 : std::sin(0.5 * v) / (0.5 * v);
    const double weight = std::pow(sinc, 6);
    sum += weight * g(v);
    norm += weight;
  }
  return sum / norm;
}

}  // namespace rvfit::test

// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Floating-point operations of the stages, counted by the formulas they compute (a multiply-add is
/// two), and bytes that have to be moved: what goes in once and what comes out once. A stage that
/// computes more than this, or moves data twice, is not credited for it.

#include <rvfit/emulator/emulator_data.hpp>
#include <rvfit/stages/rotation.hpp>
#include <rvfit/stages/spline.hpp>

#include <cmath>

namespace rvfit::bench {

struct Count {
  double flops = 0.0;  ///< in the precision of storage
  double bytes = 0.0;
  double double_flops = 0.0;  ///< in double, whatever the storage

  Count& operator+=(const Count& other) {
    flops += other.flops;
    bytes += other.bytes;
    double_flops += other.double_flops;
    return *this;
  }
  [[nodiscard]] Count operator*(double times) const {
    return {times * flops, times * bytes, times * double_flops};
  }
};

/// A network on `rows` rows, products alone: 2 rows sum of inputs x outputs. Weights in, templates out.
template <class Real>
[[nodiscard]] Count count_network(const ArmData& arm, double rows) {
  Count count;
  for (const LayerData& layer : arm.layers) {
    const double weights = static_cast<double>(layer.inputs) * layer.outputs;
    count += {2.0 * rows * weights, weights * sizeof(Real)};
  }
  count.bytes += rows * arm.layers.back().outputs * sizeof(Real);
  return count;
}

/// Rotation and spline coefficients of one spectrum, for each lane that comes out a symmetric filter of
/// reach K on M pixels: M (1 + 3 K), K = reach of the rotation + that of the spline.
template <class Real>
[[nodiscard]] Count count_broaden(double vsini, double step, int lanes_in, int lanes_out,
                                  int pixels) {
  const int reach = rotation_reach(vsini / (speed_of_light * step)) + spline_reach<Real>;
  return {lanes_out * (pixels * (1.0 + 3.0 * reach)),
          static_cast<double>(lanes_in + lanes_out) * pixels * sizeof(Real)};
}

/// Spline and Doppler shift of one spectrum of N pixels: the position (3) and its four weights (15),
/// their slopes for the tangent of rv (12), and 7 for each lane.
template <class Real>
[[nodiscard]] Count count_observe(int lanes, int lanes_in, int grid, int pixels) {
  const double weights = lanes > 1 ? 30.0 : 18.0;
  return {
      pixels * (weights + 7.0 * lanes),
      (static_cast<double>(lanes_in) * grid + static_cast<double>(lanes) * pixels) * sizeof(Real)};
}

/// Projection, in double, of one spectrum of N pixels with K columns and P tangents. For each pixel w T and S
/// (K + 1), w D (1), S S^T (K (K + 1)), S d (2 K), c^T P (2 K), r and |r|^2 (5); with tangents y
/// (K^2), |y|^2 with the ridge (5 K), w T y (K), the gradient's weight (7), B (P), B B^T (P (P + 1)),
/// B (w T y)^T (2 P K) and the gradient (2 P).
template <class Real>
[[nodiscard]] Count count_projection(int columns, int tangents, int pixels) {
  const double k = columns, p = tangents;
  double flops = (k + 1) + 1 + k * (k + 1) + 2 * k + 2 * k + 5;
  if (tangents > 0) {
    flops += k * k + 5 * k + k + 7 + p + p * (p + 1) + 2 * p * k + 2 * p;
  }
  return {0.0, (3.0 + p) * pixels * sizeof(Real), flops * pixels};
}

/// A step of P parameters, in double: the damped matrix factored and solved once.
[[nodiscard]] inline Count count_step(int parameters) {
  const double p = parameters;
  return {0.0, (p * p + 8.0 * p) * sizeof(double), p * p * p / 3.0 + 2.0 * p * p};
}

/// The two correlations of one arm of a scan of M templates and S shifts (linalg/correlation.hpp), up to their sums over
/// blocks of U bins: a product with (U, L) for each block, and with each template L/2 products of complex numbers.
template <class Real>
[[nodiscard]] Count count_scan(double spectra, double bins, double block, double length,
                               double templates) {
  const double blocks = std::ceil(bins / block);
  return {2.0 * spectra * blocks * length * (2.0 * block + 4.0 * templates),
          2.0 * (spectra * bins + (spectra + templates) * blocks * length) * sizeof(Real)};
}

/// The way back of both: products with (L, S).
template <class Real>
[[nodiscard]] Count count_shifts(double spectra, double length, double templates, double shifts) {
  return {4.0 * spectra * templates * length * shifts,
          2.0 * spectra * templates * (length + shifts) * sizeof(Real)};
}

}  // namespace rvfit::bench

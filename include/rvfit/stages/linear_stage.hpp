// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A stage: one physical effect that broadens every line of a template by the same profile in velocity. On a grid
/// uniform in ln(wavelength) it is a symmetric kernel,
///
///   out_i = sum_k h_|k| in_{i-k},    tangent by its width: sum_k dh_|k|/dwidth in_{i-k},
///
/// linear in the template, so that the same kernel serves the value and all tangents by other parameters. A stage
/// is a type without state that meets `LinearStage`; broadening_stages.hpp lists those of the library, and one pass
/// applies those that are on (broadening.hpp).

#include <rvfit/data/parameters.hpp>

#include <Kokkos_Core.hpp>

#include <concepts>
#include <optional>

namespace rvfit {

/// Kernels that rotation can have.
enum class RotationKernel {
  off,               ///< no rotation, and no parameter vsini
  piecewise_linear,  ///< rvspecfit's, of a spectrum that is linear between its pixels (rotation.hpp)
  exact,             ///< of a spectrum that is a smooth spline (exact_rotation.hpp)
};

/// Which stages broaden the templates.
struct BroadeningOptions {
  RotationKernel rotation = RotationKernel::piecewise_linear;
  double max_vsini = 500.0;  ///< upper bound of vsini; the lower is 0  [km/s]
  double max_vgauss =
      0.0;  ///< upper bound of vgauss, the Gaussian's sigma; 0: no such stage  [km/s]
};

/// A tap of a symmetric kernel and its derivative by the width of the kernel.
struct KernelTap {
  double value;
  double slope;  ///< d value / d width  [1 / pixel]
};

/// A symmetric kernel in team scratch.
struct KernelTaps {
  double* value;  ///< (reach + 1)  taps 0 .. reach
  double* slope;  ///< (reach + 1)  their derivatives by the width
  double* work;   ///< (2 reach + 2)  free for the stage
};

namespace detail {

/// sum_j a_|j| b_|k-j| of two symmetric kernels, with j over the taps of a.
KOKKOS_INLINE_FUNCTION double convolved(int k, const double* a, int reach_a, const double* b,
                                        int reach_b) {
  double sum = 0.0;
  for (int j = -reach_a; j <= reach_a; ++j) {
    const int distance = Kokkos::abs(k - j);
    sum += distance <= reach_b ? a[Kokkos::abs(j)] * b[distance] : 0.0;
  }
  return sum;
}

/// A team of one thread, to state what a stage's kernel is called with.
using AnyTeam = Kokkos::TeamPolicy<Kokkos::DefaultHostExecutionSpace>::member_type;

}  // namespace detail

/// A stage of the library or of a user's own. Widths are in pixels of the template grid: the parameter over
/// c times the grid's step in ln(wavelength).
template <class Stage>
concept LinearStage = requires(const BroadeningOptions& options, double width, int n,
                               const detail::AnyTeam& member, const KernelTaps& taps) {
  /// Its parameter, a width in km/s with bounds; none where the stage is off. On the host.
  { Stage::parameter(options) } -> std::same_as<std::optional<Parameter>>;
  /// Value of the parameter at point n of the scan's templates  [km/s].
  { Stage::start(n) } -> std::same_as<double>;
  /// Distance from which light comes  [pixels]: templates must reach so far beyond the data.
  { Stage::support(width) } -> std::same_as<double>;
  /// Furthest tap, for storage of templates as float or double.
  { Stage::template reach<float>(width) } -> std::same_as<int>;
  { Stage::template reach<double>(width) } -> std::same_as<int>;
  /// Fills taps 0 .. reach<Real>(width) by the whole team; ends with a barrier of the team.
  Stage::template fill<float>(member, width, taps);
};

}  // namespace rvfit

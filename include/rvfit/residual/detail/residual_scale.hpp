// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The scale of weighted residuals, s = 1.4826 median |w_i (f_i - y_i)| over the points used: the standard deviation of
/// Gaussian errors, whatever up to half of the points is (Hampel, J. Am. Stat. Assoc. 69, 383, 1974).

#include <rvfit/core/order_statistic.hpp>
#include <rvfit/residual/detail/residual_problem.hpp>

#include <Kokkos_Core.hpp>

#include <cstdint>

namespace rvfit::detail {

/// Standard deviation of a Gaussian law over the median of its sizes, 1 / Phi^-1(3/4).
inline constexpr double deviation_per_median = 1.482602218505602;

/// |w (f - y)| of all points of the fits that run; negative where a point is left out.
template <ExecutionPolicy P, class Model>
struct SizesOfResiduals {
  using Accum = typename P::accum_type;
  using Real = typename P::real_type;
  Model model;
  ResidualData<P> data;  ///< its scale is left out
  Matrix<const Accum, P> theta;
  Vector<const FitStatus, P> status;
  Matrix<Accum, P> out;

  KOKKOS_FUNCTION void operator()(int b) const {
    if (status(b) != FitStatus::running) {
      return;
    }
    Real at[Model::parameters];
    for (int p = 0; p < Model::parameters; ++p) {
      at[p] = static_cast<Real>(theta(b, p));
    }
    for (int i = 0; i < data.points; ++i) {
      const Accum weight = point_weight(data, b, i);
      const Real y = row_or(data.y, b, i, Real(0));
      out(b, i) = weight == Accum(0)
                      ? Accum(-1)
                      : Kokkos::fabs(weight * static_cast<Accum>(
                                                  model_value(model, at, std::int64_t{b}, i) - y));
    }
  }
};

/// Median of the elements of a row that are not negative: the lower one of an even number. NaN without one, and where a
/// number is NaN.
template <class Row>
[[nodiscard]] KOKKOS_FUNCTION double lower_median(const Row& row, int size) {
  int used = 0;
  for (int i = 0; i < size; ++i) {
    const double value = row(i);
    if (!(value == value)) {
      return Kokkos::Experimental::quiet_NaN_v<double>;
    }
    used += value >= 0.0 ? 1 : 0;
  }
  if (used == 0) {
    return Kokkos::Experimental::quiet_NaN_v<double>;
  }
  return order_statistic<double>((used - 1) / 2, [&](double limit) {
    int below = 0;
    for (int i = 0; i < size; ++i) {
      below += row(i) >= 0.0 && row(i) <= limit ? 1 : 0;
    }
    return below;
  });
}

/// Set the scale of the fits that run, and end those whose scale has settled.
template <ExecutionPolicy P>
struct SettleScale {
  using Accum = typename P::accum_type;
  Matrix<const Accum, P> sizes;
  Vector<Accum, P> scale;
  Vector<const FitStatus, P> outcome;
  Vector<FitStatus, P> status;
  Vector<int, P> passes;
  double tolerance;
  bool last;

  KOKKOS_FUNCTION void operator()(int b) const {
    if (status(b) != FitStatus::running) {
      return;
    }
    const auto row = [&](int i) { return static_cast<double>(sizes(b, i)); };
    const auto found = static_cast<Accum>(deviation_per_median *
                                          lower_median(row, static_cast<int>(sizes.extent(1))));
    // Without a solution, or where half of the points are met exactly, there is no other scale.
    const bool usable = is_solution(outcome(b)) && found > Accum(0) && Kokkos::isfinite(found);
    const bool settled =
        usable && Kokkos::fabs(found - scale(b)) <= static_cast<Accum>(tolerance) * scale(b);
    ++passes(b);
    if (usable && !settled && !last) {
      scale(b) = found;
    } else {
      status(b) = settled ? FitStatus::converged : FitStatus::stalled;
    }
  }
};

}  // namespace rvfit::detail

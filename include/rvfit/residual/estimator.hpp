// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A fit minimises F = sum_i rho(f_i; y_i, w_i) over its points. An estimator gives the term of one point with
/// its first derivative in the model's value f, and a positive stand-in for the second. Gradient and
/// Hessian are made of them: g = sum rho' J, H = sum rho'' J J^T.

#include <rvfit/core/pack_math.hpp>
#include <rvfit/core/require.hpp>

#include <Kokkos_Core.hpp>

#include <cmath>

namespace rvfit {

/// rho and its derivatives with respect to the value of the model.
template <class T>
struct EstimatorTerm {
  T value;
  T slope;
  T curvature;
};

/// True where F is -2 ln L of the data, whatever their weights: it has no unit that could be chosen.
template <class Estimator>
inline constexpr bool is_likelihood = requires {
  requires Estimator::likelihood;
};

/// True where rho(k f, k y, h w) = (k h)^2 rho(f, y, w).
template <class Estimator>
inline constexpr bool is_homogeneous = requires {
  requires Estimator::homogeneous;
};

/// Chi-square: rho = r^2, r = w (f - y), w = 1 / sigma.
struct LeastSquares {
  static constexpr bool homogeneous = true;
  template <class T>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION EstimatorTerm<T> operator()(const T& f, const T& y,
                                                                   const T& w) const {
    const T r = w * (f - y);
    return {r * r, 2 * (w * r), 2 * (w * w)};
  }
};

/// Huber: rho = r^2 up to |r| = threshold, 2 threshold |r| - threshold^2 beyond. Curvature as in iteratively
/// reweighted least squares, rho' / r (Huber, Robust Statistics, 1981, ch. 7).
struct Huber {
  double threshold = 1.345;  ///< in sigma; this one is 95 % efficient on Gaussian errors

  /// @throws InvalidArgument  a threshold that is not positive and finite
  void require_valid() const {
    RVFIT_REQUIRE(threshold > 0.0 && std::isfinite(threshold), "Huber: threshold is ", threshold,
                  ", must be positive");
  }
  template <class T>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION EstimatorTerm<T> operator()(const T& f, const T& y,
                                                                   const T& w) const {
    using Number = PackValue<T>;
    const auto k = static_cast<Number>(threshold);
    const T r = w * (f - y);
    const T size = abs_of(r);
    const auto far = size > T(k);
    const T reweight = select(far, T(k) / select(far, size, T(1)), T(1));
    return {select(far, 2 * k * size - k * k, r * r), 2 * (w * r * reweight),
            2 * (w * w * reweight)};
  }
};

/// Cauchy: rho = c^2 ln(1 + r^2 / c^2), c = threshold.
struct Cauchy {
  double threshold = 2.385;  ///< in sigma; this one is 95 % efficient on Gaussian errors

  /// @throws InvalidArgument  a threshold that is not positive and finite
  void require_valid() const {
    RVFIT_REQUIRE(threshold > 0.0 && std::isfinite(threshold), "Cauchy: threshold is ", threshold,
                  ", must be positive");
  }
  template <class T>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION EstimatorTerm<T> operator()(const T& f, const T& y,
                                                                   const T& w) const {
    using Kokkos::log;
    using Number = PackValue<T>;
    const auto square = static_cast<Number>(threshold * threshold);
    const T r = w * (f - y);
    const T growth = T(1) + r * r / square;
    return {square * log(growth), 2 * (w * r / growth), 2 * (w * w / growth)};
  }
};

/// Counts y of a Poisson law with expectation f: the deviance rho = 2 (f - y + y ln(y / f)), which is
/// -2 ln L up to a constant; the curvature is Fisher's, 2 / f. A model that is negative, or 0 where there
/// are counts, is NaN: the step is rejected. Where both are 0 the term is its limit from above, of value 0, slope
/// 2 and no curvature. w is 1, or 0 for a point left out. Fits with other weights, or with negative
/// counts, are `invalid`.
struct Poisson {
  static constexpr bool likelihood = true;

  template <class T>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION bool accepts(T y, T w) const {
    return w == T(0) || (w == T(1) && !(y < T(0)));
  }
  template <class T>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION EstimatorTerm<T> operator()(const T& f, const T& y,
                                                                   const T& w) const {
    using Kokkos::log;
    const auto counted = y > T(0);
    const T safe_y = select(counted, y, T(1));
    const T log_ratio = select(counted, log(safe_y / f), T(0));
    const T nan = T(Kokkos::Experimental::quiet_NaN_v<PackValue<T>>);
    const auto positive = f > T(0);
    const auto allowed = positive || (f == T(0) && y == T(0));
    const T value = select(allowed, 2 * (f - y + y * log_ratio), nan);
    const auto used = w > T(0);
    const T safe_f = select(positive, f, T(1));
    return {select(used, value, T(0)),
            select(used, 2 * (T(1) - select(counted, y, T(0)) / safe_f), T(0)),
            select(used && positive, T(2) / safe_f, T(0))};
  }
};

}  // namespace rvfit

// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Paths on which F is followed from a minimum, one coordinate v each: a parameter to one side (`IntervalPaths`), or a ray in the plane
/// of two (`ContourPaths`). The parameters of the path are held at v while the others are fitted.

#include <rvfit/residual/detail/fit_rounds.hpp>
#include <rvfit/solver/device_parameters.hpp>

#include <Kokkos_Core.hpp>

#include <cstdint>

namespace rvfit {

/// Reasons for which the following of a profile ends.
enum class ProfileStatus : std::int32_t {
  found = 1,        ///< F_p is delta above the minimum
  on_bound = 2,     ///< the parameter met its bound before; `end` is the bound
  not_reached = 3,  ///< F_p stays below delta however far, or the rounds were used up; `end` is NaN
  no_minimum = 4,   ///< the fit is no solution, or the parameter has no error; `end` is NaN
  lower_minimum = 5,  ///< F_p falls below the minimum: the fit ends at another one; `end` is where
  no_fit = 6,         ///< the others could not be fitted; `end` is NaN
};

namespace detail {

/// The options of a following, as its kernels use them.
struct ProfileRule {
  double delta, tolerance;
  bool knows_errors;       ///< the unit of delta is 1; else F / freedom
  bool scaled_covariance;  ///< covariances are in that unit
};

/// A profile between two rounds: F_p crosses between `inside` and `outside`.
template <class Accum>
struct ProfileEnd {
  Accum at;                  ///< v of this round
  Accum inside, z_inside;    ///< z < 1
  Accum outside, z_outside;  ///< z >= 1; v is infinite before the first
  ProfileStatus status;
  int repeats;  ///< in a row that the point lay inside; below 0: outside
};

/// Arrays of all paths e.
template <ExecutionPolicy P>
struct ProfileArrays {
  using Accum = typename P::accum_type;
  Matrix<Accum, P> theta;
  Matrix<int, P> held;
  Vector<const Accum, P> value;
  Vector<const FitStatus, P> outcome;
  Vector<FitStatus, P> running;
  Vector<ProfileEnd<Accum>, P> ends;
  ResidualFits<P> fits;
  ParametersOfFits<P> own;
  DeviceParameters<P> parameters;
  ProfileRule rule;

  [[nodiscard]] KOKKOS_FUNCTION Accum unit(int b) const {
    const auto freedom = static_cast<Accum>(Kokkos::max(fits.freedom(b), 1));
    return rule.knows_errors ? Accum(1) : fits.value(b) / freedom;
  }
  /// delta in units of covariances.
  [[nodiscard]] KOKKOS_FUNCTION Accum share_of_covariance(int b) const {
    const Accum factor = rule.scaled_covariance || rule.knows_errors ? Accum(1) : unit(b);
    return factor * static_cast<Accum>(rule.delta);
  }
  [[nodiscard]] KOKKOS_FUNCTION Accum bound_of(int b, int p, bool upper) const {
    const auto of_fit = upper ? own.upper : own.lower;
    const auto of_all = static_cast<Accum>(upper ? parameters.upper(p) : parameters.lower(p));
    return of_fit.extent(0) == 0 ? of_all : of_fit(b, p);
  }
};

/// Path e = (b Q + q) 2 + side is that of chosen parameter q of fit b, v the parameter.
template <ExecutionPolicy P>
struct IntervalPaths : ProfileArrays<P> {
  using Accum = typename P::accum_type;
  Vector<const int, P> chosen;

  [[nodiscard]] KOKKOS_FUNCTION int fit_of(int e) const {
    return e / (2 * static_cast<int>(chosen.extent(0)));
  }
  [[nodiscard]] KOKKOS_FUNCTION int parameter_of(int e) const {
    return chosen(e / 2 % static_cast<int>(chosen.extent(0)));
  }
  [[nodiscard]] KOKKOS_FUNCTION bool holds(int e, int q) const { return q == parameter_of(e); }
  [[nodiscard]] KOKKOS_FUNCTION Accum minimum(int e) const {
    return this->fits.theta(fit_of(e), parameter_of(e));
  }
  /// Standard deviation times sqrt(delta), below 0 for the lower side.
  [[nodiscard]] KOKKOS_FUNCTION Accum reach(int e) const {
    const int b = fit_of(e), p = parameter_of(e);
    const Accum sigma = Kokkos::sqrt(this->fits.covariance(b, p, p) * this->share_of_covariance(b));
    return e % 2 == 0 ? -sigma : sigma;
  }
  [[nodiscard]] KOKKOS_FUNCTION Accum bound(int e) const {
    return this->bound_of(fit_of(e), parameter_of(e), e % 2 != 0);
  }
  /// v within the bound.
  [[nodiscard]] KOKKOS_FUNCTION Accum clipped(int e, Accum v) const {
    return e % 2 == 0 ? Kokkos::fmax(v, bound(e)) : Kokkos::fmin(v, bound(e));
  }
  /// Change of parameter q with v, by the covariance.
  [[nodiscard]] KOKKOS_FUNCTION Accum slope(int e, int q) const {
    const int b = fit_of(e), p = parameter_of(e);
    return this->fits.covariance(b, q, p) / this->fits.covariance(b, p, p);
  }
  KOKKOS_FUNCTION void place(int e, Accum v) const { this->theta(e, parameter_of(e)) = v; }
};

/// Path e = b K + k is ray k of fit b in the plane of parameters p and q; v = 1 on the ellipse
///
///   (theta_p, theta_q) = minimum + L (cos a, sin a) sqrt(delta),    a = 2 pi k / K,
///
/// with L the Cholesky factor of their covariance.
template <ExecutionPolicy P>
struct ContourPaths : ProfileArrays<P> {
  using Accum = typename P::accum_type;
  int p, q, directions;

  [[nodiscard]] KOKKOS_FUNCTION int fit_of(int e) const { return e / directions; }
  [[nodiscard]] KOKKOS_FUNCTION bool holds(int, int r) const { return r == p || r == q; }
  [[nodiscard]] KOKKOS_FUNCTION Accum minimum(int) const { return 0; }
  /// 1; NaN where the parameters have no errors.
  [[nodiscard]] KOKKOS_FUNCTION Accum reach(int e) const {
    const Accum sum = along(e, p) + along(e, q);
    return Kokkos::isfinite(sum) ? Accum(1) : sum - sum;
  }
  [[nodiscard]] KOKKOS_FUNCTION Accum bound(int e) const {
    return Kokkos::fmin(bound_along(e, p), bound_along(e, q));
  }
  [[nodiscard]] KOKKOS_FUNCTION Accum clipped(int e, Accum v) const {
    return Kokkos::fmin(v, bound(e));
  }
  /// C_r,pq L^-T (cos a, sin a) sqrt(delta).
  [[nodiscard]] KOKKOS_FUNCTION Accum slope(int e, int r) const {
    const int b = fit_of(e);
    const auto& c = this->fits.covariance;
    const Accum l = Kokkos::sqrt(c(b, p, p)), m = c(b, q, p) / l;
    const Accum rest = Kokkos::sqrt(c(b, q, q) - m * m);
    const Accum y = sine(e) / rest, x = (cosine(e) - m * y) / l;
    return (c(b, r, p) * x + c(b, r, q) * y) * Kokkos::sqrt(this->share_of_covariance(b));
  }
  KOKKOS_FUNCTION void place(int e, Accum v) const {
    place_one(e, p, v);
    place_one(e, q, v);
  }

 private:
  [[nodiscard]] KOKKOS_FUNCTION Accum angle(int e) const {
    return 2 * Kokkos::numbers::pi_v<Accum> * static_cast<Accum>(e % directions) /
           static_cast<Accum>(directions);
  }
  [[nodiscard]] KOKKOS_FUNCTION Accum cosine(int e) const { return Kokkos::cos(angle(e)); }
  [[nodiscard]] KOKKOS_FUNCTION Accum sine(int e) const { return Kokkos::sin(angle(e)); }
  /// Change of p or q with v.
  [[nodiscard]] KOKKOS_FUNCTION Accum along(int e, int r) const {
    const int b = fit_of(e);
    const auto& c = this->fits.covariance;
    const Accum l = Kokkos::sqrt(c(b, p, p)), m = c(b, q, p) / l;
    const Accum rest = Kokkos::sqrt(c(b, q, q) - m * m);
    const Accum unit = Kokkos::sqrt(this->share_of_covariance(b));
    return (r == p ? l * cosine(e) : m * cosine(e) + rest * sine(e)) * unit;
  }
  /// v where r meets its bound.
  [[nodiscard]] KOKKOS_FUNCTION Accum bound_along(int e, int r) const {
    const Accum step = along(e, r);
    const Accum bound = this->bound_of(fit_of(e), r, step > Accum(0));
    return step == Accum(0) ? Kokkos::Experimental::infinity_v<Accum>
                            : (bound - this->fits.theta(fit_of(e), r)) / step;
  }
  KOKKOS_FUNCTION void place_one(int e, int r, Accum v) const {
    const int b = fit_of(e);
    const Accum wanted = this->fits.theta(b, r) + v * along(e, r);
    const Accum lower = this->bound_of(b, r, false), upper = this->bound_of(b, r, true);
    this->theta(e, r) = Kokkos::fmin(Kokkos::fmax(wanted, lower), upper);
  }
};

}  // namespace detail

}  // namespace rvfit

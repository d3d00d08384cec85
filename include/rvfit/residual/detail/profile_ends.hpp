// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The kernels between the rounds of `profile_intervals`. End e = (b Q + q) 2 + side is that of chosen parameter q of fit b.

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

template <ExecutionPolicy P>
struct ProfileIntervals;

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

/// Distances grow by at most this factor while no point lies outside.
inline constexpr int most_profile_growth = 3;
inline constexpr double farthest_profile = 1e4;  ///< in standard deviations

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
  Vector<const int, P> chosen;
  ProfileRule rule;

  [[nodiscard]] KOKKOS_FUNCTION int fit_of(int e) const {
    return e / (2 * static_cast<int>(chosen.extent(0)));
  }
  [[nodiscard]] KOKKOS_FUNCTION int parameter_of(int e) const {
    return chosen(e / 2 % static_cast<int>(chosen.extent(0)));
  }
  [[nodiscard]] KOKKOS_FUNCTION Accum unit(int b) const {
    const auto freedom = static_cast<Accum>(Kokkos::max(fits.freedom(b), 1));
    return rule.knows_errors ? Accum(1) : fits.value(b) / freedom;
  }
  /// Standard deviation times sqrt(delta), below 0 for the lower side.
  [[nodiscard]] KOKKOS_FUNCTION Accum reach(int e) const {
    const int b = fit_of(e), p = parameter_of(e);
    const Accum factor = rule.scaled_covariance || rule.knows_errors ? Accum(1) : unit(b);
    const Accum sigma =
        Kokkos::sqrt(fits.covariance(b, p, p) * factor * static_cast<Accum>(rule.delta));
    return e % 2 == 0 ? -sigma : sigma;
  }
  [[nodiscard]] KOKKOS_FUNCTION Accum bound(int e) const {
    const int b = fit_of(e), p = parameter_of(e);
    const auto of_fit = e % 2 == 0 ? own.lower : own.upper;
    const auto of_all = static_cast<Accum>(e % 2 == 0 ? parameters.lower(p) : parameters.upper(p));
    return of_fit.extent(0) == 0 ? of_all : of_fit(b, p);
  }
  /// v within the bound.
  [[nodiscard]] KOKKOS_FUNCTION Accum clipped(int e, Accum v) const {
    return e % 2 == 0 ? Kokkos::fmax(v, bound(e)) : Kokkos::fmin(v, bound(e));
  }
};

/// The first point of each profile: the end of a parabola.
template <ExecutionPolicy P>
struct BeginProfiles : ProfileArrays<P> {
  using Accum = typename P::accum_type;

  KOKKOS_FUNCTION void operator()(int e) const {
    const int b = this->fit_of(e), p = this->parameter_of(e);
    const auto& fits = this->fits;
    const Accum infinity = Kokkos::Experimental::infinity_v<Accum>;
    const Accum reach = this->reach(e);
    ProfileEnd<Accum> end{this->clipped(e, fits.theta(b, p) + reach),
                          fits.theta(b, p),
                          0,
                          infinity,
                          infinity,
                          ProfileStatus::not_reached,
                          0};
    const bool possible = is_solution(fits.status(b)) && Kokkos::isfinite(reach) &&
                          Kokkos::isfinite(fits.value(b)) && reach != Accum(0);
    end.status = possible ? ProfileStatus::not_reached : ProfileStatus::no_minimum;
    const Accum step = end.at - fits.theta(b, p);
    for (int q = 0; q < static_cast<int>(this->theta.extent(1)); ++q) {
      const Accum slope = fits.covariance(b, q, p) / fits.covariance(b, p, p);
      this->theta(e, q) = fits.theta(b, q) + (Kokkos::isfinite(slope) ? slope * step : Accum(0));
      this->held(e, q) = q == p ? 1 : 0;
    }
    this->theta(e, p) = end.at;
    this->running(e) = possible ? FitStatus::running : FitStatus::superseded;
    this->ends(e) = end;
  }
};

/// Take in the profile at the points of a round, and set the next.
template <ExecutionPolicy P>
struct FollowProfiles : ProfileArrays<P> {
  using Accum = typename P::accum_type;
  bool last;

  KOKKOS_FUNCTION void operator()(int e) const {
    if (this->running(e) != FitStatus::running) {
      return;
    }
    const int b = this->fit_of(e), p = this->parameter_of(e);
    ProfileEnd<Accum> end = this->ends(e);
    const Accum minimum = this->fits.theta(b, p);
    const Accum unit = this->unit(b) * static_cast<Accum>(this->rule.delta);
    const Accum excess = (this->value(e) - this->fits.value(b)) / unit;
    const Accum z = Kokkos::sqrt(Kokkos::fmax(excess, Accum(0)));
    const auto tolerance = static_cast<Accum>(this->rule.tolerance);
    bool done = true;
    if (!is_solution(this->outcome(e)) || !Kokkos::isfinite(excess)) {
      // The model ends here; nearer it may not.
      end.outside = end.at;
      end.z_outside = Kokkos::Experimental::infinity_v<Accum>;
      end.status = ProfileStatus::no_fit;
      done = false;
    } else if (excess < -tolerance) {
      end.status = ProfileStatus::lower_minimum;
    } else if (Kokkos::fabs(z - Accum(1)) <= tolerance) {
      end.status = ProfileStatus::found;
    } else if (z < Accum(1) && end.at == this->bound(e)) {
      end.status = ProfileStatus::on_bound;
    } else {
      done = false;
      end.status = ProfileStatus::not_reached;
      const bool inside = z < Accum(1);
      (inside ? end.inside : end.outside) = end.at;
      (inside ? end.z_inside : end.z_outside) = z;
      // A side that stays lets the secant creep (Illinois, Dowell and Jarratt 1971).
      end.repeats = inside ? Kokkos::max(end.repeats, 0) + 1 : Kokkos::min(end.repeats, 0) - 1;
    }
    // The end is between both where F jumps, or is too coarse to meet delta.
    const bool narrow =
        !done && Kokkos::isfinite(end.z_outside) &&
        Kokkos::fabs(end.outside - end.inside) <= tolerance * Kokkos::fabs(end.outside - minimum);
    if (narrow) {
      end.status = ProfileStatus::found;
      done = true;
    }
    const Accum next = done ? end.at : this->clipped(e, next_point(end, minimum, z));
    const Accum far = Kokkos::fabs((next - minimum) / this->reach(e));
    if (done || last || next == end.at || !(far < static_cast<Accum>(farthest_profile))) {
      this->running(e) = FitStatus::converged;
    } else {
      // The others follow in proportion.
      const Accum share = (next - minimum) / (end.at - minimum);
      for (int q = 0; q < static_cast<int>(this->theta.extent(1)); ++q) {
        const Accum middle = this->fits.theta(b, q);
        this->theta(e, q) = middle + share * (this->theta(e, q) - middle);
      }
    }
    if (this->running(e) == FitStatus::running) {
      end.at = next;
      this->theta(e, p) = next;
    }
    this->ends(e) = end;
  }

 private:
  /// The next v: beyond all points inside where none is outside, else between both.
  [[nodiscard]] KOKKOS_FUNCTION static Accum next_point(const ProfileEnd<Accum>& end, Accum minimum,
                                                        Accum z) {
    const Accum inside = end.inside - minimum;
    if (!Kokkos::isfinite(end.outside)) {
      const Accum growth = z > Accum(0) ? Kokkos::fmin(Accum(1.05) / z, Accum(most_profile_growth))
                                        : Accum(most_profile_growth);
      return minimum + growth * inside;
    }
    const Accum outside = end.outside - minimum;
    if (!Kokkos::isfinite(end.z_outside)) {
      return minimum + Accum(0.5) * (inside + outside);
    }
    const Accum low = Accum(1) - end.z_inside, high = end.z_outside - Accum(1);
    const Accum down = end.repeats < -1 ? Kokkos::exp2(Accum(1 + end.repeats)) : Accum(1);
    const Accum up = end.repeats > 1 ? Kokkos::exp2(Accum(1 - end.repeats)) : Accum(1);
    const Accum share = low * down / (low * down + high * up);
    return minimum + inside + share * (outside - inside);
  }
};

/// Results of each end.
template <ExecutionPolicy P>
struct WriteProfiles : ProfileArrays<P> {
  using Accum = typename P::accum_type;
  Cube<Accum, P> end;
  Cube<ProfileStatus, P> status;
  Cube<Accum, P> excess;

  KOKKOS_FUNCTION void operator()(int e) const {
    const int b = this->fit_of(e);
    const int q = e / 2 % static_cast<int>(this->chosen.extent(0));
    const ProfileEnd<Accum>& last = this->ends(e);
    const bool has_end = last.status == ProfileStatus::found ||
                         last.status == ProfileStatus::on_bound ||
                         last.status == ProfileStatus::lower_minimum;
    constexpr Accum nan = Kokkos::Experimental::quiet_NaN_v<Accum>;
    end(b, q, e % 2) = has_end ? last.at : nan;
    status(b, q, e % 2) = last.status;
    excess(b, q, e % 2) = has_end ? (this->value(e) - this->fits.value(b)) /
                                        (this->unit(b) * static_cast<Accum>(this->rule.delta))
                                  : nan;
  }
};

/// The ends of all intervals between the rounds.
template <ExecutionPolicy P>
class ProfileEnds {
 public:
  using Exec = typename P::execution_space;
  using Accum = typename P::accum_type;

  ProfileEnds(const Exec& exec, const FitRounds<P>& rounds, const ResidualFits<P>& fits,
              const ParametersOfFits<P>& own, const DeviceParameters<P>& parameters,
              const Vector<const int, P>& chosen, const ProfileRule& rule)
      : size_(static_cast<int>(rounds.value.extent(0))),
        arrays_{rounds.theta,
                rounds.held,
                rounds.value,
                rounds.outcome,
                rounds.status,
                allocate<Vector<ProfileEnd<Accum>, P>>(exec, "rvfit::ProfileEnds::ends", size_),
                fits,
                own,
                parameters,
                chosen,
                rule} {}

  void begin(const Exec& exec) const {
    Kokkos::parallel_for("rvfit::ProfileEnds::begin", typename P::range_policy(exec, 0, size_),
                         BeginProfiles<P>{arrays_});
  }
  void after_round(const Exec& exec, bool last) const {
    Kokkos::parallel_for("rvfit::ProfileEnds::after_round",
                         typename P::range_policy(exec, 0, size_),
                         FollowProfiles<P>{arrays_, last});
  }
  void write(const Exec& exec, const ProfileIntervals<P>& out) const {
    Kokkos::parallel_for("rvfit::ProfileEnds::write", typename P::range_policy(exec, 0, size_),
                         WriteProfiles<P>{arrays_, out.end, out.status, out.excess});
  }

 private:
  int size_;
  ProfileArrays<P> arrays_;
};

}  // namespace detail

}  // namespace rvfit

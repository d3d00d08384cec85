// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The kernels between the rounds of `profile_intervals` and `profile_contours`.

#include <rvfit/residual/detail/fit_rounds.hpp>
#include <rvfit/residual/detail/profile_paths.hpp>

#include <Kokkos_Core.hpp>

namespace rvfit {

template <ExecutionPolicy P>
struct ProfileIntervals;
template <ExecutionPolicy P>
struct ProfileContours;

namespace detail {

/// Distances grow by at most this factor while no point lies outside.
inline constexpr int most_profile_growth = 3;
inline constexpr double farthest_profile = 1e4;  ///< in standard deviations

/// The first point of each profile: the end of a parabola.
template <class Paths>
struct BeginProfiles : Paths {
  using Accum = typename Paths::Accum;

  KOKKOS_FUNCTION void operator()(int e) const {
    const int b = this->fit_of(e);
    const auto& fits = this->fits;
    const Accum infinity = Kokkos::Experimental::infinity_v<Accum>;
    const Accum reach = this->reach(e);
    ProfileEnd<Accum> end{this->clipped(e, this->minimum(e) + reach),
                          this->minimum(e),
                          0,
                          infinity,
                          infinity,
                          ProfileStatus::not_reached,
                          0};
    const bool possible = is_solution(fits.status(b)) && Kokkos::isfinite(reach) &&
                          Kokkos::isfinite(fits.value(b)) && reach != Accum(0);
    end.status = possible ? ProfileStatus::not_reached : ProfileStatus::no_minimum;
    const Accum step = end.at - this->minimum(e);
    for (int q = 0; q < static_cast<int>(this->theta.extent(1)); ++q) {
      const Accum slope = this->slope(e, q);
      this->theta(e, q) = fits.theta(b, q) + (Kokkos::isfinite(slope) ? slope * step : Accum(0));
      this->held(e, q) = this->holds(e, q) ? 1 : 0;
    }
    this->place(e, end.at);
    this->running(e) = possible ? FitStatus::running : FitStatus::superseded;
    this->ends(e) = end;
  }
};

/// Take in the profile at the points of a round, and set the next.
template <class Paths>
struct FollowProfiles : Paths {
  using Accum = typename Paths::Accum;
  bool last;

  KOKKOS_FUNCTION void operator()(int e) const {
    if (this->running(e) != FitStatus::running) {
      return;
    }
    const int b = this->fit_of(e);
    ProfileEnd<Accum> end = this->ends(e);
    const Accum minimum = this->minimum(e);
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
      this->place(e, next);
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

/// The end of a path: v, or NaN.
template <class Paths>
struct PathEnd {
  typename Paths::Accum at, excess;
  bool has_end;

  KOKKOS_FUNCTION PathEnd(const Paths& paths, int e) {
    using Accum = typename Paths::Accum;
    const int b = paths.fit_of(e);
    const auto& last = paths.ends(e);
    has_end = last.status == ProfileStatus::found || last.status == ProfileStatus::on_bound ||
              last.status == ProfileStatus::lower_minimum;
    constexpr Accum nan = Kokkos::Experimental::quiet_NaN_v<Accum>;
    at = has_end ? last.at : nan;
    excess = has_end ? (paths.value(e) - paths.fits.value(b)) /
                           (paths.unit(b) * static_cast<Accum>(paths.rule.delta))
                     : nan;
  }
};

/// Results of each end.
template <ExecutionPolicy P>
struct WriteIntervals : IntervalPaths<P> {
  using Accum = typename P::accum_type;
  Cube<Accum, P> end;
  Cube<ProfileStatus, P> status;
  Cube<Accum, P> excess;

  KOKKOS_FUNCTION void operator()(int e) const {
    const int b = this->fit_of(e);
    const int q = e / 2 % static_cast<int>(this->chosen.extent(0));
    const PathEnd<IntervalPaths<P>> last(*this, e);
    end(b, q, e % 2) = last.at;
    status(b, q, e % 2) = this->ends(e).status;
    excess(b, q, e % 2) = last.excess;
  }
};

/// Results of each ray.
template <ExecutionPolicy P>
struct WriteContours : ContourPaths<P> {
  using Accum = typename P::accum_type;
  Cube<Accum, P> point;
  Matrix<ProfileStatus, P> status;
  Matrix<Accum, P> excess;

  KOKKOS_FUNCTION void operator()(int e) const {
    const int b = this->fit_of(e), k = e % this->directions;
    const PathEnd<ContourPaths<P>> last(*this, e);
    constexpr Accum nan = Kokkos::Experimental::quiet_NaN_v<Accum>;
    point(b, k, 0) = last.has_end ? this->theta(e, this->p) : nan;
    point(b, k, 1) = last.has_end ? this->theta(e, this->q) : nan;
    status(b, k) = this->ends(e).status;
    excess(b, k) = last.excess;
  }
};

/// Arrays of the paths that rounds of fits follow.
template <ExecutionPolicy P>
[[nodiscard]] ProfileArrays<P> profile_arrays(const typename P::execution_space& exec,
                                              const FitRounds<P>& rounds,
                                              const ResidualFits<P>& fits,
                                              const ParametersOfFits<P>& own,
                                              const DeviceParameters<P>& parameters,
                                              const ProfileRule& rule) {
  using Ends = Vector<ProfileEnd<typename P::accum_type>, P>;
  const auto size = static_cast<int>(rounds.value.extent(0));
  return {rounds.theta,  rounds.held,
          rounds.value,  rounds.outcome,
          rounds.status, allocate<Ends>(exec, "rvfit::ProfileArrays::ends", size),
          fits,          own,
          parameters,    rule};
}

/// Follow all paths to their ends. One integer goes to the host after each round.
template <ExecutionPolicy P, class Paths, class Fitter, class Model>
void follow_profiles(const typename P::execution_space& exec, const Paths& paths,
                     FitRounds<P>& rounds, const Fitter& fitter, const Model& model,
                     int max_rounds) {
  const typename P::range_policy all(exec, 0, static_cast<int>(rounds.value.extent(0)));
  Kokkos::parallel_for("rvfit::ProfileEnds::begin", all, BeginProfiles<Paths>{paths});
  for (int round = 0; round < max_rounds; ++round) {
    if (rounds.run(exec, fitter, model) == 0) {
      break;
    }
    Kokkos::parallel_for("rvfit::ProfileEnds::after_round", all,
                         FollowProfiles<Paths>{paths, round + 1 == max_rounds});
  }
}

}  // namespace detail

}  // namespace rvfit

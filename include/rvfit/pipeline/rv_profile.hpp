// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The posterior of rv with everything else, other velocities too, kept at the solution: with
/// L(v) = neg2_log_like at velocity v and a flat prior between the bounds,
///
///   p(v) ~ exp(-L(v) / 2),   error = sqrt(m_2),  skewness = m_3 / m_2^1.5,  kurtosis = m_4 / m_2^2
///
/// with moments m_n about the solution: rvspecfit's vel_err, vel_skewness and vel_kurtosis (find_best in
/// spec_fit.py). L is evaluated in a window of `rv_window_points` velocities around the solution and is a
/// cubic between them; a window that turns out too narrow or too wide for the posterior is followed by
/// another, up to `max_rv_windows`. rvspecfit starts from all velocities between the bounds; here a window
/// around the second minimum is added where its likelihood counts.

#include <rvfit/data/parameters.hpp>
#include <rvfit/pipeline/detail/rv_profile_kernels.hpp>
#include <rvfit/pipeline/rv_moments.hpp>
#include <rvfit/pipeline/rv_profile_options.hpp>
#include <rvfit/solver/active_list.hpp>

namespace rvfit {

/// Measures the posteriors of rv of a batch. Allocates in its constructor only.
template <ExecutionPolicy P>
class RvProfile {
 public:
  using Exec = typename P::execution_space;

  RvProfile(const Exec& exec, const ParameterSet& parameters, int capacity,
            const RvProfileOptions& options)
      : enabled_(options.enabled),
        rv_(parameters.index("rv")),
        fixed_(parameters["rv"].fixed),
        lower_(parameters["rv"].lower),
        upper_(parameters["rv"].upper),
        moments_(exec, capacity),
        window_(exec, capacity),
        list_(exec, capacity) {
    const int rows = options.enabled ? capacity : 0;
    theta_ = allocate<Cube<double, P>>(exec, "rvfit::RvProfile::theta", rv_window_points, rows,
                                       parameters.size());
    values_ = allocate<Matrix<double, P>>(exec, "rvfit::RvProfile::values", rv_window_points, rows);
  }

  /// Posteriors of the first `size` fits of a state that has been minimised. Waits for one integer a
  /// pass.
  ///
  /// @param[in] objective      evaluate_velocities(exec, list, theta, values) as that of `Objective`
  /// @param[in] second_rv      (B)  the second minimum, NaN if there is none   [km/s]
  /// @param[in] second_excess  (B)  its neg2_log_like less that of the solution
  /// @param[in] solution       further argument of the first call of evaluate_velocities, or none
  template <class Objective, class... Solution>
  void run(const Exec& exec, Objective& objective, const LmState<P>& state, int size,
           const Vector<const double, P>& second_rv, const Vector<const double, P>& second_excess,
           const Solution&... solution) {
    Kokkos::parallel_for("rvfit::RvProfile::first", Range(exec, 0, size),
                         detail::FirstWindow<P>{state, rv_, fixed_, lower_, upper_, window_});
    if (enabled_) {
      for (int pass = 0; pass < max_rv_windows; ++pass) {
        const bool any = pass == 0 ? sum_windows(exec, objective, state, size, false, solution...)
                                   : sum_windows(exec, objective, state, size, false);
        if (!any) {
          break;
        }
      }
      Kokkos::parallel_for("rvfit::RvProfile::second", Range(exec, 0, size),
                           detail::SecondWindow<P>{second_rv, second_excess, window_});
      sum_windows(exec, objective, state, size, true);
    }
    Kokkos::parallel_for("rvfit::RvProfile::finish", Range(exec, 0, size),
                         detail::FinishMoments<P>{window_, moments_});
  }

  [[nodiscard]] const RvMoments<P>& moments() const { return moments_; }

  /// Whether the first windows are those of all fits that are solutions.
  [[nodiscard]] bool sees_all() const { return enabled_ && !fixed_ && upper_ > lower_; }

 private:
  using Range = typename P::range_policy;

  /// Sum over all open windows; false if there are none.
  template <class Objective, class... Solution>
  bool sum_windows(const Exec& exec, Objective& objective, const LmState<P>& state, int size,
                   bool second, const Solution&... solution) {
    list_.select(exec, size, size, detail::IsOpen<P>{window_.open});
    if (list_.refresh(exec) == 0) {
      return false;
    }
    const Tile<P> all = list_.tile(0, list_.bound());
    Kokkos::parallel_for(
        "rvfit::RvProfile::velocities",
        typename P::template grid_policy<2>(exec, {0, 0}, {rv_window_points, all.size}),
        detail::SetVelocities<P>{all, state.theta, window_, rv_, theta_});
    objective.evaluate_velocities(exec, list_, theta_, values_, solution...);
    Kokkos::parallel_for(
        "rvfit::RvProfile::sum", Range(exec, 0, all.size),
        detail::SumWindow<P>{all, values_, state.theta, rv_, lower_, upper_, window_, second});
    return true;
  }

  bool enabled_;
  int rv_;
  bool fixed_;
  double lower_, upper_;
  RvMoments<P> moments_;
  detail::RvWindow<P> window_;
  ActiveList<P> list_;
  Cube<double, P> theta_;     ///< (G, B, P)
  Matrix<double, P> values_;  ///< (G, B)
};

}  // namespace rvfit

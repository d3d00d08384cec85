// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The kernels between the rounds of `fit_many_starts`: give up starts that fall behind, choose the best and the second.
/// Fit b K + k is start k of data set b.

#include <rvfit/residual/detail/fit_rounds.hpp>

#include <Kokkos_Core.hpp>

namespace rvfit {

template <ExecutionPolicy P>
struct ManyStartsFits;

namespace detail {

/// When a start is given up.
struct GiveUp {
  double margin, patience;
  double freedom;  ///< the unit of the margin is best / freedom; 0: 1
};

/// Put the starts in place; all run.
template <ExecutionPolicy P>
struct BeginStarts {
  Cube<const typename P::accum_type, P> starts;
  Matrix<typename P::accum_type, P> theta;
  Vector<typename P::accum_type, P> value, before;
  Vector<FitStatus, P> status;
  int count;

  KOKKOS_FUNCTION void operator()(int fit) const {
    const int row = starts.extent(0) == 1 ? 0 : fit / count;
    for (int p = 0; p < static_cast<int>(theta.extent(1)); ++p) {
      theta(fit, p) = starts(row, fit % count, p);
    }
    value(fit) = before(fit) = Kokkos::Experimental::infinity_v<typename P::accum_type>;
    status(fit) = FitStatus::running;
  }
};

/// After a round, end the fits of data set b that ended and give up those that fell behind.
template <ExecutionPolicy P>
struct ReviewRound {
  using Accum = typename P::accum_type;
  Vector<const Accum, P> value;
  Vector<Accum, P> before;  ///< F before the round, then after it
  Vector<const FitStatus, P> outcome;
  Vector<FitStatus, P> status;
  int count;
  GiveUp rule;
  bool more;  ///< steps are left

  KOKKOS_FUNCTION void operator()(int b) const {
    Accum least = Kokkos::Experimental::infinity_v<Accum>;
    for (int fit = b * count; fit < (b + 1) * count; ++fit) {
      if (status(fit) == FitStatus::running) {
        const bool goes_on = outcome(fit) == FitStatus::max_iterations && more;
        status(fit) = goes_on ? FitStatus::running : outcome(fit);
      }
      if (status(fit) == FitStatus::running || is_solution(status(fit))) {
        least = Kokkos::fmin(least, value(fit));
      }
    }
    const Accum unit = rule.freedom > 0.0 ? least / static_cast<Accum>(rule.freedom) : Accum(1);
    for (int fit = b * count; fit < (b + 1) * count; ++fit) {
      const Accum excess = value(fit) - least;
      const Accum gained = before(fit) - value(fit);
      if (status(fit) == FitStatus::running && excess > static_cast<Accum>(rule.margin) * unit &&
          excess > static_cast<Accum>(rule.patience) * gained) {
        status(fit) = FitStatus::superseded;
      }
      before(fit) = value(fit);
    }
  }
};

/// The lowest end of data set b; without an end the start that went on longest.
template <ExecutionPolicy P>
struct ChooseStart {
  using Accum = typename P::accum_type;
  Matrix<const Accum, P> theta;
  Vector<const Accum, P> value;
  Vector<const FitStatus, P> status;
  int count;
  Matrix<Accum, P> first;  ///< (N, P)
  Vector<int, P> start, ends;

  KOKKOS_FUNCTION void operator()(int b) const {
    int best = b * count;
    int ended = 0;
    for (int fit = b * count; fit < (b + 1) * count; ++fit) {
      const bool solved = is_solution(status(fit));
      const bool best_solved = is_solution(status(best));
      ended += solved ? 1 : 0;
      if (solved && (!best_solved || value(fit) < value(best))) {
        best = fit;
      }
    }
    start(b) = best % count;
    ends(b) = ended;
    for (int p = 0; p < static_cast<int>(first.extent(1)); ++p) {
      first(b, p) = theta(best, p);
    }
  }
};

/// The lowest end of data set b that is apart from the best, and the sums of steps.
template <ExecutionPolicy P>
struct CompareStarts {
  using Accum = typename P::accum_type;
  Matrix<const Accum, P> theta;
  Vector<const Accum, P> value;
  Vector<const FitStatus, P> status;
  Vector<const int, P> iterations, evaluations;
  int count;
  ResidualFits<P> best;
  Matrix<Accum, P> second;
  Vector<Accum, P> second_value, second_distance;
  bool has_errors;  ///< covariances need no factor
  Accum least_separation;

  /// Largest distance of a parameter from the best, in standard deviations. Differences within 1e-6 of the
  /// parameter's size are those of two ends at one minimum.
  [[nodiscard]] KOKKOS_FUNCTION Accum distance(int b, int fit) const {
    const Accum freedom = static_cast<Accum>(Kokkos::max(best.freedom(b), 1));
    const Accum unit = has_errors ? Accum(1) : Kokkos::sqrt(best.value(b) / freedom);
    Accum most = 0;
    for (int p = 0; p < static_cast<int>(theta.extent(1)); ++p) {
      const Accum apart = Kokkos::fabs(theta(fit, p) - best.theta(b, p));
      const Accum sigma = unit * Kokkos::sqrt(best.covariance(b, p, p));
      const bool same = apart <= Accum(1e-6) * Kokkos::fabs(best.theta(b, p));
      if (!same && apart / sigma > most) {
        most = apart / sigma;  // NaN, without an error, is passed over
      }
    }
    return most;
  }

  KOKKOS_FUNCTION void operator()(int b) const {
    constexpr Accum nan = Kokkos::Experimental::quiet_NaN_v<Accum>;
    int lowest = -1;
    int steps = 0, passes = 0;
    for (int fit = b * count; fit < (b + 1) * count; ++fit) {
      steps += iterations(fit);
      passes += evaluations(fit);
      if (is_converged(status(fit)) && distance(b, fit) >= least_separation &&
          (lowest < 0 || value(fit) < value(lowest))) {
        lowest = fit;
      }
    }
    best.iterations(b) += steps;
    best.evaluations(b) += passes;
    second_value(b) = lowest < 0 ? nan : value(lowest);
    second_distance(b) = lowest < 0 ? nan : distance(b, lowest);
    for (int p = 0; p < static_cast<int>(theta.extent(1)); ++p) {
      second(b, p) = lowest < 0 ? nan : theta(lowest, p);
    }
  }
};

/// The starts of N data sets between the rounds.
template <ExecutionPolicy P>
class StartReview {
 public:
  using Exec = typename P::execution_space;
  using Accum = typename P::accum_type;

  StartReview(const Exec& exec, const FitRounds<P>& rounds, int size, int count)
      : rounds_(rounds),
        size_(size),
        count_(count),
        before_(allocate<Vector<Accum, P>>(exec, "rvfit::StartReview::before", size * count)),
        first_(allocate<Matrix<Accum, P>>(exec, "rvfit::StartReview::first", size,
                                          rounds.theta.extent(1))) {}

  /// (N, P)  the best ends, once chosen
  [[nodiscard]] Matrix<const Accum, P> first() const { return first_; }

  void begin(const Exec& exec, const Cube<const Accum, P>& starts) const {
    Kokkos::parallel_for(
        "rvfit::StartReview::begin", typename P::range_policy(exec, 0, size_ * count_),
        BeginStarts<P>{starts, rounds_.theta, rounds_.value, before_, rounds_.status, count_});
  }
  void after_round(const Exec& exec, const GiveUp& rule, bool more) const {
    Kokkos::parallel_for("rvfit::StartReview::after_round",
                         typename P::range_policy(exec, 0, size_),
                         ReviewRound<P>{rounds_.value, before_, rounds_.outcome, rounds_.status,
                                        count_, rule, more});
  }
  void choose(const Exec& exec, const ManyStartsFits<P>& out) const {
    Kokkos::parallel_for("rvfit::StartReview::choose", typename P::range_policy(exec, 0, size_),
                         ChooseStart<P>{rounds_.theta, rounds_.value, rounds_.status, count_,
                                        first_, out.start, out.ends});
  }
  void compare(const Exec& exec, const ManyStartsFits<P>& out, bool has_errors,
               double least_separation) const {
    Kokkos::parallel_for(
        "rvfit::StartReview::compare", typename P::range_policy(exec, 0, size_),
        CompareStarts<P>{rounds_.theta, rounds_.value, rounds_.status, rounds_.iterations,
                         rounds_.evaluations, count_, out.best, out.second, out.second_value,
                         out.second_distance, has_errors, static_cast<Accum>(least_separation)});
  }

 private:
  FitRounds<P> rounds_;
  int size_, count_;
  Vector<Accum, P> before_;
  Matrix<Accum, P> first_;
};

}  // namespace detail

}  // namespace rvfit

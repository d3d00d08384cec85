// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Several starts of each data set: all are fitted in rounds as one batch, those that fall behind are given up after
/// each round, and the best is kept beside the second minimum.
///
/// A round gives each fit twice as many steps as the one before. A start is given up when its F is above the least of
/// its data set by more than `margin`, and by more than `patience` times what its last round brought: at that pace it
/// will not get there. (Spectra give up by the decrease that the next step promises, docs/decisions/0010: a step of a user's
/// function from far away promises too little.)

#include <rvfit/residual/detail/fit_rounds.hpp>
#include <rvfit/residual/detail/start_review.hpp>
#include <rvfit/residual/residual_fitter.hpp>

#include <Kokkos_Core.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace rvfit {

/// Options of `fit_many_starts`.
struct ManyStartsOptions {
  int first_steps = 8;  ///< steps of the first round
  double margin =
      30.0;  ///< starts this near to the best are followed, in the unit of LmOptions::tolerance
  double patience = 4.0;  ///< rounds like the last one that a start may need to reach the best
  /// Least distance of the second minimum from the best, in standard deviations of the parameter that is farthest.
  double least_separation = 1.0;

  /// @throws InvalidArgument  an option that is negative or no number
  void require_valid() const {
    RVFIT_REQUIRE(first_steps > 0, "ManyStartsOptions: first_steps is ", first_steps,
                  ", must be positive");
    RVFIT_REQUIRE(margin >= 0.0 && patience >= 0.0 && least_separation >= 0.0,
                  "ManyStartsOptions: margin ", margin, ", patience ", patience,
                  ", least_separation ", least_separation, ", must not be negative");
  }
};

/// The best of each data set, and the next.
template <ExecutionPolicy P>
struct ManyStartsFits {
  using Accum = typename P::accum_type;
  ResidualFits<P> best;     ///< N fits; iterations and evaluations are those of all starts
  Vector<int, P> start;     ///< (N)     number of the start that led there
  Vector<int, P> ends;      ///< (N)     starts that were followed to their end
  Matrix<Accum, P> second;  ///< (N, P)  the lowest of the other minima; NaN where none was met
  Vector<Accum, P> second_value;  ///< (N)     F there
  /// (N)  largest distance of a parameter from the best, in its standard deviations
  Vector<Accum, P> second_distance;

  ManyStartsFits(const typename P::execution_space& exec, int size, int parameters)
      : best(exec, size, parameters, true),
        start(allocate<Vector<int, P>>(exec, "rvfit::ManyStartsFits::start", size)),
        ends(allocate<Vector<int, P>>(exec, "rvfit::ManyStartsFits::ends", size)),
        second(allocate<Matrix<Accum, P>>(exec, "rvfit::ManyStartsFits::second", size, parameters)),
        second_value(allocate<Vector<Accum, P>>(exec, "rvfit::ManyStartsFits::second_value", size)),
        second_distance(
            allocate<Vector<Accum, P>>(exec, "rvfit::ManyStartsFits::second_distance", size)) {}
};

/// Fit N data sets from K starts each. One integer goes to the host after each round.
///
/// @param[in] exec    instance the work is enqueued on
/// @param[in] data    N data sets
/// @param[in] starts  (N, K, P), or (1, K, P) for all, as `draw_starts` gives
/// @param[in] size    N
/// @throws InvalidArgument  extents differ, no starts, more than 2^31 fits, options that are not valid
template <ExecutionPolicy P, ResidualModel Model, class Estimator = LeastSquares>
[[nodiscard]] ManyStartsFits<P> fit_many_starts(const typename P::execution_space& exec,
                                                const Model& model, const ResidualData<P>& data,
                                                const Cube<typename P::accum_type, P>& starts,
                                                int size, const ResidualOptions& options = {},
                                                const ManyStartsOptions& many = {},
                                                const Estimator& estimator = {}) {
  constexpr int n = Model::parameters;
  many.require_valid();
  const auto count = static_cast<int>(starts.extent(1));
  const auto rows = static_cast<int>(starts.extent(0));
  RVFIT_REQUIRE(size > 0 && count > 0 && (rows == 1 || rows == size) && starts.extent(2) == n,
                "fit_many_starts: starts are ", rows, " x ", count, " x ", starts.extent(2),
                ", wanted ", size, " or 1 x some x ", n);
  RVFIT_REQUIRE(std::int64_t{size} * count <= std::numeric_limits<int>::max(),
                "fit_many_starts: ", size, " data sets of ", count, " starts are more than 2^31");
  const ResidualFitter<P, Model, Estimator> fitter(exec, options, estimator);
  ManyStartsFits<P> out(exec, size, n);
  detail::FitRounds<P> rounds(exec, data, size * count, count, n, false);
  const detail::StartReview<P> review(exec, rounds, size, count);
  review.begin(exec, starts);
  const auto points =
      data.points > 0 ? static_cast<double>(data.points) : static_cast<double>(data.y.extent(1));
  const bool knows = fitter.knows_errors(data);
  const detail::GiveUp rule{many.margin, many.patience, knows ? 0.0 : std::max(points - n, 1.0)};
  int steps = 0;
  for (int cap = many.first_steps; steps < options.solver.max_iterations;) {
    const int next = std::min(cap, options.solver.max_iterations - steps);
    if (rounds.run(exec, fitter.with_cap(next), model) == 0) {
      break;
    }
    steps += next;
    cap = cap > options.solver.max_iterations / 2 ? options.solver.max_iterations : 2 * cap;
    review.after_round(exec, rule, steps < options.solver.max_iterations);
  }
  review.choose(exec, out);
  // The best is fitted once more, from its own end, for its covariance.
  fitter.run(exec, model, data, review.first(), out.best);
  review.compare(exec, out, knows || options.scale_covariance, many.least_separation);
  return out;
}

}  // namespace rvfit

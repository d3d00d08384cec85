// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Rounds of fits: of many fits, several to a data set, those that still run are gathered into rows without gaps, fitted
/// as one batch, and their results put back. All arrays are allocated once.

#include <rvfit/core/views.hpp>
#include <rvfit/residual/residual_data.hpp>
#include <rvfit/solver/active_list.hpp>
#include <rvfit/solver/lm_state.hpp>

#include <Kokkos_Core.hpp>

#include <cstddef>

namespace rvfit::detail {

/// Row t of the batch is fit index(t), of data set index(t) / per_set.
template <ExecutionPolicy P>
struct GatherRound {
  using Accum = typename P::accum_type;
  Vector<const int, P> index;
  int per_set;
  ResidualData<P> data;          ///< of the data sets
  Matrix<const Accum, P> theta;  ///< (fits, P)
  Matrix<const int, P> held;     ///< (fits, P)  empty: none
  Matrix<Accum, P> start;        ///< (rows, P)
  Vector<int, P> set;            ///< (rows)
  Matrix<Accum, P> lower, upper, prior_mean, prior_sigma;
  Matrix<int, P> fixed;

  KOKKOS_FUNCTION void operator()(int t) const {
    const int fit = index(t);
    const int row = fit / per_set;
    set(t) = data.set.extent(0) == 0 ? row : data.set(row);
    const auto copy = [&](const auto& from, const auto& to, int p) {
      if (from.extent(0) != 0) {
        to(t, p) = from(row, p);
      }
    };
    for (int p = 0; p < static_cast<int>(theta.extent(1)); ++p) {
      start(t, p) = theta(fit, p);
      copy(data.parameters.lower, lower, p);
      copy(data.parameters.upper, upper, p);
      copy(data.parameters.prior_mean, prior_mean, p);
      copy(data.parameters.prior_sigma, prior_sigma, p);
      copy(data.parameters.fixed, fixed, p);
      if (held.extent(0) != 0) {
        const bool own = data.parameters.fixed.extent(0) != 0 && fixed(t, p) != 0;
        fixed(t, p) = own || held(fit, p) != 0 ? 1 : 0;
      }
    }
  }
};

/// Put row t of the results back to fit index(t).
template <ExecutionPolicy P>
struct ScatterRound {
  using Accum = typename P::accum_type;
  Vector<const int, P> index;
  ResidualFits<P> rows;
  Matrix<Accum, P> theta;
  Vector<Accum, P> value;
  Vector<FitStatus, P> outcome;
  Vector<int, P> iterations, evaluations;

  KOKKOS_FUNCTION void operator()(int t) const {
    const int fit = index(t);
    for (int p = 0; p < static_cast<int>(theta.extent(1)); ++p) {
      theta(fit, p) = rows.theta(t, p);
    }
    value(fit) = rows.value(t);
    outcome(fit) = rows.status(t);
    iterations(fit) += rows.iterations(t);
    evaluations(fit) += rows.evaluations(t);
  }
};

/// The arrays of a search that fits in rounds.
template <ExecutionPolicy P>
class FitRounds {
 public:
  using Exec = typename P::execution_space;
  using Accum = typename P::accum_type;

  Matrix<Accum, P> theta;        ///< (fits, P)  start of the next round, then its result
  Matrix<int, P> held;           ///< (fits, P)  1: keeps its start; empty unless `holds`
  Vector<Accum, P> value;        ///< (fits)     F at theta
  Vector<FitStatus, P> outcome;  ///< (fits)     of the last round
  Vector<FitStatus, P> status;   ///< (fits)     fits that are `running` are in the next round
  Vector<int, P> iterations;     ///< (fits)     of all rounds
  Vector<int, P> evaluations;    ///< (fits)     of all rounds

  /// @param[in] size     fits, `per_set` of each row of `data`
  /// @param[in] holds    parameters are held fit by fit
  FitRounds(const Exec& exec, const ResidualData<P>& data, int size, int per_set, int parameters,
            bool holds)
      : theta(allocate<Matrix<Accum, P>>(exec, "rvfit::FitRounds::theta", size, parameters)),
        held(
            allocate<Matrix<int, P>>(exec, "rvfit::FitRounds::held", holds ? size : 0, parameters)),
        value(allocate<Vector<Accum, P>>(exec, "rvfit::FitRounds::value", size)),
        outcome(allocate<Vector<FitStatus, P>>(exec, "rvfit::FitRounds::outcome", size)),
        status(allocate<Vector<FitStatus, P>>(exec, "rvfit::FitRounds::status", size)),
        iterations(allocate<Vector<int, P>>(exec, "rvfit::FitRounds::iterations", size)),
        evaluations(allocate<Vector<int, P>>(exec, "rvfit::FitRounds::evaluations", size)),
        size_(size),
        per_set_(per_set),
        data_(data),
        active_(exec, size),
        rows_(exec, size, parameters, false),
        start_(allocate<Matrix<Accum, P>>(exec, "rvfit::FitRounds::start", size, parameters)),
        set_(allocate<Vector<int, P>>(exec, "rvfit::FitRounds::set", size)) {
    const auto like = [&](const auto& view) {
      const int rows = view.extent(0) == 0 ? 0 : size;
      return allocate<Matrix<Accum, P>>(exec, "rvfit::FitRounds::parameters", rows, parameters);
    };
    lower_ = like(data.parameters.lower);
    upper_ = like(data.parameters.upper);
    prior_mean_ = like(data.parameters.prior_mean);
    prior_sigma_ = like(data.parameters.prior_sigma);
    const bool fixes = holds || data.parameters.fixed.extent(0) != 0;
    fixed_ =
        allocate<Matrix<int, P>>(exec, "rvfit::FitRounds::fixed", fixes ? size : 0, parameters);
  }

  /// Fit all that run, from `theta`; one integer goes to the host.
  ///
  /// @return fits of the round
  template <class Fitter, class Model>
  int run(const Exec& exec, const Fitter& fitter, const Model& model) {
    active_.select(exec, size_, size_, IsRunning<P>{status});
    const int count = active_.refresh(exec);
    if (count == 0) {
      return 0;
    }
    const typename P::range_policy all(exec, 0, count);
    Kokkos::parallel_for("rvfit::FitRounds::gather", all,
                         GatherRound<P>{active_.index(), per_set_, data_, theta, held, start_, set_,
                                        lower_, upper_, prior_mean_, prior_sigma_, fixed_});
    ResidualData<P> data = data_;
    data.set = first_of(set_, count);
    data.parameters = {first_of(lower_, count), first_of(upper_, count), first_of(fixed_, count),
                       first_of(prior_mean_, count), first_of(prior_sigma_, count)};
    ResidualFits<P> rows;
    rows.theta = first_of(rows_.theta, count);
    rows.value = first_of(rows_.value, count);
    rows.status = first_of(rows_.status, count);
    rows.iterations = first_of(rows_.iterations, count);
    rows.evaluations = first_of(rows_.evaluations, count);
    fitter.run(exec, model, data, first_of(start_, count), rows);
    Kokkos::parallel_for(
        "rvfit::FitRounds::scatter", all,
        ScatterRound<P>{active_.index(), rows, theta, value, outcome, iterations, evaluations});
    return count;
  }

 private:
  /// The first rows of a view, none of an empty one.
  template <class View>
  [[nodiscard]] static View first_of(const View& view, int count) {
    return first_rows(view, view.extent(0) == 0 ? 0 : static_cast<std::size_t>(count));
  }

  int size_, per_set_;
  ResidualData<P> data_;
  ActiveList<P> active_;
  ResidualFits<P> rows_;
  Matrix<Accum, P> start_, lower_, upper_, prior_mean_, prior_sigma_;
  Matrix<int, P> fixed_;
  Vector<int, P> set_;
};

}  // namespace rvfit::detail

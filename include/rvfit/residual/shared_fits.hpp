// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Groups of data sets that share parameters, and the results of their fits.

#include <rvfit/residual/residual_data.hpp>

#include <cstdint>
#include <vector>

namespace rvfit {

/// Parameters that the data sets of a group share. Data sets of a group are rows that follow each other; ResidualData::set
/// gives them in any order.
struct SharedParameters {
  std::vector<int> shared{};          ///< numbers of the shared parameters, at least one
  std::vector<std::int64_t> begin{};  ///< (G + 1)  first data set of each group, then N
};

/// Results of N data sets in G groups.
template <ExecutionPolicy P>
struct SharedFits {
  using Accum = typename P::accum_type;
  /// Row b is data set b with all its parameters, the shared ones repeated. Covariances are marginal: all parameters of the group
  /// are free in them. `value` is the data set's part of F; status, iterations and evaluations are its group's;
  /// rank and freedom count its local parameters.
  ResidualFits<P> fits;
  Vector<Accum, P> value;       ///< (G)  F of the group
  Vector<FitStatus, P> status;  ///< (G)
  Vector<int, P> rank;          ///< (G)  parameters that the data determine; 0 without covariances
  Vector<int, P> freedom;       ///< (G)  points used less rank

  SharedFits() = default;
  SharedFits(const typename P::execution_space& exec, std::int64_t size, std::int64_t groups,
             int parameters, bool covariances)
      : fits(exec, size, parameters, covariances),
        value(allocate_raw<Vector<Accum, P>>(exec, "rvfit::SharedFits::value", groups)),
        status(allocate_raw<Vector<FitStatus, P>>(exec, "rvfit::SharedFits::status", groups)),
        rank(allocate_raw<Vector<int, P>>(exec, "rvfit::SharedFits::rank", groups)),
        freedom(allocate_raw<Vector<int, P>>(exec, "rvfit::SharedFits::freedom", groups)) {}
};

}  // namespace rvfit

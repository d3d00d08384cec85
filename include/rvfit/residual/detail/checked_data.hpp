// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Checks of the extents of data, starts and results of residual fits. Messages begin with the name of the caller.

#include <rvfit/core/require.hpp>
#include <rvfit/residual/residual_data.hpp>

#include <cstddef>
#include <cstdint>

namespace rvfit::detail {

/// A view of n columns has a row for each fit; it may be empty if `optional`.
template <class View>
void require_rows(const char* who, const char* what, const View& view, std::int64_t size, int n,
                  bool optional) {
  const auto rows = static_cast<std::int64_t>(view.extent(0));
  const bool fits = rows == size && view.extent(1) == static_cast<std::size_t>(n);
  RVFIT_REQUIRE((optional && rows == 0) || fits, who, ": ", what, " is ", rows, " x ",
                view.extent(1), ", wanted ", size, " x ", n);
}

template <class View>
void require_size(const char* who, const char* what, const View& view, std::int64_t size) {
  RVFIT_REQUIRE(static_cast<std::int64_t>(view.extent(0)) == size, who, ": ", what, " has ",
                view.extent(0), " elements, wanted ", size);
}

/// `size` matrices of n x n, or none.
template <class View>
void require_squares(const char* who, const char* what, const View& view, std::int64_t size,
                     int n) {
  const auto number = static_cast<std::int64_t>(view.extent(0));
  const auto side = static_cast<std::size_t>(n);
  const bool fits = number == size && view.extent(1) == side && view.extent(2) == side;
  RVFIT_REQUIRE(number == 0 || fits, who, ": ", what, " is ", number, " x ", view.extent(1), " x ",
                view.extent(2), ", wanted ", size, " x ", n, " x ", n);
}

/// Results of `size` fits of n parameters.
template <ExecutionPolicy P>
void require_results(const char* who, const ResidualFits<P>& out, std::int64_t size, int n) {
  require_rows(who, "theta", out.theta, size, n, false);
  require_size(who, "value", out.value, size);
  require_size(who, "status", out.status, size);
  require_size(who, "iterations", out.iterations, size);
  require_size(who, "evaluations", out.evaluations, size);
  require_squares(who, "covariance", out.covariance, size, n);
  require_squares(who, "correlation", out.correlation, size, n);
  if (out.rank.extent(0) != 0) {
    require_size(who, "rank", out.rank, size);
    require_size(who, "freedom", out.freedom, size);
    require_size(who, "undetermined", out.undetermined, size);
    require_size(who, "on_bound", out.on_bound, size);
  }
}

/// Data of `size` fits of n parameters, with their number of points.
///
/// @param[in] values  of the model at each point
template <ExecutionPolicy P>
[[nodiscard]] ResidualData<P> checked_data(const char* who, ResidualData<P> data, std::int64_t size,
                                           int n, int values) {
  data.points = data.points > 0 ? data.points : static_cast<int>(data.y.extent(1));
  const auto points = static_cast<std::size_t>(data.points);
  RVFIT_REQUIRE(points > 0, who, ": no points");
  RVFIT_REQUIRE(data.points % values == 0, who, ": ", data.points,
                " columns of data, the model has ", values, " values at each point");
  const auto sets = static_cast<std::int64_t>(data.set.extent(0));
  RVFIT_REQUIRE(sets == 0 || sets == size, who, ": set has ", sets, " elements, wanted ", size);
  const auto require_points = [&](const char* what, const auto& view) {
    const auto rows = static_cast<std::int64_t>(view.extent(0));
    const bool fits = rows <= 1 || rows == size || sets != 0;
    RVFIT_REQUIRE(rows == 0 || (fits && view.extent(1) == points), who, ": ", what, " is ", rows,
                  " x ", view.extent(1), ", wanted ", size, " x ", points);
  };
  require_points("y", data.y);
  require_points("weight", data.weight);
  require_points("inverse_variance", data.inverse_variance);
  RVFIT_REQUIRE(data.weight.extent(0) == 0 || data.inverse_variance.extent(0) == 0, who,
                ": weight has ", data.weight.extent(0), " rows, inverse_variance ",
                data.inverse_variance.extent(0), ", wanted one of them empty");
  const auto matrices = static_cast<std::int64_t>(data.whitening.extent(0));
  const bool one_each = matrices == 1 || matrices == size || sets != 0;
  RVFIT_REQUIRE(matrices == 0 || (one_each && data.whitening.extent(1) == points &&
                                  data.whitening.extent(2) == points),
                who, ": whitening is ", matrices, " x ", data.whitening.extent(1), " x ",
                data.whitening.extent(2), ", wanted ", size, " x ", points, " x ", points);
  RVFIT_REQUIRE(matrices == 0 || data.weight.extent(0) + data.inverse_variance.extent(0) == 0, who,
                ": weight has ", data.weight.extent(0), " rows, inverse_variance ",
                data.inverse_variance.extent(0), ", wanted none of data with a whitening matrix");
  require_rows(who, "lower", data.parameters.lower, size, n, true);
  require_rows(who, "upper", data.parameters.upper, size, n, true);
  require_rows(who, "fixed", data.parameters.fixed, size, n, true);
  require_rows(who, "prior_mean", data.parameters.prior_mean, size, n, true);
  require_rows(who, "prior_sigma", data.parameters.prior_sigma, size, n, true);
  return data;
}

}  // namespace rvfit::detail

// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Fits of data sets that share parameters: each group of data sets minimises
///
///   F = sum_j sum_i rho(f(theta_shared, theta_j; i); y_ji, w_ji) + priors
///
/// over the shared parameters and those of each data set at once. The normal equations are an arrow, solved by the Schur
/// complement of the local blocks (detail/arrow_order.hpp): time and memory grow with the number of data sets, not its
/// cube. Groups run at once, a team each. A group has the same bits alone and among others, with any number of threads.

#include <rvfit/residual/detail/checked_data.hpp>
#include <rvfit/residual/detail/fit_groups.hpp>
#include <rvfit/residual/detail/launch_teams.hpp>
#include <rvfit/residual/residual_fitter.hpp>
#include <rvfit/residual/shared_fits.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace rvfit {

/// Fits of a model to groups of data sets. The constructor checks, uploads and allocates; `run` allocates nothing and
/// does not wait.
///
/// Options are those of ResidualFitter. Bounds, priors and starts of a shared parameter are those in the row of the first data
/// set of its group. Where errors are not known, the unit of the tolerance is F / (points - free parameters) of the
/// group. Data are worked on as they are: squares of weights and data have to be within the range of their type.
/// `chunk` bounds the data sets of a launch, and with it the workspace: about 8 (P + 1)(P + 4) bytes for each.
template <ExecutionPolicy P, ResidualModel Model, class Estimator = LeastSquares>
class SharedFitter {
 public:
  using Exec = typename P::execution_space;
  using Accum = typename P::accum_type;
  static constexpr int n = Model::parameters;

  /// @throws InvalidArgument  no shared parameter, or one that does not exist or is named twice; groups that are empty or do not
  ///                          begin at 0; options, parameters or an estimator that are not valid
  SharedFitter(const Exec& exec, const SharedParameters& groups,
               const ResidualOptions& options = {}, const Estimator& estimator = {})
      : fitter_(exec, options, estimator), estimator_(estimator), begin_(groups.begin) {
    std::vector<int> count(n, 0);
    for (const int p : groups.shared) {
      RVFIT_REQUIRE(p >= 0 && p < n, "SharedFitter: shared parameter ", p, " of ", n);
      RVFIT_REQUIRE(++count[static_cast<std::size_t>(p)] == 1, "SharedFitter: parameter ", p,
                    " is named twice");
      order_.parameter[order_.shared++] = p;
    }
    RVFIT_REQUIRE(order_.shared > 0, "SharedFitter: no parameter is shared");
    for (int p = 0, at = order_.shared; p < n; ++p) {
      if (count[static_cast<std::size_t>(p)] == 0) {
        order_.parameter[at++] = p;
      }
    }
    RVFIT_REQUIRE(begin_.size() > 1 && begin_.front() == 0, "SharedFitter: ", begin_.size(),
                  " bounds of groups, wanted at least 0 and the number of data sets");
    constexpr std::int64_t most = std::int64_t{1} << 30;
    for (std::size_t g = 0; g + 1 < begin_.size(); ++g) {
      const std::int64_t size = begin_[g + 1] - begin_[g];
      RVFIT_REQUIRE(size > 0 && size <= most, "SharedFitter: group ", g, " has ", size,
                    " data sets");
    }
    // Launches: as many groups as `chunk` allows, at least one.
    launch_.push_back(0);
    std::int64_t columns = 0;
    for (std::size_t g = 0; g + 1 < begin_.size();) {
      const std::size_t first = g++;
      while (g + 1 < begin_.size() && begin_[g + 1] - begin_[first] <= options.chunk) {
        ++g;
      }
      launch_.push_back(static_cast<int>(g));
      const auto sets = begin_[g] - begin_[first];
      columns = std::max(columns, sets + Work::W * static_cast<std::int64_t>(g - first));
    }
    RVFIT_REQUIRE(columns <= std::numeric_limits<int>::max(), "SharedFitter: ", columns,
                  " data sets of a launch, at most 2^31");
    device_begin_ =
        upload<Vector<const std::int64_t, P>>(exec, "rvfit::SharedFitter::begin", begin_);
    const detail::ArrowRows<n> rows{order_.shared, order_.local()};
    work_ =
        allocate_raw<Matrix<Accum, P>>(exec, "rvfit::SharedFitter::work", rows.count(), columns);
    priors_ = false;
    for (const Parameter& p : fitter_.options().parameters) {
      priors_ = priors_ || std::isfinite(p.prior_sigma);
    }
  }

  /// Data sets of all groups.
  [[nodiscard]] std::int64_t size() const { return begin_.back(); }
  [[nodiscard]] std::int64_t groups() const { return static_cast<std::int64_t>(begin_.size()) - 1; }

  /// Fit all groups.
  ///
  /// @param[in]  exec   instance the work is enqueued on; the call does not fence
  /// @param[in]  data   (N, M) or (1, M)
  /// @param[in]  start  (N, P)
  /// @param[out] out    of N data sets and G groups; covariances are left out where empty
  /// @throws InvalidArgument  extents differ
  void run(const Exec& exec, const Model& model, const ResidualData<P>& data,
           const Matrix<const Accum, P>& start, const SharedFits<P>& out) const {
    constexpr const char* who = "SharedFitter";
    const ResidualOptions& options = fitter_.options();
    const Problem problem{model,
                          estimator_,
                          detail::checked_data(who, data, size(), n, values_of<Model>()),
                          fitter_.parameters(),
                          start,
                          out.fits,
                          options.solver,
                          options.scale_covariance};
    detail::require_rows(who, "start", start, size(), n, false);
    detail::require_results(who, out.fits, size(), n);
    detail::require_size(who, "value of groups", out.value, groups());
    detail::require_size(who, "status of groups", out.status, groups());
    if (out.rank.extent(0) != 0) {
      detail::require_size(who, "rank of groups", out.rank, groups());
      detail::require_size(who, "freedom of groups", out.freedom, groups());
    }
    RVFIT_REQUIRE(data.whitening.extent(0) == 0, "SharedFitter: whitening has ",
                  data.whitening.extent(0), " matrices, wanted none");
    const bool priors = priors_ || data.parameters.prior_sigma.extent(0) != 0;
    const detail::ArrowRows<n> rows{order_.shared, order_.local()};
    for (std::size_t k = 0; k + 1 < launch_.size(); ++k) {
      const Kernel kernel{problem, Work{order_, rows, work_}, out, device_begin_, launch_[k],
                          priors};
      detail::launch_teams<P>("rvfit::SharedFitter::run", exec, kernel,
                              launch_[k + 1] - launch_[k]);
    }
  }

 private:
  using Problem = detail::ResidualProblem<P, Model, Estimator>;
  using Work = detail::GroupWork<Problem, P>;
  using Kernel = detail::FitGroups<Problem, P>;

  ResidualFitter<P, Model, Estimator> fitter_;
  Estimator estimator_;
  std::vector<std::int64_t> begin_;
  std::vector<int> launch_;  ///< first group of each launch, then G
  detail::ArrowOrder<n> order_;
  Vector<const std::int64_t, P> device_begin_;
  Matrix<Accum, P> work_;
  bool priors_ = false;
};

/// Plan and fit in one call, with new arrays for the results.
///
/// @param[in] groups      `begin` may be empty: all data sets are one group
/// @param[in] covariance  also compute covariances and correlations
template <ExecutionPolicy P, ResidualModel Model, class Estimator = LeastSquares>
[[nodiscard]] SharedFits<P> fit_shared(const typename P::execution_space& exec, const Model& model,
                                       const ResidualData<P>& data,
                                       const Matrix<const typename P::accum_type, P>& start,
                                       SharedParameters groups, const ResidualOptions& options = {},
                                       const Estimator& estimator = {}, bool covariance = true) {
  if (groups.begin.empty()) {
    groups.begin = {0, static_cast<std::int64_t>(start.extent(0))};
  }
  const SharedFitter<P, Model, Estimator> fitter(exec, groups, options, estimator);
  SharedFits<P> out(exec, fitter.size(), fitter.groups(), Model::parameters, covariance);
  fitter.run(exec, model, data, start, out);
  return out;
}

}  // namespace rvfit

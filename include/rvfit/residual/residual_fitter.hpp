// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// N least-squares fits of a user's model at once: each minimises
///
///   F(theta) = sum_i rho(f(theta; i); y_i, w_i) + sum_p ((theta_p - mean_p) / sigma_p)^2
///
/// inside its bounds, by the Levenberg-Marquardt steps of lm_fit.hpp. A fit has the same bits alone, among
/// others, in any order and with any number of threads.

#include <rvfit/residual/detail/checked_data.hpp>
#include <rvfit/residual/detail/fit_by_team.hpp>
#include <rvfit/residual/detail/fit_by_thread.hpp>
#include <rvfit/residual/detail/launch_teams.hpp>
#include <rvfit/residual/estimator.hpp>
#include <rvfit/residual/residual_model.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace rvfit {

/// Threads of one fit.
enum class Parallelism {
  automatic,       ///< by the shape of the fits
  thread_per_fit,  ///< state in registers; on CPUs a thread takes a pack of fits
  team_per_fit,    ///< the points of a fit are spread over a team, its state is in scratch
};

/// Options of N fits.
struct ResidualOptions {
  LmOptions solver{};
  /// Names, bounds, priors, scales; `fixed` ones keep `value`. All free if empty.
  ParameterSet parameters{};
  /// Scale covariances by chi2 / (points - free parameters), for data whose errors are known
  /// but for a factor.
  bool scale_covariance = false;
  Parallelism parallelism = Parallelism::automatic;
  std::int64_t chunk = std::int64_t{1} << 20;  ///< fits of one launch
};

/// Fits of a model with checked options. The constructor uploads them; `run` allocates nothing and does not wait.
template <ExecutionPolicy P, ResidualModel Model, class Estimator = LeastSquares>
class ResidualFitter {
 public:
  using Exec = typename P::execution_space;
  using Accum = typename P::accum_type;
  static constexpr int n = Model::parameters;

  /// @throws InvalidArgument  parameters that are not the model's number; options, parameters or an
  ///                          estimator that are not valid
  explicit ResidualFitter(const Exec& exec, const ResidualOptions& options = {},
                          const Estimator& estimator = {})
      : options_(options), estimator_(estimator) {
    ParameterSet& set = options_.parameters;
    if (set.size() == 0) {
      std::vector<Parameter> free(n);
      for (int p = 0; p < n; ++p) {
        free[static_cast<std::size_t>(p)].name = "theta" + std::to_string(p);
      }
      set = ParameterSet(free);
    }
    RVFIT_REQUIRE(set.size() == n, "ResidualFitter: ", set.size(), " parameters, the model has ",
                  n);
    RVFIT_REQUIRE(options_.chunk > 0 && options_.chunk <= std::int64_t{1} << 30,
                  "ResidualFitter: chunks of ", options_.chunk, " fits");
    RVFIT_REQUIRE(Problem::eliminated == 0 || options_.parallelism != Parallelism::team_per_fit,
                  "ResidualFitter: a model with a basis is fitted by a thread each, wanted "
                  "another parallelism than team_per_fit");
    options_.solver.require_valid();
    if constexpr (requires { estimator.require_valid(); }) {
      estimator.require_valid();
    }
    set.require_valid();
    parameters_ = DeviceParameters<P>(exec, set);
  }

  /// The checked options.
  [[nodiscard]] const ResidualOptions& options() const { return options_; }

  /// Bounds, priors and scales that all fits share.
  [[nodiscard]] const DeviceParameters<P>& parameters() const { return parameters_; }

  /// The same plan with another cap on the steps; nothing is uploaded.
  [[nodiscard]] ResidualFitter with_cap(int max_iterations) const {
    ResidualFitter out = *this;
    out.options_.solver.max_iterations = max_iterations;
    return out;
  }

  /// True where F of these data is -2 ln L but for a constant: errors are known, or the data are counts.
  [[nodiscard]] bool knows_errors(const ResidualData<P>& data) const {
    const bool given = data.weight.extent(0) != 0 || data.inverse_variance.extent(0) != 0 ||
                       data.scale.extent(0) != 0 || data.whitening.extent(0) != 0;
    return is_likelihood<Estimator> || (given && !options_.scale_covariance);
  }

  /// Fit each row of data from its row of starts.
  ///
  /// @param[in]  exec   instance the work is enqueued on; the call does not fence
  /// @param[in]  model  device-callable, copied into the kernels
  /// @param[in]  data   (N, M) or (1, M)
  /// @param[in]  start  (N, P)  put within the bounds; fixed parameters of the options take their value
  /// @param[out] out    of N rows; its covariance and correlation are left out where empty
  /// @throws InvalidArgument  extents differ
  void run(const Exec& exec, const Model& model, const ResidualData<P>& data,
           const Matrix<const Accum, P>& start, const ResidualFits<P>& out) const {
    const auto size = static_cast<std::int64_t>(start.extent(0));
    constexpr const char* who = "ResidualFitter";
    const Problem problem{model,
                          estimator_,
                          detail::checked_data(who, data, size, n, values_of<Model>()),
                          parameters_,
                          start,
                          out,
                          options_.solver,
                          options_.scale_covariance};
    detail::require_rows(who, "start", start, size, n, false);
    detail::require_results(who, out, size, n);
    constexpr bool by_teams = detail::fits_by_team<Model>() && Problem::eliminated == 0;
    const bool correlated = data.whitening.extent(0) != 0;
    RVFIT_REQUIRE(!correlated || (by_teams && !is_likelihood<Estimator> &&
                                  options_.parallelism != Parallelism::thread_per_fit),
                  "ResidualFitter: correlated data are fitted by teams, without coefficients that "
                  "are eliminated, and are no counts");
    for (std::int64_t first = 0; first < size; first += options_.chunk) {
      const auto count = static_cast<int>(std::min(options_.chunk, size - first));
      if constexpr (by_teams) {
        if (correlated || by_team(problem.data.points)) {
          fit_by_team(exec, problem, first, count);
          continue;
        }
      }
      fit_by_thread(exec, problem, first, count);
    }
  }

 private:
  using Problem = detail::ResidualProblem<P, Model, Estimator>;

  /// True if teams should fit. A thread keeps the state of a small fit in registers; on hosts it keeps the data of
  /// its pack in its cache.
  [[nodiscard]] bool by_team(int points) const {
    if (options_.parallelism != Parallelism::automatic) {
      return options_.parallelism == Parallelism::team_per_fit;
    }
    return P::on_host ? points > 8192 : n > 10 || points * n > 4096;
  }

  void fit_by_thread(const Exec& exec, const Problem& problem, std::int64_t first,
                     int count) const {
    using Types = detail::ThreadTypes<P, Model>;
    using Kernel = detail::FitByThread<Problem, typename Types::T, typename Types::R, P>;
    constexpr const char* label = "rvfit::ResidualFitter::fit_by_thread";
    if constexpr (P::on_host) {
      // Blocks short enough to share the work, long enough to keep all elements busy to the end.
      const int block =
          std::clamp(count / (4 * exec.concurrency()), int{Kernel::W}, 64 * Kernel::W);
      const auto scratch = Kokkos::PerTeam(Kernel::scratch_bytes(problem.data.points));
      Kokkos::parallel_for(label,
                           Kokkos::TeamPolicy<Exec, Kokkos::Schedule<Kokkos::Dynamic>>(
                               exec, (count + block - 1) / block, 1)
                               .set_scratch_size(1, scratch),
                           Kernel{problem, first, count, block});
    } else {
      // Small blocks: more registers for each thread than one of a full block of a GPU can have.
      using SmallBlocks = Kokkos::RangePolicy<Exec, Kokkos::LaunchBounds<128, 1>, SentAlong>;
      Kokkos::parallel_for(label, SmallBlocks(exec, 0, count), Kernel{problem, first, count, 1});
    }
  }

  void fit_by_team(const Exec& exec, const Problem& problem, std::int64_t first, int count) const {
    const detail::FitByTeam<Problem, P> kernel{problem, first};
    detail::launch_teams<P>("rvfit::ResidualFitter::fit_by_team", exec, kernel, count);
  }

  ResidualOptions options_;
  Estimator estimator_;
  DeviceParameters<P> parameters_;
};

/// Plan and fit in one call, with new arrays for the results.
///
/// @param[in] covariance  also compute covariances and correlations
template <ExecutionPolicy P, ResidualModel Model, class Estimator = LeastSquares>
[[nodiscard]] ResidualFits<P> fit_residuals(const typename P::execution_space& exec,
                                            const Model& model, const ResidualData<P>& data,
                                            const Matrix<const typename P::accum_type, P>& start,
                                            const ResidualOptions& options = {},
                                            const Estimator& estimator = {},
                                            bool covariance = true) {
  ResidualFits<P> out(exec, static_cast<std::int64_t>(start.extent(0)), Model::parameters,
                      covariance);
  ResidualFitter<P, Model, Estimator>(exec, options, estimator).run(exec, model, data, start, out);
  return out;
}

}  // namespace rvfit

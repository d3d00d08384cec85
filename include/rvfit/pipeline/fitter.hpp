// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A fit from spectra to results: plan once, then for each batch bind, scan, minimize, errors, result.

#include <rvfit/pipeline/detail/fitter_kernels.hpp>
#include <rvfit/pipeline/exact_hessian.hpp>
#include <rvfit/pipeline/multi_start.hpp>
#include <rvfit/pipeline/objective.hpp>
#include <rvfit/pipeline/rv_profile.hpp>
#include <rvfit/pipeline/scan.hpp>
#include <rvfit/solver/covariance.hpp>

#include <algorithm>
#include <limits>
#include <optional>
#include <type_traits>
#include <vector>

namespace rvfit {

struct FitOptions {
  ContinuumOptions continuum;
  ScanOptions scan;
  MultiStartOptions starts;
  LmOptions solver;
  HessianKind hessian = HessianKind::gauss_newton;  ///< that errors are made of
  RvProfileOptions profile;
  /// Fixed parameters, priors, narrower bounds; the model's own set if empty.
  std::optional<ParameterSet> parameters;
  bool keep_models = false;  ///< keep best-fit spectra for `model_spectra`
  int tile = 0;              ///< spectra of one pass, a multiple of gemm_row_group; 0 chooses
};

/// Fits batches of spectra with a model. All device memory is allocated by the constructor.
template <class Model, ExecutionPolicy P = typename Model::policy_type>
requires TemplateModel<Model, P>
class Fitter {
 public:
  using Exec = typename P::execution_space;
  using Real = typename P::real_type;
  static_assert(std::is_same_v<typename P::accum_type, double>, "Fitter: accumulates in double");

  /// Plan for the arms and wavelengths of `like`, and up to `capacity` spectra.
  /// @throws InvalidArgument  the model does not cover the wavelengths; unknown arm; bad options
  Fitter(const Exec& exec, const Model& model, const Observations<P>& like, int capacity,
         FitOptions options = {});

  [[nodiscard]] const ParameterSet& parameters() const { return parameters_; }

  /// Use these spectra from now on; their arrays must stay as they are until the results are read.
  void bind(const Exec& exec, const Observations<P>& observations);

  /// Find the starts of every spectrum. Waits for one integer.
  void scan(const Exec& exec);

  /// Start from given parameters (B, P) instead of a scan.
  void start(const Exec& exec, const Matrix<const double, P>& theta);

  /// Minimise from the starts, and keep the lowest minimum of each spectrum.
  void minimize(const Exec& exec);

  /// Covariances, the posterior of rv, chi-squares and best-fit spectra at the solution. Waits for one
  /// integer a pass of the posterior.
  void errors(const Exec& exec);

  /// Download the results; waits for them.
  [[nodiscard]] FitResult result(const Exec& exec) const;

  /// Best-fit spectra of each arm, continuum included, (B, N) row-major; 0 where there is no fit.
  /// @throws InvalidArgument  FitOptions::keep_models was not set
  [[nodiscard]] std::vector<std::vector<float>> model_spectra(const Exec& exec) const {
    require(Phase::done, "model_spectra");
    RVFIT_REQUIRE(options_.keep_models, "Fitter: models were not kept");
    std::vector<std::vector<float>> spectra;
    for (const ProjectionOutputs<P>& extra : extra_) {
      spectra.push_back(rows<float>(exec, extra.model));
    }
    return spectra;
  }

 private:
  using Range = typename P::range_policy;

  /// How far the fit of the spectra bound has come.
  enum class Phase { planned, bound, started, minimized, done };

  void require(Phase wanted, const char* call) const {
    constexpr const char* after[] = {"", "bind", "scan or start", "minimize", "errors"};
    RVFIT_REQUIRE(phase_ == wanted, "Fitter: ", call, " must follow ",
                  after[static_cast<int>(wanted)]);
  }

  /// The parameters of a fit: the model's, or the caller's for the same model, within its bounds.
  [[nodiscard]] static ParameterSet checked_parameters(const FitOptions& options,
                                                       const ParameterSet& model) {
    ParameterSet set = options.parameters.value_or(model);
    RVFIT_REQUIRE(set.names() == model.names(), "Fitter: parameters are ", set.names(),
                  ", the model has ", model.names());
    set.require_valid();
    RVFIT_REQUIRE(set.size() <= max_batched_parameters, "Fitter: ", set.size(),
                  " parameters, at most ", max_batched_parameters, " are supported");
    rvfit::require_valid(options.starts);
    for (int p = 0; p < set.size(); ++p) {
      RVFIT_REQUIRE(set[p].lower >= model[p].lower && set[p].upper <= model[p].upper,
                    "Fitter: bounds of ", set[p].name, " are [", set[p].lower, ", ", set[p].upper,
                    "], the model's [", model[p].lower, ", ", model[p].upper, "]");
    }
    return set;
  }

  [[nodiscard]] int tile(const Exec& exec, int capacity) const {
    if (options_.tile > 0) {
      return options_.tile;
    }
    // On hosts enough for every thread to have some blocks of each product; on devices to fill one.
    const int wanted = P::on_host ? std::clamp(64 * exec.concurrency(), 128, 2048) : 2048;
    const int padded = (capacity + gemm_row_group - 1) / gemm_row_group * gemm_row_group;
    return std::clamp(padded, gemm_row_group, wanted);
  }

  /// The first `size_` rows of a view, converted.
  template <class T, class View>
  [[nodiscard]] std::vector<T> rows(const Exec& exec, const View& view) const {
    return download_rows<T>(exec, view, static_cast<std::size_t>(size_));
  }

  FitOptions options_;
  ParameterSet parameters_;
  Objective<P, Model> objective_;
  Scan<P, Model> scan_;
  RvProfile<P, Model> profile_;
  std::optional<ExactHessian<P, Model>> exact_hessian_;
  LmWorkspace<P> state_;  ///< of K fits a spectrum: fit k B + b is start k of spectrum b
  Covariance<P> covariance_;
  ActiveList<P> list_;
  Vector<double, P> start_rv_;                   ///< (K B), of the best start in the first B
  Vector<double, P> second_rv_, second_excess_;  ///< (B)
  std::vector<ProjectionOutputs<P>> extra_;
  int size_ = 0;    ///< B
  int starts_ = 0;  ///< K of the fit under way
  Phase phase_ = Phase::planned;
};

template <class Model, ExecutionPolicy P>
requires TemplateModel<Model, P> Fitter<Model, P>::Fitter(const Exec& exec, const Model& model,
                                                          const Observations<P>& like, int capacity,
                                                          FitOptions options)
    : options_(std::move(options)),
      parameters_(checked_parameters(options_, model.parameters())),
      objective_(exec, model, parameters_, like, capacity, options_.continuum,
                 tile(exec, capacity)),
      scan_(exec, model, parameters_, like, capacity, options_.continuum, tile(exec, capacity),
            options_.scan),
      profile_(exec, parameters_, capacity, options_.profile),
      state_(exec, capacity * options_.scan.candidates, parameters_.size()),
      covariance_(exec, capacity, parameters_.size()),
      list_(exec, capacity * options_.scan.candidates),
      start_rv_(allocate<Vector<double, P>>(exec, "rvfit::Fitter::start_rv",
                                            capacity * options_.scan.candidates)),
      second_rv_(allocate<Vector<double, P>>(exec, "rvfit::Fitter::second_rv", capacity)),
      second_excess_(allocate<Vector<double, P>>(exec, "rvfit::Fitter::second_excess", capacity)) {
  if (options_.hessian == HessianKind::exact) {
    exact_hessian_.emplace(exec, parameters_, capacity);
  }
  for (const SpectrumBatch<P>& arm : like) {
    ProjectionOutputs<P> extra;
    extra.chi2 = allocate<Vector<typename P::accum_type, P>>(exec, "rvfit::Fitter::chi2", capacity);
    if (options_.keep_models) {
      extra.model = allocate<Matrix<Real, P>>(exec, "rvfit::Fitter::model", capacity, arm.pixels());
    }
    extra_.push_back(extra);
  }
}

template <class Model, ExecutionPolicy P>
requires TemplateModel<Model, P>
void Fitter<Model, P>::bind(const Exec& exec, const Observations<P>& observations) {
  phase_ = Phase::planned;  // until all is well
  objective_.bind(exec, observations);
  size_ = objective_.size();
  const int fits = size_ * options_.scan.candidates;
  Kokkos::deep_copy(exec, state_.status, FitStatus::no_valid_pixels);
  Kokkos::deep_copy(exec, state_.theta, Kokkos::Experimental::quiet_NaN_v<double>);
  Kokkos::deep_copy(exec, state_.rounding, 0.0);
  for (int a = 0; a < objective_.arm_count(); ++a) {
    const SpectrumView<P>& data = objective_.data(a);
    Kokkos::parallel_for(
        "rvfit::Fitter::bind", Range(exec, 0, fits),
        detail::RunIfObserved<P>{data.good, size_, options_.continuum.columns, state_.status});
    Kokkos::parallel_for("rvfit::Fitter::rounding", Range(exec, 0, fits),
                         detail::AddRounding<P>{data.signal, data.good, size_, state_.rounding});
    const ProjectionOutputs<P>& extra = extra_[static_cast<std::size_t>(a)];
    Kokkos::deep_copy(exec, extra.chi2, 0.0);
    if (options_.keep_models) {
      Kokkos::deep_copy(exec, extra.model, Real(0));
    }
  }
  list_.share_spectra(size_);
  state_.active.share_spectra(size_);
  list_.select(exec, size_, size_, detail::IsRunning<P>{state_.status});
  scan_.fit_continuum(exec, objective_, list_);
  phase_ = Phase::bound;
}

template <class Model, ExecutionPolicy P>
requires TemplateModel<Model, P>
void Fitter<Model, P>::scan(const Exec& exec) {
  require(Phase::bound, "scan");
  starts_ = options_.scan.candidates;
  const int fits = starts_ * size_;
  const Cube<double, P>& candidates = scan_.run(exec, objective_, list_);
  Kokkos::parallel_for(
      "rvfit::Fitter::take_starts", Range(exec, 0, fits),
      detail::TakeStarts<P>{state_, candidates, scan_.gains(), options_.starts, size_});
  if (starts_ > 1) {
    list_.select(exec, fits, fits, detail::IsRunning<P>{state_.status});
    list_.refresh(exec);  // most starts are given up: one integer spares their templates
    objective_.evaluate(exec, list_, state_.theta, state_.proposed);
    Kokkos::parallel_for("rvfit::Fitter::screen", Range(exec, 0, size_),
                         detail::ScreenStarts<P>{state_, state_.proposed.value, scan_.gains(),
                                                 options_.starts, size_, starts_});
  }
  phase_ = Phase::started;
}

template <class Model, ExecutionPolicy P>
requires TemplateModel<Model, P>
void Fitter<Model, P>::start(const Exec& exec, const Matrix<const double, P>& theta) {
  require(Phase::bound, "start");
  RVFIT_REQUIRE(static_cast<int>(theta.extent(0)) == size_ &&
                    static_cast<int>(theta.extent(1)) == parameters_.size(),
                "Fitter: start is ", theta.extent(0), " x ", theta.extent(1), ", wanted ", size_,
                " x ", parameters_.size());
  starts_ = 1;
  Kokkos::deep_copy(
      exec, Kokkos::subview(state_.theta, Kokkos::pair<int, int>(0, size_), Kokkos::ALL), theta);
  phase_ = Phase::started;
}

template <class Model, ExecutionPolicy P>
requires TemplateModel<Model, P>
void Fitter<Model, P>::minimize(const Exec& exec) {
  require(Phase::started, "minimize");
  const int rv = parameters_.index("rv");
  Kokkos::parallel_for("rvfit::Fitter::record_starts", Range(exec, 0, starts_ * size_),
                       detail::RecordStarts<P>{state_.theta, rv, start_rv_});
  MultiStart<P, Model> problem(objective_, options_.starts, starts_);
  rvfit::minimize<P>(exec, problem, objective_.parameters(), options_.solver, starts_ * size_,
                     state_);
  Kokkos::parallel_for("rvfit::Fitter::keep_best", Range(exec, 0, size_),
                       detail::KeepBest<P>{state_, scan_.gains(), options_.starts, size_, starts_,
                                           rv, start_rv_, second_rv_, second_excess_});
  phase_ = Phase::minimized;
}

template <class Model, ExecutionPolicy P>
requires TemplateModel<Model, P>
void Fitter<Model, P>::errors(const Exec& exec) {
  require(Phase::minimized, "errors");
  profile_.run(exec, objective_, state_, size_, second_rv_, second_excess_);
  list_.select(exec, size_, size_, detail::IsSolution<P>{state_.status});
  if (exact_hessian_) {
    exact_hessian_->run(exec, objective_, list_, state_);
  }
  invert_hessians<P>(exec, size_, state_, objective_.parameters(), covariance_);
  objective_.evaluate(exec, list_, state_.theta, state_.proposed, extra_);
  phase_ = Phase::done;
}

template <class Model, ExecutionPolicy P>
requires TemplateModel<Model, P> FitResult Fitter<Model, P>::result(const Exec& exec)
const {
  require(Phase::done, "result");
  FitResult out;
  out.parameters = parameters_;
  out.size = size_;
  out.arms = objective_.arm_count();
  out.theta = rows<double>(exec, state_.theta);
  out.covariance = rows<double>(exec, covariance_.matrix);
  out.neg2_log_like = rows<double>(exec, state_.proposed.value);
  out.status = rows<FitStatus>(exec, state_.status);
  out.bound_flags = rows<std::uint32_t>(exec, covariance_.bound);
  out.bad_hessian = rows<std::uint8_t>(exec, covariance_.bad);
  out.iterations = rows<std::int32_t>(exec, state_.iterations);
  out.profile_error = rows<double>(exec, profile_.moments().error);
  out.profile_skewness = rows<double>(exec, profile_.moments().skewness);
  out.profile_kurtosis = rows<double>(exec, profile_.moments().kurtosis);
  out.start_rv = rows<double>(exec, start_rv_);
  out.second_rv = rows<double>(exec, second_rv_);
  out.second_excess = rows<double>(exec, second_excess_);
  const auto size = static_cast<std::size_t>(size_);
  const auto arms = static_cast<std::size_t>(out.arms);
  const auto n = static_cast<std::size_t>(parameters_.size());
  out.chi2.resize(size * arms);
  out.continuum_chi2.resize(size * arms);
  out.pixels.resize(size * arms);
  for (std::size_t a = 0; a < arms; ++a) {
    const auto chi2 = rows<double>(exec, extra_[a].chi2);
    const auto continuum = rows<double>(exec, scan_.continuum_chi2()[a]);
    const auto good = rows<std::int32_t>(exec, objective_.data(static_cast<int>(a)).good);
    for (std::size_t b = 0; b < size; ++b) {
      out.chi2[b * arms + a] =
          is_solution(out.status[b]) ? chi2[b] : std::numeric_limits<double>::quiet_NaN();
      const bool fitted = has_enough_pixels(good[b], options_.continuum.columns);
      out.continuum_chi2[b * arms + a] = fitted ? continuum[b] : 0.0;
      out.pixels[b * arms + a] = fitted ? good[b] : 0;
    }
  }
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  out.error.resize(size * n);
  for (std::size_t b = 0; b < size; ++b) {
    const bool solved = is_solution(out.status[b]);
    out.neg2_log_like[b] = solved ? out.neg2_log_like[b] : nan;
    for (std::size_t p = 0; p < n; ++p) {
      out.theta[b * n + p] = solved ? out.theta[b * n + p] : nan;
      out.error[b * n + p] = std::sqrt(out.covariance[(b * n + p) * n + p]);
    }
  }
  return out;
}

}  // namespace rvfit

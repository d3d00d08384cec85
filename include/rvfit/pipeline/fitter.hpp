// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A fit planned once and run for one batch of spectra after another: `run`, or its phases one by one
/// for programs that time them or have other work between them.
///
/// - `bind` takes the spectra and fits the continuum alone.
/// - `scan` finds starts on a grid of rv and templates; `start` takes given ones.
/// - `minimize` runs Levenberg-Marquardt from the starts and keeps the lowest minimum of each spectrum.
/// - `uncertainties` computes covariances and the posterior of rv there.
/// - `result` copies one row for each spectrum to the host.

#include <rvfit/pipeline/detail/download_fit.hpp>
#include <rvfit/pipeline/detail/fitter_kernels.hpp>
#include <rvfit/pipeline/detail/plan_fit.hpp>
#include <rvfit/pipeline/exact_hessian.hpp>
#include <rvfit/pipeline/fit_options.hpp>
#include <rvfit/pipeline/multi_start.hpp>
#include <rvfit/pipeline/objective.hpp>
#include <rvfit/pipeline/rv_profile.hpp>
#include <rvfit/pipeline/scan.hpp>
#include <rvfit/solver/covariance.hpp>

#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace rvfit {

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

  /// Fit these spectra: all phases from a scan to the result, which the call waits for.
  /// @throws InvalidArgument  as `bind`, and below as `start`
  [[nodiscard]] FitResult run(const Exec& exec, const Observations<P>& spectra) {
    bind(exec, spectra);
    scan(exec);
    return finish(exec);
  }

  /// The same from given parameters (B, P) instead of a scan.
  [[nodiscard]] FitResult run(const Exec& exec, const Observations<P>& spectra,
                              const Matrix<const double, P>& theta) {
    bind(exec, spectra);
    start(exec, theta);
    return finish(exec);
  }

  /// Use these spectra from now on; their arrays must stay as they are until the results are read.
  /// @throws InvalidArgument  arms, wavelengths or numbers of pixels other than planned for; more spectra
  void bind(const Exec& exec, const Observations<P>& observations);

  /// Find the starts of every spectrum. Waits for one integer.
  void scan(const Exec& exec);

  /// Start from given parameters (B, P) instead of a scan.
  /// @throws InvalidArgument  another shape
  void start(const Exec& exec, const Matrix<const double, P>& theta);

  /// Minimise from the starts, and keep the lowest minimum of each spectrum.
  void minimize(const Exec& exec);

  /// Covariances, the posterior of rv, chi-squares and best-fit spectra at the solution. Waits for one
  /// integer a pass of the posterior.
  void uncertainties(const Exec& exec);

  /// Download the results; waits for them.
  [[nodiscard]] FitResult result(const Exec& exec) const;

  /// Best-fit spectra of each exposure, continuum included, (B, N) row-major; 0 where there is no fit.
  /// @throws InvalidArgument  FitOptions::keep_models was not set
  [[nodiscard]] std::vector<std::vector<float>> model_spectra(const Exec& exec) const {
    require(Phase::done, "model_spectra");
    RVFIT_REQUIRE(options_.keep_models, "Fitter: models were not kept");
    std::vector<std::vector<float>> spectra;
    for (int a = 0; a < objective_.exposure_count(); ++a) {
      const auto& model = extra_[static_cast<std::size_t>(a)].model;
      spectra.push_back(download_rows<float>(exec, model, static_cast<std::size_t>(size_)));
      detail::to_own_unit<P>(exec, objective_.data(a).unit, spectra.back());
    }
    return spectra;
  }

 private:
  using Range = typename P::range_policy;

  /// Progress of the fit of the spectra bound.
  enum class Phase { planned, bound, started, minimized, done };

  void require(Phase wanted, const char* call) const {
    constexpr const char* after[] = {"", "bind", "scan or start", "minimize", "uncertainties"};
    RVFIT_REQUIRE(phase_ == wanted, "Fitter: ", call, " must follow ",
                  after[static_cast<int>(wanted)]);
  }

  [[nodiscard]] FitResult finish(const Exec& exec) {
    minimize(exec);
    uncertainties(exec);
    return result(exec);
  }

  FitOptions options_;
  ParameterSet parameters_;
  int tile_;
  Objective<P, Model> objective_;
  Scan<P, Model> scan_;
  RvProfile<P> profile_;
  std::optional<ExactHessian<P, Model>> exact_hessian_;
  LmWorkspace<P> state_;  ///< of K fits a spectrum: fit k B + b is start k of spectrum b
  Covariance<P> covariance_;
  ActiveList<P> list_;
  detail::StartRecord<P> record_;
  std::vector<ProjectionOutputs<P>> extra_;
  Vector<int, P> template_of_;    ///< (K B)  of the scan, that each fit begins at
  KeptTemplates<P, Model> kept_;  ///< that the fit under way begins at
  int size_ = 0;                  ///< B
  int starts_ = 0;                ///< K of the fit under way
  Phase phase_ = Phase::planned;
};

template <class Model, ExecutionPolicy P>
requires TemplateModel<Model, P> Fitter<Model, P>::Fitter(const Exec& exec, const Model& model,
                                                          const Observations<P>& like, int capacity,
                                                          FitOptions options)
    : options_(std::move(options)),
      parameters_(detail::checked_parameters(options_, model.parameters())),
      tile_(detail::tile_size<P>(exec, capacity, options_.tile)),
      objective_(exec, model, parameters_, like, capacity, options_.continuum, tile_),
      scan_(exec, model, parameters_, like, capacity, options_.continuum, tile_, options_.scan),
      profile_(exec, parameters_, capacity, options_.profile),
      state_(exec, capacity * options_.scan.candidates, parameters_.size()),
      covariance_(exec, capacity, parameters_.size()),
      list_(exec, capacity * options_.scan.candidates),
      record_(exec, capacity, options_.scan.candidates),
      template_of_(allocate<Vector<int, P>>(exec, "rvfit::Fitter::template_of",
                                            capacity * options_.scan.candidates)) {
  if (capacity >= options_.scan.templates) {  // for fewer spectra it would cost more than it saves
    scan_.keep(exec, objective_.model(), like);
  }
  if (options_.hessian == HessianKind::exact) {
    exact_hessian_.emplace(exec, parameters_, capacity);
  }
  for (const SpectrumBatch<P>& arm : like) {
    extra_.push_back(detail::allocate_outputs(exec, arm, capacity, options_.keep_models));
  }
}

template <class Model, ExecutionPolicy P>
requires TemplateModel<Model, P>
void Fitter<Model, P>::bind(const Exec& exec, const Observations<P>& observations) {
  phase_ = Phase::planned;  // until all is well
  objective_.bind(exec, observations);
  size_ = objective_.size();
  const int fits = size_ * options_.scan.candidates;
  detail::clear_fits<P>(exec, state_);
  for (int a = 0; a < objective_.exposure_count(); ++a) {
    detail::bind_arm<P>(exec, objective_.data(a), size_, fits, options_.continuum.columns, state_);
    detail::clear_outputs<P>(exec, extra_[static_cast<std::size_t>(a)]);
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
  Kokkos::parallel_for("rvfit::Fitter::take_starts", Range(exec, 0, fits),
                       detail::TakeStarts<P>{state_, candidates, scan_.templates_of(),
                                             scan_.gains(), template_of_, options_.starts, size_});
  kept_ = scan_.kept();
  if constexpr (KeepsTemplates<Model, P>) {
    kept_.of_fit = template_of_;
  }
  if (starts_ > 1) {
    list_.select(exec, fits, fits, detail::IsRunning<P>{state_.status});
    list_.refresh(exec);  // most starts are given up: one integer spares their templates
    objective_.evaluate(exec, list_, state_.theta, state_.proposed, {}, kept_);
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
  kept_ = {};
  Kokkos::deep_copy(exec, first_rows(state_.theta, static_cast<std::size_t>(size_)), theta);
  phase_ = Phase::started;
}

template <class Model, ExecutionPolicy P>
requires TemplateModel<Model, P>
void Fitter<Model, P>::minimize(const Exec& exec) {
  require(Phase::started, "minimize");
  const int rv = parameters_.index("rv");
  Kokkos::parallel_for("rvfit::Fitter::record_starts", Range(exec, 0, starts_ * size_),
                       detail::RecordStarts<P>{state_.theta, rv, record_.start_rv});
  MultiStart<P, Model> problem(objective_, options_.starts, starts_, kept_);
  rvfit::minimize<P>(exec, problem, objective_.parameters(), options_.solver, starts_ * size_,
                     state_);
  Kokkos::parallel_for(
      "rvfit::Fitter::keep_best", Range(exec, 0, size_),
      detail::KeepBest<P>{state_, scan_.gains(), options_.starts, size_, starts_, rv,
                          record_.start_rv, record_.second_rv, record_.second_excess});
  phase_ = Phase::minimized;
}

template <class Model, ExecutionPolicy P>
requires TemplateModel<Model, P>
void Fitter<Model, P>::uncertainties(const Exec& exec) {
  require(Phase::minimized, "uncertainties");
  // Values at the solution come with the profile, whose templates they share.
  const bool with_profile = profile_.sees_all() && !exact_hessian_;
  if (with_profile) {
    const typename Objective<P, Model>::Solution solution{state_.theta, state_.proposed, extra_};
    profile_.run(exec, objective_, state_, size_, record_.second_rv, record_.second_excess,
                 solution);
  } else {
    profile_.run(exec, objective_, state_, size_, record_.second_rv, record_.second_excess);
  }
  list_.select(exec, size_, size_, detail::IsSolution<P>{state_.status});
  if (exact_hessian_) {
    exact_hessian_->run(exec, objective_, list_, state_);
  }
  invert_hessians<P>(exec, size_, state_, objective_.parameters(), covariance_);
  if (!with_profile) {
    objective_.evaluate(exec, list_, state_.theta, state_.proposed, extra_);
  }
  phase_ = Phase::done;
}

template <class Model, ExecutionPolicy P>
requires TemplateModel<Model, P> FitResult Fitter<Model, P>::result(const Exec& exec)
const {
  require(Phase::done, "result");
  std::vector<detail::ArmFit<P>> arms;
  for (int a = 0; a < objective_.exposure_count(); ++a) {
    const auto index = static_cast<std::size_t>(a);
    arms.push_back({extra_[index].chi2, scan_.continuum_chi2()[index], objective_.data(a).good,
                    objective_.data(a).unit});
  }
  return detail::download_fit<P>(exec, size_, parameters_, state_, covariance_, profile_.moments(),
                                 record_, arms, options_.continuum.columns);
}

}  // namespace rvfit

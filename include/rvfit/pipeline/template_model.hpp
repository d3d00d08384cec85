// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The concept of a model of stellar spectra that can be fitted. docs/template_model.md makes one.

#include <rvfit/core/tile.hpp>
#include <rvfit/data/linearization.hpp>
#include <rvfit/data/parameters.hpp>
#include <rvfit/data/prepare_options.hpp>

#include <concepts>
#include <string>
#include <vector>

namespace rvfit {

/// A model theta -> template on the pixels of observed arms, for a tile of spectra at once.
///
/// A model has arms (spectrograph setups). For each, `synthesize` makes the part that does not depend on
/// the observed pixels (emulator, rotation), and `observe` the template on the pixels of one observed
/// arm. Several exposures of an arm share one synthesis, and so do all velocities of a scan or of a
/// profile of rv: rv acts in `observe` alone. `lanes` is 1 for values; with tangents it is
/// 1 + parameters().size(), and 1 + the tangents of the exposure for `SeparateVelocities`. `Plan` holds
/// what depends on the wavelengths alone, `Workspace` the device arrays of one tile. All calls enqueue on
/// `exec` and, but for `plan` and the constructor of `Workspace`, allocate nothing.
///
/// A continuum multiplies the template and is marginalised: its flux scale is arbitrary.
template <class Model, class P>
concept TemplateModel = requires(const Model& model, const typename P::execution_space& exec,
                                 const std::string& name, int arm, const Tile<P>& tile,
                                 const Matrix<const double, P>& theta, int lanes,
                                 typename Model::Workspace& workspace,
                                 const typename Model::Plan& plan, const Jets<P>& jets,
                                 const Matrix<const double, P>& wave,
                                 const Vector<const double, P>& weight, const Linearization<P>& out,
                                 bool derivatives, double rv) {
  /// Parameters in the order of the lanes; one is called "rv".
  { model.parameters() } -> std::convertible_to<const ParameterSet&>;
  /// Number of arms, and the position of one by name (throws InvalidArgument if unknown).
  { model.arms() } -> std::convertible_to<int>;
  { model.arm_index(name) } -> std::convertible_to<int>;
  /// Throws InvalidArgument if the model does not cover the wavelengths at every rv in a range.
  model.require_coverage(exec, arm, wave, rv, rv);
  { model.plan(exec, arm, wave) } -> std::same_as<typename Model::Plan>;
  requires std::constructible_from<typename Model::Workspace, const typename P::execution_space&,
                                   const Model&, int>;
  model.synthesize(exec, arm, tile, theta, lanes, workspace);
  /// jets (T, lanes, N)
  model.observe(exec, plan, tile, theta, lanes, jets, workspace);
  /// Add weight(b) x how far theta is outside the model's domain, with derivatives if asked for.
  model.add_penalty(exec, arm, tile, theta, weight, out, derivatives);
  /// (count, P) row-major: points that cover the domain, rv 0, for the scan's templates.
  { model.start_points(lanes) } -> std::convertible_to<std::vector<double>>;
};

/// A model in which exposures have velocities of their own: parameters rv, rv_2, .. are neighbours
/// in its set, and jets have tangents by everything but the velocities of other exposures.
template <class Model, class P>
concept SeparateVelocities = TemplateModel<Model, P> &&
    requires(const Model& model, const typename P::execution_space& exec, int arm,
             const Matrix<const double, P>& wave, int exposure, const typename Model::Plan& plan) {
  /// The number of velocities.
  { model.velocities() } -> std::convertible_to<int>;
  { model.plan(exec, arm, wave, exposure) } -> std::same_as<typename Model::Plan>;
  { model.tangents(plan) } -> std::convertible_to<Tangents>;
};

/// A model whose templates can be kept, to be observed whenever fits are at their parameters again.
template <class Model, class P>
concept KeepsTemplates = TemplateModel<Model, P> &&
    requires(const Model& model, const typename P::execution_space& exec, int arm,
             const Tile<P>& tile, const Matrix<const double, P>& theta, int lanes,
             const typename Model::Plan& plan, const Jets<P>& jets,
             const typename Model::Kept& kept, const Vector<const int, P>& templates) {
  /// Make the templates of a tile with their tangents; allocates.
  { model.keep(exec, arm, tile, theta) } -> std::same_as<typename Model::Kept>;
  /// As `observe`, of template templates(b) for fit b: the same bits as if it were synthesized.
  model.observe_kept(exec, plan, tile, theta, lanes, jets, kept, templates);
};

/// A model that can leave out template pixels that no observed pixel sees.
template <class Model, class P>
concept TrimsTemplates = TemplateModel<Model, P> &&
    requires(const Model& model, int arm, const WaveRange& observed, double rv) {
  /// The same model for observations of one of its arms in a range of wavelengths, at velocities of a range. Values
  /// agree to rounding.
  { model.trimmed(arm, observed, rv, rv) } -> std::same_as<Model>;
};

/// Velocities of a model: 1 unless its exposures have their own.
template <ExecutionPolicy P, TemplateModel<P> Model>
[[nodiscard]] int velocity_count(const Model& model) {
  if constexpr (SeparateVelocities<Model, P>) {
    return model.velocities();
  } else {
    return 1;
  }
}

/// The velocity that shifts jets with these tangents, of a set whose first is `rv`.
template <ExecutionPolicy P, TemplateModel<P> Model>
[[nodiscard]] int velocity_of(const Tangents& tangents, int rv) {
  return SeparateVelocities<Model, P> ? tangents.last : rv;
}

/// Plan of one exposure of an arm.
/// @throws InvalidArgument  as the model's own; an exposure that has no velocity
template <ExecutionPolicy P, TemplateModel<P> Model>
[[nodiscard]] typename Model::Plan plan_exposure(const typename P::execution_space& exec,
                                                 const Model& model, int arm,
                                                 const Matrix<const double, P>& wave,
                                                 int exposure) {
  if constexpr (SeparateVelocities<Model, P>) {
    return model.plan(exec, arm, wave, exposure);
  } else {
    return model.plan(exec, arm, wave);
  }
}

/// Tangents of the jets of a plan.
template <ExecutionPolicy P, TemplateModel<P> Model>
[[nodiscard]] Tangents tangents_of(const Model& model, const typename Model::Plan& plan) {
  if constexpr (SeparateVelocities<Model, P>) {
    return model.tangents(plan);
  } else {
    return model.parameters().size();
  }
}

}  // namespace rvfit

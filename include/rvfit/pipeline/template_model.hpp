// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// What a model of stellar spectra provides to be fitted.

#include <rvfit/core/tile.hpp>
#include <rvfit/data/linearization.hpp>
#include <rvfit/data/parameters.hpp>

#include <concepts>
#include <string>
#include <vector>

namespace rvfit {

/// A model theta -> template on the pixels of observed arms, for a tile of spectra at once.
///
/// A model has arms (spectrograph setups). For each, `synthesize` makes what does not depend on the
/// observed pixels (emulator, rotation), and `observe` the template on the pixels of one observed
/// arm: several exposures of an arm share one synthesis. `lanes` is 1 for values, or
/// 1 + parameters().size() for values and tangents. `Plan` holds what depends on the wavelengths
/// alone; `Workspace` the device arrays of one tile. All calls enqueue on `exec` and, but for `plan`
/// and the constructor of `Workspace`, allocate nothing.
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

}  // namespace rvfit

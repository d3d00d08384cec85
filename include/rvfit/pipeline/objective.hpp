// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The objective of a batch of spectra,
///
///   neg2_log_like(theta) = sum_p ((theta_p - mean_p) / sigma_p)^2                      priors
///                        + sum_arms penalty x distance of theta outside its domain
///                        + sum_arms sum_exposures continuum-marginalised likelihood
///
/// with the likelihood of continuum/projection.hpp. It works through its list tile by tile; an arm's
/// templates are synthesized once for all of its exposures.

#include <rvfit/continuum/projection.hpp>
#include <rvfit/linalg/gemm.hpp>
#include <rvfit/pipeline/detail/objective_plan.hpp>
#include <rvfit/pipeline/kept_templates.hpp>
#include <rvfit/solver/lm.hpp>
#include <rvfit/stages/resolution.hpp>

#include <vector>

namespace rvfit {

/// Penalty for each half-space unit squared outside the domain, per pixel: rvspecfit's value.
inline constexpr double domain_penalty_per_pixel = 10.0;

/// neg2_log_like of a batch as a function of theta; meets `BatchedObjective`.
template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P>
class Objective {
 public:
  using Exec = typename P::execution_space;
  using Real = typename P::real_type;

  /// Plan for the arms and wavelengths of `like`, whose spectra are not used but for whether they have
  /// resolution matrices, and for up to `capacity` spectra.
  ///
  /// @param[in] tile  spectra of one pass, a multiple of gemm_row_group
  /// @throws InvalidArgument  unknown arm, wavelengths not covered, no arms
  Objective(const Exec& exec, const Model& model, const ParameterSet& parameters,
            const Observations<P>& like, int capacity, const ContinuumOptions& continuum, int tile);

  /// Use these spectra from now on: same arms and wavelengths as planned for.
  /// @throws InvalidArgument  other arms, wavelengths or numbers of pixels; too many spectra
  void bind(const Exec& exec, const Observations<P>& observations);

  [[nodiscard]] int size() const { return plan_.size(); }
  [[nodiscard]] const DeviceParameters<P>& parameters() const { return parameters_; }
  /// The model, its templates no longer than the wavelengths planned for can see.
  [[nodiscard]] const Model& model() const { return model_; }

  /// Exposures planned for, of all arms, and one of them in the order of the observations.
  [[nodiscard]] int exposure_count() const { return static_cast<int>(plan_.exposures().size()); }
  [[nodiscard]] const SpectrumView<P>& data(int e) const { return exposure(e).data; }
  [[nodiscard]] const Cube<const Real, P>& basis(int e) const { return exposure(e).basis; }
  /// Nodes of the basis; none on devices.
  [[nodiscard]] const ContinuumNodes<P>& nodes(int e) const { return exposure(e).nodes; }

  using Kept = KeptTemplates<P, Model>;

  /// Values alone.
  /// @param[in] extra  further outputs for each of the arms and exposures, or none
  /// @param[in] kept   where not empty, theta is that of these templates but for the velocities
  void evaluate(const Exec& exec, const ActiveList<P>& list, const Matrix<const double, P>& theta,
                const Linearization<P>& out, const std::vector<ProjectionOutputs<P>>& extra = {},
                const Kept& kept = {});

  /// Values, gradients and curvatures.
  /// @param[in] kept  as above
  void linearize(const Exec& exec, const ActiveList<P>& list, const Matrix<const double, P>& theta,
                 const Linearization<P>& out, const Kept& kept = {});

  /// One more point beside several that differ from it in velocity alone.
  struct Solution {
    Matrix<const double, P> theta;  ///< (B, P)
    Linearization<P> out;           ///< its value
    std::vector<ProjectionOutputs<P>> extra;
  };

  /// Values at G velocities of each fit, with one synthesis for all of them.
  ///
  /// @param[in]  theta   (G, B, P)  equal but for the velocities
  /// @param[out] values  (G, B)     neg2_log_like, without the penalty outside the model's domain,
  ///                                the same for all g
  void evaluate_velocities(const Exec& exec, const ActiveList<P>& list,
                           const Cube<const double, P>& theta, const Matrix<double, P>& values);

  /// The same, and the objective at the solution as `evaluate` gives it.
  void evaluate_velocities(const Exec& exec, const ActiveList<P>& list,
                           const Cube<const double, P>& theta, const Matrix<double, P>& values,
                           const Solution& solution);

 private:
  using Exposure = detail::PlannedExposure<P, Model>;

  /// A point of evaluation, and the sums that it adds to.
  struct Point {
    Matrix<const double, P> theta;  ///< (B, P)
    Linearization<P> out;
    bool derivatives;
    bool domain_penalty;
    const Kept* kept = nullptr;
    const std::vector<ProjectionOutputs<P>>* extra = nullptr;  ///< for each exposure
  };

  [[nodiscard]] static int checked_tile(int tile) {
    RVFIT_REQUIRE(tile > 0 && tile % gemm_row_group == 0, "Objective: tile of ", tile,
                  " spectra, not a multiple of ", gemm_row_group);
    return tile;
  }

  [[nodiscard]] const Exposure& exposure(int a) const {
    return plan_.exposures()[static_cast<std::size_t>(a)];
  }

  /// Point g of several that differ in velocity alone.
  [[nodiscard]] static Point at_velocity(const Cube<const double, P>& theta,
                                         const Matrix<double, P>& values, int g) {
    Linearization<P> out;
    out.value = Kokkos::subview(values, g, Kokkos::ALL);
    return {Kokkos::subview(theta, g, Kokkos::ALL, Kokkos::ALL), out, false, false};
  }

  /// Memory for the jets of any exposure of a tile.
  [[nodiscard]] Vector<Real, P> jets_memory(const Exec& exec, const char* label, int pixels) const {
    return allocate_raw<Vector<Real, P>>(exec, label,
                                         static_cast<std::size_t>(tile_) *
                                             static_cast<std::size_t>(plan_.lanes()) *
                                             static_cast<std::size_t>(pixels));
  }
  [[nodiscard]] static Jets<P> jets_in(const Vector<Real, P>& memory, const Tile<P>& tile,
                                       int lanes, const Exposure& exposure) {
    return Jets<P>(memory.data(), static_cast<std::size_t>(tile.size),
                   static_cast<std::size_t>(lanes),
                   static_cast<std::size_t>(exposure.data.pixels()));
  }

  /// Evaluate at several points that differ in velocity alone.
  template <class PointOf>
  void accumulate(const Exec& exec, const ActiveList<P>& list, int points, const PointOf& point);

  void add_priors(const Exec& exec, const Tile<P>& tile, const Point& at) const {
    Kokkos::parallel_for(
        "rvfit::Objective::begin", typename P::range_policy(exec, 0, tile.size),
        detail::BeginObjective<P>{tile, at.theta, parameters_, at.out, at.derivatives});
  }
  /// Templates on the pixels of an exposure, of the arm that was synthesized last or is kept.
  void observe(const Exec& exec, const Tile<P>& tile, const Exposure& exposure, const Point& at,
               int lanes, const Jets<P>& jets) {
    if constexpr (KeepsTemplates<Model, P>) {
      if (at.kept != nullptr && !at.kept->empty()) {
        model_.observe_kept(exec, exposure.plan, tile, at.theta, lanes, jets,
                            at.kept->arms[static_cast<std::size_t>(exposure.arm)], at.kept->of_fit);
        return;
      }
    }
    model_.observe(exec, exposure.plan, tile, at.theta, lanes, jets, workspace_);
  }
  /// Add an exposure of the arm that was synthesized last or is kept.
  void add_exposure(const Exec& exec, const Tile<P>& tile, const Exposure& exposure,
                    const Point& at, const ProjectionOutputs<P>& extra);

  Model model_;  ///< without template pixels that are not seen
  DeviceParameters<P> parameters_;
  int tile_;
  typename Model::Workspace workspace_;
  detail::ObjectivePlan<P, Model> plan_;
  Vector<Real, P> jets_;
  Vector<Real, P> resolved_jets_;  ///< after the resolution matrices; empty if planned without
};

template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P> Objective<P, Model>::Objective(
    const Exec& exec, const Model& model, const ParameterSet& parameters,
    const Observations<P>& like, int capacity, const ContinuumOptions& continuum, int tile)
    : model_(detail::without_unseen(exec, model, parameters, like)),
      parameters_(exec, parameters),
      tile_(checked_tile(tile)),
      workspace_(exec, model_, tile),
      plan_(exec, model_, parameters, like, capacity, continuum),
      jets_(jets_memory(exec, "rvfit::Objective::jets", plan_.pixels())),
      resolved_jets_(jets_memory(exec, "rvfit::Objective::resolved_jets", plan_.resolved())) {}

template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P>
template <class PointOf>
void Objective<P, Model>::accumulate(const Exec& exec, const ActiveList<P>& list, int points,
                                     const PointOf& point) {
  list.for_each_tile(tile_, [&](const Tile<P>& tile) {
    for (int g = 0; g < points; ++g) {
      add_priors(exec, tile, point(g));
    }
    for (const auto& arm : plan_.arms()) {
      const Point first = point(0);
      if (first.kept == nullptr || first.kept->empty()) {
        model_.synthesize(exec, arm.index, tile, first.theta, first.derivatives ? plan_.lanes() : 1,
                          workspace_);
      }
      if (first.domain_penalty) {
        model_.add_penalty(exec, arm.index, tile, first.theta, arm.penalty, first.out,
                           first.derivatives);
      }
      for (const std::size_t e : arm.exposures) {
        for (int g = 0; g < points; ++g) {
          const Point at = point(g);
          const bool more = at.extra != nullptr && !at.extra->empty();
          add_exposure(exec, tile, plan_.exposures()[e], at,
                       more ? (*at.extra)[e] : ProjectionOutputs<P>{});
        }
      }
    }
  });
}

template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P>
void Objective<P, Model>::add_exposure(const Exec& exec, const Tile<P>& tile,
                                       const Exposure& exposure, const Point& at,
                                       const ProjectionOutputs<P>& extra) {
  const Tangents tangents = at.derivatives ? exposure.tangents : Tangents{0};
  const int lanes = 1 + tangents.count;
  Jets<P> jets = jets_in(jets_, tile, lanes, exposure);
  observe(exec, tile, exposure, at, lanes, jets);
  if (exposure.data.has_resolution()) {
    const Jets<P> resolved = jets_in(resolved_jets_, tile, lanes, exposure);
    apply_resolution<P>(exec, tile, exposure.data.resolution, jets, resolved);
    jets = resolved;
  }
  project<P>(exec, tile, exposure.data, exposure.basis, jets, tangents, at.out, extra,
             exposure.nodes);
}

template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P>
void Objective<P, Model>::bind(const Exec& exec, const Observations<P>& observations) {
  plan_.bind(exec, model_, observations, domain_penalty_per_pixel);
}

template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P>
void Objective<P, Model>::evaluate(const Exec& exec, const ActiveList<P>& list,
                                   const Matrix<const double, P>& theta,
                                   const Linearization<P>& out,
                                   const std::vector<ProjectionOutputs<P>>& extra,
                                   const Kept& kept) {
  accumulate(exec, list, 1, [&](int) { return Point{theta, out, false, true, &kept, &extra}; });
}

template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P>
void Objective<P, Model>::linearize(const Exec& exec, const ActiveList<P>& list,
                                    const Matrix<const double, P>& theta,
                                    const Linearization<P>& out, const Kept& kept) {
  accumulate(exec, list, 1, [&](int) { return Point{theta, out, true, true, &kept}; });
}

template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P>
void Objective<P, Model>::evaluate_velocities(const Exec& exec, const ActiveList<P>& list,
                                              const Cube<const double, P>& theta,
                                              const Matrix<double, P>& values) {
  accumulate(exec, list, static_cast<int>(values.extent(0)),
             [&](int g) { return at_velocity(theta, values, g); });
}

template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P>
void Objective<P, Model>::evaluate_velocities(const Exec& exec, const ActiveList<P>& list,
                                              const Cube<const double, P>& theta,
                                              const Matrix<double, P>& values,
                                              const Solution& solution) {
  accumulate(exec, list, 1 + static_cast<int>(values.extent(0)), [&](int g) {
    return g == 0 ? Point{solution.theta, solution.out, false, true, nullptr, &solution.extra}
                  : at_velocity(theta, values, g - 1);
  });
}

}  // namespace rvfit

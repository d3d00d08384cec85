// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The objective of a batch of spectra: the marginalised likelihood of every arm, Gaussian priors,
/// and the penalty outside the model's domain. Works through its list tile by tile.

#include <rvfit/continuum/projection.hpp>
#include <rvfit/linalg/gemm.hpp>
#include <rvfit/pipeline/template_model.hpp>
#include <rvfit/solver/lm.hpp>
#include <rvfit/stages/resolution.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace rvfit {

/// Penalty for each half-space unit squared outside the domain, per pixel: rvspecfit's value.
inline constexpr double domain_penalty_per_pixel = 10.0;

namespace detail {

/// Start the sums of a tile with the priors.
template <ExecutionPolicy P>
struct BeginObjective {
  Tile<P> tile;
  Matrix<const double, P> theta;
  DeviceParameters<P> parameters;
  Linearization<P> out;
  bool derivatives;

  KOKKOS_FUNCTION void operator()(int t) const {
    const int b = tile.fit(t);
    if (b < 0) {
      return;
    }
    const auto n = static_cast<int>(theta.extent(1));
    double value = 0.0;
    for (int p = 0; p < n; ++p) {
      // 1 / sigma^2 is exactly 0 without a prior.
      const double precision = 1.0 / (parameters.prior_sigma(p) * parameters.prior_sigma(p));
      const double offset = theta(b, p) - parameters.prior_mean(p);
      value += precision * offset * offset;
      if (derivatives) {
        out.gradient(b, p) = 2.0 * precision * offset;
        for (int q = 0; q < n; ++q) {
          out.hessian(b, p, q) = p == q ? 2.0 * precision : 0.0;
        }
      }
    }
    out.value(b) = value;
  }
};

template <ExecutionPolicy P>
struct CountDifferent {
  Matrix<const double, P> a, b;
  KOKKOS_FUNCTION void operator()(std::size_t n, int& count) const {
    count += a.data()[n] == b.data()[n] ? 0 : 1;
  }
};

/// sum(b) += amount, for spectra that have enough good pixels in an arm.
template <ExecutionPolicy P>
struct AddIfObserved {
  Vector<const int, P> good;
  int columns;
  Vector<double, P> sum;
  double amount;
  KOKKOS_FUNCTION void operator()(int b) const {
    sum(b) += has_enough_pixels(good(b), columns) ? amount : 0.0;
  }
};

/// weight(b) *= penalty per pixel x pixels(b).
template <ExecutionPolicy P>
struct ScalePenalty {
  Vector<const double, P> pixels;
  Vector<double, P> weight;
  KOKKOS_FUNCTION void operator()(int b) const {
    weight(b) *= domain_penalty_per_pixel * pixels(b);
  }
};

}  // namespace detail

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

  [[nodiscard]] int size() const { return size_; }
  [[nodiscard]] const DeviceParameters<P>& parameters() const { return parameters_; }
  [[nodiscard]] int arm_count() const { return static_cast<int>(arms_.size()); }
  [[nodiscard]] const SpectrumView<P>& data(int a) const { return arm(a).data; }
  [[nodiscard]] const Cube<const Real, P>& basis(int a) const { return arm(a).basis; }

  void evaluate(const Exec& exec, const ActiveList<P>& list, const Matrix<const double, P>& theta,
                const Linearization<P>& out) {
    accumulate(exec, list, theta, false, out, {});
  }
  void linearize(const Exec& exec, const ActiveList<P>& list, const Matrix<const double, P>& theta,
                 const Linearization<P>& out) {
    accumulate(exec, list, theta, true, out, {});
  }
  /// As evaluate, with further outputs for each arm.
  void evaluate(const Exec& exec, const ActiveList<P>& list, const Matrix<const double, P>& theta,
                const Linearization<P>& out, const std::vector<ProjectionOutputs<P>>& extra) {
    accumulate(exec, list, theta, false, out, extra);
  }

  /// Values at G velocities of each fit, with one synthesis for all of them.
  ///
  /// @param[in]  theta   (G, B, P)  equal but for the velocities
  /// @param[out] values  (G, B)     neg2_log_like, without the penalty outside the model's domain,
  ///                                the same for all g
  void evaluate_velocities(const Exec& exec, const ActiveList<P>& list,
                           const Cube<const double, P>& theta, const Matrix<double, P>& values);

 private:
  struct Arm {
    int index;  ///< of the model
    int exposure;
    Matrix<const double, P> wave;  ///< planned for
    typename Model::Plan plan;
    Tangents tangents;
    Cube<const Real, P> basis;
    SpectrumView<P> data;
  };

  /// Waits for the comparison where the arrays are not the very same.
  [[nodiscard]] static bool same_wavelengths(const Exec& exec, const Matrix<const double, P>& a,
                                             const Matrix<const double, P>& b) {
    if (a.extent(0) != b.extent(0) || a.extent(1) != b.extent(1)) {
      return false;
    }
    int different = 0;
    if (a.data() != b.data()) {
      Kokkos::parallel_reduce("rvfit::Objective::same_wavelengths",
                              typename P::range_policy(exec, 0, a.size()),
                              detail::CountDifferent<P>{a, b}, different);
    }
    return different == 0;
  }

  /// Numbers in the jets of a tile.
  [[nodiscard]] std::size_t jets_size(int pixels) const {
    return static_cast<std::size_t>(tile_) * static_cast<std::size_t>(lanes_) *
           static_cast<std::size_t>(pixels);
  }

  [[nodiscard]] const Arm& arm(int a) const { return arms_[static_cast<std::size_t>(a)]; }

  void accumulate(const Exec& exec, const ActiveList<P>& list, const Matrix<const double, P>& theta,
                  bool derivatives, const Linearization<P>& out,
                  const std::vector<ProjectionOutputs<P>>& extra) {
    list.for_each_tile(tile_, [&](const Tile<P>& tile) {
      accumulate(exec, tile, theta, derivatives, out, extra);
    });
  }

  void accumulate(const Exec& exec, const Tile<P>& tile, const Matrix<const double, P>& theta,
                  bool derivatives, const Linearization<P>& out,
                  const std::vector<ProjectionOutputs<P>>& extra);

  /// Add one arm, whose templates have been synthesized.
  void add_arm(const Exec& exec, const Tile<P>& tile, const Arm& arm,
               const Matrix<const double, P>& theta, bool derivatives, const Linearization<P>& out,
               const ProjectionOutputs<P>& extra);

  void set_penalty_weights(const Exec& exec);

  Model model_;
  DeviceParameters<P> parameters_;
  int lanes_ = 1;  ///< of the jets with tangents
  int columns_;
  int tile_;
  int size_ = 0;
  typename Model::Workspace workspace_;
  std::vector<Arm> arms_;
  Vector<Real, P> jets_;
  Vector<Real, P> resolved_jets_;  ///< after the resolution matrices; empty if planned without
  Vector<double, P> penalty_pixels_;
  std::vector<Vector<double, P>> penalty_;
};

template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P> Objective<P, Model>::Objective(
    const Exec& exec, const Model& model, const ParameterSet& parameters,
    const Observations<P>& like, int capacity, const ContinuumOptions& continuum, int tile)
    : model_(model),
      parameters_(exec, parameters),
      columns_(continuum.columns),
      tile_(tile),
      workspace_(exec, model, tile) {
  RVFIT_REQUIRE(!like.empty(), "Objective: no arms");
  RVFIT_REQUIRE(tile > 0 && tile % gemm_row_group == 0, "Objective: tile of ", tile,
                " spectra, not a multiple of ", gemm_row_group);
  int pixels = 0, resolved_pixels = 0;
  for (const SpectrumBatch<P>& arm : like) {
    const int index = model.arm_index(arm.arm);
    auto plan = plan_exposure<P>(exec, model, index, arm.wave, arm.exposure);
    const Tangents tangents = tangents_of<P>(model, plan);
    const Parameter& rv = parameters[velocity_of<P, Model>(tangents, parameters.index("rv"))];
    model.require_coverage(exec, index, arm.wave, rv.lower, rv.upper);
    arms_.push_back({index,
                     arm.exposure,
                     arm.wave,
                     std::move(plan),
                     tangents,
                     continuum_basis<P>(exec, arm.wave, continuum),
                     {}});
    lanes_ = std::max(lanes_, 1 + tangents.count);
    pixels = std::max(pixels, arm.pixels());
    resolved_pixels = std::max(resolved_pixels, arm.has_resolution() ? arm.pixels() : 0);
  }
  jets_ = allocate_raw<Vector<Real, P>>(exec, "rvfit::Objective::jets", jets_size(pixels));
  resolved_jets_ = allocate_raw<Vector<Real, P>>(exec, "rvfit::Objective::resolved_jets",
                                                 jets_size(resolved_pixels));
  penalty_pixels_ = allocate<Vector<double, P>>(exec, "rvfit::Objective::pixels", capacity);
  for (int arm = 0; arm < model.arms(); ++arm) {
    penalty_.push_back(allocate<Vector<double, P>>(exec, "rvfit::Objective::penalty", capacity));
  }
}

template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P>
void Objective<P, Model>::bind(const Exec& exec, const Observations<P>& observations) {
  RVFIT_REQUIRE(observations.size() == arms_.size(), "Objective: planned for ", arms_.size(),
                " arms, given ", observations.size());
  size_ = observations.front().size();
  RVFIT_REQUIRE(size_ <= static_cast<int>(penalty_pixels_.extent(0)), "Objective: ", size_,
                " spectra, planned for at most ", penalty_pixels_.extent(0));
  for (std::size_t a = 0; a < arms_.size(); ++a) {
    const SpectrumBatch<P>& data = observations[a];
    RVFIT_REQUIRE(
        model_.arm_index(data.arm) == arms_[a].index && data.exposure == arms_[a].exposure,
        "Objective: arm ", a, " is exposure ", data.exposure, " of ", data.arm,
        ", planned for another");
    RVFIT_REQUIRE(data.pixels() == static_cast<int>(arms_[a].basis.extent(2)), "Objective: arm ",
                  data.arm, " has ", data.pixels(), " pixels, planned for ",
                  arms_[a].basis.extent(2));
    RVFIT_REQUIRE(same_wavelengths(exec, arms_[a].wave, data.wave), "Objective: arm ", data.arm,
                  " has other wavelengths than planned for");
    RVFIT_REQUIRE(data.size() == size_, "Objective: arm ", data.arm, " has ", data.size(),
                  " spectra, the first arm ", size_);
    RVFIT_REQUIRE(!data.has_resolution() || jets_size(data.pixels()) <= resolved_jets_.size(),
                  "Objective: arm ", data.arm, " has a resolution matrix, planned for without");
    arms_[a].data = data;
  }
  set_penalty_weights(exec);
}

template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P>
void Objective<P, Model>::evaluate_velocities(const Exec& exec, const ActiveList<P>& list,
                                              const Cube<const double, P>& theta,
                                              const Matrix<double, P>& values) {
  const auto at = [&](int g) {
    return Matrix<const double, P>(Kokkos::subview(theta, g, Kokkos::ALL, Kokkos::ALL));
  };
  const auto value = [&](int g) {
    Linearization<P> out;
    out.value = Kokkos::subview(values, g, Kokkos::ALL);
    return out;
  };
  const auto velocities = static_cast<int>(values.extent(0));
  list.for_each_tile(tile_, [&](const Tile<P>& tile) {
    for (int g = 0; g < velocities; ++g) {
      Kokkos::parallel_for("rvfit::Objective::begin", typename P::range_policy(exec, 0, tile.size),
                           detail::BeginObjective<P>{tile, at(g), parameters_, value(g), false});
    }
    for (int index = 0; index < model_.arms(); ++index) {
      bool synthesized = false;
      for (const Arm& arm : arms_) {
        if (arm.index != index) {
          continue;
        }
        if (!synthesized) {
          model_.synthesize(exec, index, tile, at(0), 1, workspace_);
          synthesized = true;
        }
        for (int g = 0; g < velocities; ++g) {
          add_arm(exec, tile, arm, at(g), false, value(g), {});
        }
      }
    }
  });
}

template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P>
void Objective<P, Model>::accumulate(const Exec& exec, const Tile<P>& tile,
                                     const Matrix<const double, P>& theta, bool derivatives,
                                     const Linearization<P>& out,
                                     const std::vector<ProjectionOutputs<P>>& extra) {
  const int lanes = derivatives ? lanes_ : 1;
  Kokkos::parallel_for("rvfit::Objective::begin", typename P::range_policy(exec, 0, tile.size),
                       detail::BeginObjective<P>{tile, theta, parameters_, out, derivatives});
  for (int index = 0; index < model_.arms(); ++index) {
    bool synthesized = false;
    for (std::size_t a = 0; a < arms_.size(); ++a) {
      const Arm& arm = arms_[a];
      if (arm.index != index) {
        continue;
      }
      if (!synthesized) {
        model_.synthesize(exec, index, tile, theta, lanes, workspace_);
        model_.add_penalty(exec, index, tile, theta, penalty_[static_cast<std::size_t>(index)], out,
                           derivatives);
        synthesized = true;
      }
      add_arm(exec, tile, arm, theta, derivatives, out,
              extra.empty() ? ProjectionOutputs<P>{} : extra[a]);
    }
  }
}

template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P>
void Objective<P, Model>::add_arm(const Exec& exec, const Tile<P>& tile, const Arm& arm,
                                  const Matrix<const double, P>& theta, bool derivatives,
                                  const Linearization<P>& out, const ProjectionOutputs<P>& extra) {
  const Tangents tangents = derivatives ? arm.tangents : Tangents{0};
  const auto jets_in = [&](const Vector<Real, P>& memory) {
    return Jets<P>(memory.data(), static_cast<std::size_t>(tile.size),
                   static_cast<std::size_t>(1 + tangents.count),
                   static_cast<std::size_t>(arm.data.pixels()));
  };
  Jets<P> jets = jets_in(jets_);
  model_.observe(exec, arm.plan, tile, theta, 1 + tangents.count, jets, workspace_);
  if (arm.data.has_resolution()) {
    apply_resolution<P>(exec, tile, arm.data.resolution, jets, jets_in(resolved_jets_));
    jets = jets_in(resolved_jets_);
  }
  project<P>(exec, tile, arm.data, arm.basis, jets, tangents, out, extra);
}

template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P>
void Objective<P, Model>::set_penalty_weights(const Exec& exec) {
  using Range = typename P::range_policy;
  Kokkos::deep_copy(exec, penalty_pixels_, 0.0);
  for (const auto& weight : penalty_) {
    Kokkos::deep_copy(exec, weight, 0.0);
  }
  for (const Arm& arm : arms_) {
    Kokkos::parallel_for("rvfit::Objective::pixels", Range(exec, 0, size_),
                         detail::AddIfObserved<P>{arm.data.good, columns_, penalty_pixels_,
                                                  static_cast<double>(arm.data.pixels())});
    Kokkos::parallel_for(
        "rvfit::Objective::exposures", Range(exec, 0, size_),
        detail::AddIfObserved<P>{arm.data.good, columns_,
                                 penalty_[static_cast<std::size_t>(arm.index)], 1.0});
  }
  for (const auto& weight : penalty_) {
    Kokkos::parallel_for("rvfit::Objective::penalty", Range(exec, 0, size_),
                         detail::ScalePenalty<P>{penalty_pixels_, weight});
  }
}

}  // namespace rvfit

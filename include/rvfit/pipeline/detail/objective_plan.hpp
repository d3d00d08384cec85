// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Plan of an objective (pipeline/objective.hpp): which exposures of which arms are observed, what
/// depends on their wavelengths alone, and weights of the penalty outside the model's domain.

#include <rvfit/continuum/basis.hpp>
#include <rvfit/continuum/continuum_nodes.hpp>
#include <rvfit/data/spectrum_batch.hpp>
#include <rvfit/pipeline/detail/objective_kernels.hpp>
#include <rvfit/pipeline/template_model.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>
#include <vector>

namespace rvfit::detail {

/// One arm of one exposure.
template <ExecutionPolicy P, class Model>
struct PlannedExposure {
  int arm;                       ///< of the model
  int number;                    ///< of the exposure
  Matrix<const double, P> wave;  ///< planned for
  WaveRange used;                ///< planned for  [Angstrom]
  typename Model::Plan plan;
  Tangents tangents;
  Cube<const typename P::real_type, P> basis;  ///< of the continuum
  ContinuumNodes<P> nodes;                     ///< of the basis
  SpectrumView<P> data;                        ///< bound
};

/// One arm of the model with all that is observed in it.
template <ExecutionPolicy P>
struct PlannedArm {
  int index;                           ///< of the model
  std::vector<std::size_t> exposures;  ///< in the order of the observations
  Vector<double, P> penalty;           ///< (B)  of the distance outside its domain
};

/// Wavelengths that the model must cover: all, or the ends of what is used of each row, (1 or B, 2).
template <ExecutionPolicy P>
[[nodiscard]] Matrix<const double, P> used_ends(const typename P::execution_space& exec,
                                                const SpectrumBatch<P>& arm) {
  if (!(arm.used.lower > 0.0) && !std::isfinite(arm.used.upper)) {
    return arm.wave;
  }
  const auto wave = download(exec, arm.wave);
  std::vector<double> ends;
  for (std::size_t row = 0; row < wave.extent(0); ++row) {
    ends.push_back(std::clamp(wave(row, 0), arm.used.lower, arm.used.upper));
    ends.push_back(std::clamp(wave(row, wave.extent(1) - 1), arm.used.lower, arm.used.upper));
  }
  return upload_matrix<Matrix<const double, P>>(exec, "rvfit::Objective::used_ends", ends,
                                                wave.extent(0), 2);
}

/// The model without template pixels that `like` cannot see at any velocity within the bounds.
template <ExecutionPolicy P, class Model>
[[nodiscard]] Model without_unseen(const typename P::execution_space& exec, const Model& model,
                                   const ParameterSet& parameters, const Observations<P>& like) {
  Model result = model;
  if constexpr (TrimsTemplates<Model, P>) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    double min_rv = infinity, max_rv = -infinity;
    const int first_rv = parameters.index("rv");
    for (int p = first_rv; p < first_rv + velocity_count<P>(model); ++p) {
      min_rv = std::min(min_rv, parameters[p].lower);
      max_rv = std::max(max_rv, parameters[p].upper);
    }
    std::map<int, WaveRange> seen;
    for (const SpectrumBatch<P>& arm : like) {
      const auto ends = download(exec, used_ends<P>(exec, arm));
      WaveRange& range =
          seen.try_emplace(model.arm_index(arm.arm), WaveRange{infinity, 0.0}).first->second;
      for (std::size_t row = 0; row < ends.extent(0); ++row) {
        range.lower = std::min(range.lower, ends(row, 0));
        range.upper = std::max(range.upper, ends(row, ends.extent(1) - 1));
      }
    }
    for (const auto& [arm, range] : seen) {
      result = result.trimmed(arm, range, min_rv, max_rv);
    }
  }
  return result;
}

template <ExecutionPolicy P, class Model>
class ObjectivePlan {
 public:
  using Exec = typename P::execution_space;

  /// @throws InvalidArgument  unknown arm, wavelengths not covered, no arms
  ObjectivePlan(const Exec& exec, const Model& model, const ParameterSet& parameters,
                const Observations<P>& like, int capacity, const ContinuumOptions& continuum);

  /// Use these spectra from now on; `penalty_per_pixel` weighs the penalty.
  /// @throws InvalidArgument  other arms, wavelengths or numbers of pixels; too many spectra
  void bind(const Exec& exec, const Model& model, const Observations<P>& observations,
            double penalty_per_pixel);

  /// In the order of the observations.
  [[nodiscard]] const std::vector<PlannedExposure<P, Model>>& exposures() const {
    return exposures_;
  }
  /// In the order of the model, those without exposures left out.
  [[nodiscard]] const std::vector<PlannedArm<P>>& arms() const { return arms_; }
  [[nodiscard]] int size() const { return size_; }          ///< B
  [[nodiscard]] int lanes() const { return lanes_; }        ///< most lanes of any jets
  [[nodiscard]] int pixels() const { return pixels_; }      ///< most pixels of an exposure
  [[nodiscard]] int resolved() const { return resolved_; }  ///< of one with a resolution matrix

 private:
  void require_planned(const Exec& exec, const Model& model, std::size_t e,
                       const SpectrumBatch<P>& data) const;
  void weigh_penalties(const Exec& exec, double penalty_per_pixel);

  int columns_;  ///< of the continuum
  int size_ = 0;
  int lanes_ = 1;
  int pixels_ = 0;
  int resolved_ = 0;
  std::vector<PlannedExposure<P, Model>> exposures_;
  std::vector<PlannedArm<P>> arms_;
  Vector<double, P> penalty_pixels_;  ///< (B)
};

template <ExecutionPolicy P, class Model>
ObjectivePlan<P, Model>::ObjectivePlan(const Exec& exec, const Model& model,
                                       const ParameterSet& parameters, const Observations<P>& like,
                                       int capacity, const ContinuumOptions& continuum)
    : columns_(continuum.columns),
      penalty_pixels_(allocate<Vector<double, P>>(exec, "rvfit::Objective::pixels", capacity)) {
  RVFIT_REQUIRE(!like.empty(), "Objective: no arms");
  for (const SpectrumBatch<P>& arm : like) {
    const int index = model.arm_index(arm.arm);
    auto plan = plan_exposure<P>(exec, model, index, arm.wave, arm.exposure);
    const Tangents tangents = tangents_of<P>(model, plan);
    const Parameter& rv = parameters[velocity_of<P, Model>(tangents, parameters.index("rv"))];
    model.require_coverage(exec, index, used_ends<P>(exec, arm), rv.lower, rv.upper);
    const auto basis = continuum_basis<P>(exec, arm.wave, continuum);
    exposures_.push_back({index,
                          arm.exposure,
                          arm.wave,
                          arm.used,
                          std::move(plan),
                          tangents,
                          basis,
                          continuum_nodes<P>(exec, basis),
                          {}});
    lanes_ = std::max(lanes_, 1 + tangents.count);
    pixels_ = std::max(pixels_, arm.pixels());
    resolved_ = std::max(resolved_, arm.has_resolution() ? arm.pixels() : 0);
  }
  for (int index = 0; index < model.arms(); ++index) {
    PlannedArm<P> arm{index, {}, {}};
    for (std::size_t e = 0; e < exposures_.size(); ++e) {
      if (exposures_[e].arm == index) {
        arm.exposures.push_back(e);
      }
    }
    if (!arm.exposures.empty()) {
      arm.penalty = allocate<Vector<double, P>>(exec, "rvfit::Objective::penalty", capacity);
      arms_.push_back(arm);
    }
  }
}

template <ExecutionPolicy P, class Model>
void ObjectivePlan<P, Model>::bind(const Exec& exec, const Model& model,
                                   const Observations<P>& observations, double penalty_per_pixel) {
  RVFIT_REQUIRE(observations.size() == exposures_.size(), "Objective: planned for ",
                exposures_.size(), " arms, given ", observations.size());
  size_ = observations.front().size();
  RVFIT_REQUIRE(size_ <= static_cast<int>(penalty_pixels_.extent(0)), "Objective: ", size_,
                " spectra, planned for at most ", penalty_pixels_.extent(0));
  for (std::size_t e = 0; e < exposures_.size(); ++e) {
    require_planned(exec, model, e, observations[e]);
    exposures_[e].data = observations[e];
  }
  weigh_penalties(exec, penalty_per_pixel);
}

template <ExecutionPolicy P, class Model>
void ObjectivePlan<P, Model>::require_planned(const Exec& exec, const Model& model, std::size_t e,
                                              const SpectrumBatch<P>& data) const {
  const PlannedExposure<P, Model>& planned = exposures_[e];
  RVFIT_REQUIRE(model.arm_index(data.arm) == planned.arm && data.exposure == planned.number,
                "Objective: arm ", e, " is exposure ", data.exposure, " of ", data.arm,
                ", planned for another");
  RVFIT_REQUIRE(data.pixels() == static_cast<int>(planned.basis.extent(2)), "Objective: arm ",
                data.arm, " has ", data.pixels(), " pixels, planned for ", planned.basis.extent(2));
  RVFIT_REQUIRE(same_values<P>(exec, planned.wave, data.wave), "Objective: arm ", data.arm,
                " has other wavelengths than planned for");
  RVFIT_REQUIRE(data.size() == size_, "Objective: arm ", data.arm, " has ", data.size(),
                " spectra, the first arm ", size_);
  RVFIT_REQUIRE(!data.has_resolution() || data.pixels() <= resolved_, "Objective: arm ", data.arm,
                " has a resolution matrix, planned for without");
  RVFIT_REQUIRE(data.used.lower >= planned.used.lower && data.used.upper <= planned.used.upper,
                "Objective: arm ", data.arm, " uses ", data.used.lower, " to ", data.used.upper,
                " Angstrom, planned for ", planned.used.lower, " to ", planned.used.upper);
}

template <ExecutionPolicy P, class Model>
void ObjectivePlan<P, Model>::weigh_penalties(const Exec& exec, double penalty_per_pixel) {
  using Range = typename P::range_policy;
  Kokkos::deep_copy(exec, penalty_pixels_, 0.0);
  for (const auto& exposure : exposures_) {
    Kokkos::parallel_for("rvfit::Objective::pixels", Range(exec, 0, size_),
                         AddIfObserved<P>{exposure.data.good, columns_, penalty_pixels_,
                                          static_cast<double>(exposure.data.pixels())});
  }
  for (const PlannedArm<P>& arm : arms_) {
    Kokkos::deep_copy(exec, arm.penalty, 0.0);
    for (const std::size_t e : arm.exposures) {
      Kokkos::parallel_for("rvfit::Objective::exposures", Range(exec, 0, size_),
                           AddIfObserved<P>{exposures_[e].data.good, columns_, arm.penalty, 1.0});
    }
    Kokkos::parallel_for("rvfit::Objective::penalty", Range(exec, 0, size_),
                         ScalePenalty<P>{penalty_per_pixel, penalty_pixels_, arm.penalty});
  }
}

}  // namespace rvfit::detail

// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The start of a fit: a scan over rv and a few templates, all rv at once as a correlation.
///
/// Data and templates are divided by a continuum of the fit's own columns, C for the data, so that a
/// template is 1 + delta. On a grid of bins uniform in ln(wave), rv is a shift by whole bins, and the
/// decrease of chi-square by a template of line strength a is quadratic in a:
///
///   gain(m, v) = 2 a N_mv - a^2 Q_mv,   N_mv = sum_j G_j delta_m(j - v),  G = w^2 C (D - C)
///                                       Q_mv = sum_j W_j delta_m(j - v)^2, W = w^2 C^2
///
/// with a = N / Q kept between bounds. Pixels are shared out to the two bins around them, which makes
/// the sums those over pixels of a template interpolated linearly between bins. Both sums are
/// correlations of the binned data (B, bins) with the templates (linalg/correlation.hpp). The best
/// distinct rv of each spectrum are its starts.

#include <rvfit/continuum/fit_continuum.hpp>
#include <rvfit/linalg/correlation.hpp>
#include <rvfit/pipeline/detail/pick_candidates.hpp>
#include <rvfit/pipeline/detail/scan_bins.hpp>
#include <rvfit/pipeline/detail/scan_templates.hpp>
#include <rvfit/pipeline/kept_templates.hpp>
#include <rvfit/pipeline/objective.hpp>
#include <rvfit/pipeline/scan_options.hpp>
#include <rvfit/pipeline/scan_velocities.hpp>
#include <rvfit/pipeline/template_model.hpp>

#include <algorithm>
#include <limits>
#include <vector>

namespace rvfit {

/// Scan of a batch: templates made once, from the model, for the wavelengths planned for.
template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P>
class Scan {
 public:
  using Exec = typename P::execution_space;
  using Real = typename P::real_type;

  /// @param[in] tile  spectra of one pass, a multiple of gemm_row_group
  /// @throws InvalidArgument  options out of range, velocities without bounds, too many shifts
  Scan(const Exec& exec, const Model& model, const ParameterSet& parameters,
       const Observations<P>& like, int capacity, const ContinuumOptions& continuum, int tile,
       const ScanOptions& options);

  /// Fit the continuum alone to all spectra of an objective; `run` starts from it.
  void fit_continuum(const Exec& exec, const Objective<P, Model>& objective,
                     const ActiveList<P>& list);

  /// Candidates of all spectra of an objective.
  ///
  /// @param[in]  list  spectra to scan; their continuum has been fitted
  /// @return           (K, B, P): best first by the scan's own measure
  const Cube<double, P>& run(const Exec& exec, const Objective<P, Model>& objective,
                             const ActiveList<P>& list);

  /// Decrease of chi-square below that of the continuum alone for each candidate, (K, B), as the
  /// scan measures it.
  [[nodiscard]] const Matrix<double, P>& gains() const { return gains_; }

  /// Template of each candidate, (K, B).
  [[nodiscard]] const Matrix<int, P>& templates_of() const { return templates_of_; }

  /// Keep the templates with their tangents, in the arms of `like` and as an objective's model makes them.
  void keep(const Exec& exec, const Model& model, const Observations<P>& like);

  /// The templates with their tangents, as fits begin at them; empty unless `keep` was called.
  [[nodiscard]] const KeptTemplates<P, Model>& kept() const { return kept_; }

  /// chi-square of the continuum alone, (B) for each arm.
  [[nodiscard]] const std::vector<Vector<double, P>>& continuum_chi2() const {
    return continuum_chi2_;
  }

  /// Velocities of the scan.
  [[nodiscard]] const ScanVelocities& velocities() const { return velocities_; }

 private:
  struct Arm {
    detail::ScanBins<P> bins;
    detail::ScanTemplates<P> templates;
    Matrix<Real, P> continuum;  ///< (B, N)  C
  };

  [[nodiscard]] static ScanOptions checked(const ScanOptions& options) {
    RVFIT_REQUIRE(options.rv_step >= 0 && options.templates > 0 && options.candidates > 0,
                  "Scan: rv_step ", options.rv_step, ", templates ", options.templates,
                  ", candidates ", options.candidates, ": must be positive, the step at least 0");
    return options;
  }
  /// @throws InvalidArgument  more shifts than there is team scratch for
  [[nodiscard]] static int checked_shifts(const ScanVelocities& velocities) {
    const int shifts = velocities.shifts();
    const auto scratch = static_cast<int>(detail::PickCandidates<P>::scratch_bytes(shifts));
    RVFIT_REQUIRE(scratch <= P::team_policy::scratch_size_max(0), "Scan: ", shifts, " shifts of ",
                  velocities.rv_step, " km/s between ", velocities.min_rv, " and ",
                  velocities.max_rv, " want ", scratch, " bytes of team scratch, there are ",
                  P::team_policy::scratch_size_max(0));
    return shifts;
  }
  [[nodiscard]] static double step_of(const Exec& exec, const Observations<P>& like,
                                      const ScanOptions& options) {
    return options.rv_step > 0 ? options.rv_step
                               : scan_step_in_pixels * finest_pixel<P>(exec, like);
  }

  /// Rows of a tile in memory that all arms share.
  template <class T = Real>
  [[nodiscard]] static MatrixRef<T> rows(const Vector<Real, P>& memory, const Tile<P>& tile,
                                         int columns) {
    return {memory.data(), tile.size, columns, columns};
  }

  /// G and W of a tile in the bins of arm a.
  void bin(const Exec& exec, const Tile<P>& tile, const SpectrumView<P>& data, const Arm& arm);
  /// sums = binned * templates, or added to sums: of all arms and blocks, before they are brought back to shifts.
  void correlate(const Exec& exec, const Tile<P>& tile, const Vector<Real, P>& binned,
                 const CorrelatedVectors<P>& templates, const Vector<Real, P>& sums,
                 bool accumulate);
  /// The sums of a tile at each shift.
  void shift(const Exec& exec, const Tile<P>& tile, const Vector<Real, P>& sums,
             const Vector<Real, P>& shifted);
  void pick(const Exec& exec, const Tile<P>& tile, const DeviceParameters<P>& parameters);

  ScanOptions options_;
  int columns_;  ///< of the continuum
  int tile_;
  int rv_;                ///< position of the first velocity in theta
  int velocity_columns_;  ///< number of velocities in theta
  ScanVelocities velocities_;
  Matrix<const double, P> points_;  ///< (templates, P)
  Correlation<P> correlation_;
  std::vector<Arm> arms_;
  std::vector<Vector<double, P>> continuum_chi2_;
  typename Correlation<P>::Workspace correlation_workspace_;
  Vector<Real, P> gradient_, weight_;            ///< (T, bins and zeros)      G, W
  Vector<Real, P> gradient_sums_, weight_sums_;  ///< (T, templates, length)   transforms of N, Q
  Vector<Real, P> numerator_, denominator_;      ///< (T, templates * shifts)  N, Q
  Cube<double, P> candidates_;                   ///< (K, B, P)
  Matrix<int, P> templates_of_;                  ///< (K, B)
  Matrix<double, P> gains_;                      ///< (K, B)
  KeptTemplates<P, Model> kept_;
};

template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P> Scan<P, Model>::Scan(const Exec& exec, const Model& model,
                                                      const ParameterSet& parameters,
                                                      const Observations<P>& like, int capacity,
                                                      const ContinuumOptions& continuum, int tile,
                                                      const ScanOptions& options)
    : options_(checked(options)),
      columns_(continuum.columns),
      tile_(tile),
      rv_(parameters.index("rv")),
      velocity_columns_(velocity_count<P>(model)),
      velocities_(parameters, rv_, velocity_columns_, step_of(exec, like, options)),
      correlation_(exec, checked_shifts(velocities_), options_.templates) {
  const int shifts = velocities_.shifts();
  points_ = upload_matrix<Matrix<const double, P>>(
      exec, "rvfit::Scan::points", detail::template_points<P>(model, parameters, options.templates),
      static_cast<std::size_t>(options.templates), static_cast<std::size_t>(parameters.size()));
  RVFIT_REQUIRE(options.ranges.empty() || options.ranges.size() == like.size(),
                "Scan: ", options.ranges.size(), " ranges, ", like.size(), " arms");
  constexpr double infinity = std::numeric_limits<double>::infinity();
  constexpr WaveRange nothing{infinity, -infinity};
  int bins = 0;
  for (const SpectrumBatch<P>& arm : like) {
    const WaveRange reach = options.ranges.empty() ? nothing : options.ranges[arms_.size()];
    const detail::ScanBins<P> of_arm(exec, arm.wave, velocities_.step, arm.used, reach);
    arms_.push_back(
        {of_arm,
         {exec, model, model.arm_index(arm.arm), points_, of_arm.wavelengths(velocities_.reach),
          continuum, correlation_},
         allocate<Matrix<Real, P>>(exec, "rvfit::Scan::continuum", capacity, arm.pixels())});
    continuum_chi2_.push_back(
        allocate<Vector<double, P>>(exec, "rvfit::Scan::continuum_chi2", capacity));
    bins = std::max(bins, of_arm.size);
  }
  const auto rows_of = [&](const char* label, int columns) {
    return allocate<Vector<Real, P>>(
        exec, label, static_cast<std::size_t>(tile) * static_cast<std::size_t>(columns));
  };
  correlation_workspace_ = correlation_.workspace(exec, tile, bins);
  gradient_ = rows_of("rvfit::Scan::gradient", correlation_.padded(bins));
  weight_ = rows_of("rvfit::Scan::weight", correlation_.padded(bins));
  gradient_sums_ = rows_of("rvfit::Scan::gradient_sums", options.templates * correlation_.length());
  weight_sums_ = rows_of("rvfit::Scan::weight_sums", options.templates * correlation_.length());
  numerator_ = rows_of("rvfit::Scan::numerator", options.templates * shifts);
  denominator_ = rows_of("rvfit::Scan::denominator", options.templates * shifts);
  candidates_ = allocate<Cube<double, P>>(exec, "rvfit::Scan::candidates", options.candidates,
                                          capacity, parameters.size());
  templates_of_ =
      allocate<Matrix<int, P>>(exec, "rvfit::Scan::templates_of", options.candidates, capacity);
  gains_ = allocate<Matrix<double, P>>(exec, "rvfit::Scan::gains", options.candidates, capacity);
}

template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P>
void Scan<P, Model>::keep(const Exec& exec, const Model& model, const Observations<P>& like) {
  if constexpr (KeepsTemplates<Model, P>) {
    kept_.arms.resize(static_cast<std::size_t>(model.arms()));
    const detail::AllTemplates<P> all(exec, options_.templates);
    for (const SpectrumBatch<P>& arm : like) {
      const int index = model.arm_index(arm.arm);
      auto& kept = kept_.arms[static_cast<std::size_t>(index)];
      if (kept.count == 0) {
        kept = model.keep(exec, index, all.tile, points_);
      }
    }
  }
}

template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P>
void Scan<P, Model>::fit_continuum(const Exec& exec, const Objective<P, Model>& objective,
                                   const ActiveList<P>& list) {
  list.for_each_tile(tile_, [&](const Tile<P>& tile) {
    for (std::size_t a = 0; a < arms_.size(); ++a) {
      const auto arm = static_cast<int>(a);
      rvfit::fit_continuum<P>(exec, tile, objective.data(arm), objective.basis(arm),
                              {continuum_chi2_[a], arms_[a].continuum}, objective.nodes(arm));
    }
  });
}

template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P>
const Cube<double, P>& Scan<P, Model>::run(const Exec& exec, const Objective<P, Model>& objective,
                                           const ActiveList<P>& list) {
  list.for_each_tile(tile_, [&](const Tile<P>& tile) {
    for (std::size_t a = 0; a < arms_.size(); ++a) {
      const Arm& arm = arms_[a];
      // G = w^2 C (D - C),  W = w^2 C^2
      bin(exec, tile, objective.data(static_cast<int>(a)), arm);
      // N += G * delta,  Q += W * delta^2
      correlate(exec, tile, gradient_, arm.templates.delta, gradient_sums_, a > 0);
      correlate(exec, tile, weight_, arm.templates.square, weight_sums_, a > 0);
    }
    shift(exec, tile, gradient_sums_, numerator_);
    shift(exec, tile, weight_sums_, denominator_);
    // a = N / Q,  gain = 2 a N - a^2 Q,  the best of which are starts
    pick(exec, tile, objective.parameters());
  });
  return candidates_;
}

template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P>
void Scan<P, Model>::bin(const Exec& exec, const Tile<P>& tile, const SpectrumView<P>& data,
                         const Arm& arm) {
  using Kernel = detail::BinSpectra<P>;
  const auto bytes = static_cast<int>(Kernel::scratch_bytes(data.pixels()));
  const int columns = correlation_.padded(arm.bins.size);
  const int level = bytes <= P::team_policy::scratch_size_max(0) ? 0 : 1;
  auto policy = teams<P>(exec, tile.size);
  policy.set_scratch_size(level, Kokkos::PerTeam(bytes));
  Kokkos::parallel_for(
      "rvfit::Scan::bin", policy,
      Kernel{tile, data, columns_, arm.continuum, arm.bins.position, arm.bins.pixel,
             rows(gradient_, tile, columns), rows(weight_, tile, columns), level});
}

template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P>
void Scan<P, Model>::correlate(const Exec& exec, const Tile<P>& tile, const Vector<Real, P>& binned,
                               const CorrelatedVectors<P>& templates, const Vector<Real, P>& sums,
                               bool accumulate) {
  correlation_.multiply(
      exec, rows<const Real>(binned, tile, correlation_.padded(templates.elements)), templates,
      {sums.data(), tile.size * options_.templates, correlation_.length(), correlation_.length()},
      accumulate, correlation_workspace_, {tile, 1});
}

template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P>
void Scan<P, Model>::shift(const Exec& exec, const Tile<P>& tile, const Vector<Real, P>& sums,
                           const Vector<Real, P>& shifted) {
  const int length = correlation_.length();
  correlation_.shift(exec, {sums.data(), tile.size * options_.templates, length, length},
                     rows(shifted, tile, options_.templates * velocities_.shifts()), {tile, 1});
}

template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P>
void Scan<P, Model>::pick(const Exec& exec, const Tile<P>& tile,
                          const DeviceParameters<P>& parameters) {
  using Kernel = detail::PickCandidates<P>;
  const int shifts = velocities_.shifts();
  auto policy = teams<P>(exec, tile.size);
  policy.set_scratch_size(0, Kokkos::PerTeam(static_cast<int>(Kernel::scratch_bytes(shifts))));
  Kokkos::parallel_for("rvfit::Scan::pick", policy,
                       Kernel{tile, velocities_, parameters, rv_, velocity_columns_,
                              rows<const Real>(numerator_, tile, options_.templates * shifts),
                              rows<const Real>(denominator_, tile, options_.templates * shifts),
                              points_, candidates_, templates_of_, gains_});
}

}  // namespace rvfit

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
/// the sums those over pixels of a template interpolated linearly between bins. Both sums are a
/// product of the binned data (B, bins) with a Hankel matrix of the template (bins, shifts). The best
/// distinct rv of each spectrum are its starts.

#include <rvfit/continuum/projection.hpp>
#include <rvfit/linalg/correlation.hpp>
#include <rvfit/pipeline/detail/scan_kernels.hpp>
#include <rvfit/pipeline/objective.hpp>
#include <rvfit/pipeline/scan_options.hpp>
#include <rvfit/pipeline/template_model.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace rvfit {

/// Median width of the pixels of the finest arm: a velocity step that follows the resolution of the
/// data, as spectrographs sample their line spread with two pixels or more. Where every spectrum has
/// wavelengths of its own, the finest of them.
///
/// @param[in] observations  of which only the wavelengths are read; the call waits for them
/// @return                  at least 1 km/s                                              [km/s]
template <ExecutionPolicy P>
[[nodiscard]] double finest_pixel(const typename P::execution_space& exec,
                                  const Observations<P>& observations) {
  double finest = std::numeric_limits<double>::infinity();
  std::vector<double> widths;
  for (const SpectrumBatch<P>& arm : observations) {
    const auto wave = download(exec, arm.wave);
    for (std::size_t row = 0; row < wave.extent(0); ++row) {
      widths.clear();
      for (std::size_t i = 1; i < wave.extent(1); ++i) {
        widths.push_back(std::log(wave(row, i) / wave(row, i - 1)));
      }
      const auto middle = widths.begin() + static_cast<std::ptrdiff_t>(widths.size() / 2);
      std::nth_element(widths.begin(), middle, widths.end());
      finest = std::min(finest, *middle);
    }
  }
  return std::max(1.0, speed_of_light * finest);
}

/// Scan of a batch: templates made once, from the model, for the wavelengths planned for.
template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P>
class Scan {
 public:
  using Exec = typename P::execution_space;
  using Real = typename P::real_type;

  /// @param[in] tile  spectra of one pass, a multiple of gemm_row_group
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

  /// chi-square of the continuum alone, (B) for each arm.
  [[nodiscard]] const std::vector<Vector<double, P>>& continuum_chi2() const {
    return continuum_chi2_;
  }

 private:
  struct Arm {
    int bins = 0;
    Matrix<const double, P> position;  ///< (1 or B, N)  of pixels, in bins
    Matrix<const int, P> first;        ///< (1 or B, bins + 2)  pixels, of `FirstPixels`
    Matrix<const Real, P> delta;       ///< (templates, bins + shifts - 1)
    Matrix<const Real, P> square;
    Matrix<Real, P> continuum;  ///< (B, N) of the data
  };

  [[nodiscard]] std::vector<double> template_points(const Model& model,
                                                    const ParameterSet& parameters) const;
  void add_correlation(const Exec& exec, const MatrixRef<Real>& binned,
                       const Matrix<const Real, P>& templates, const Vector<Real, P>& sums,
                       bool accumulate) const {
    const auto columns = static_cast<int>(templates.extent(1));
    const int shifts = 2 * reach_ + 1;
    const int size = options_.templates * shifts;
    correlate<P, Real>(exec, {binned.data, binned.rows, binned.columns, binned.stride},
                       {templates.data(), options_.templates, columns, columns}, shifts,
                       {sums.data(), binned.rows, size, size}, accumulate);
  }
  [[nodiscard]] Arm make_arm(const Exec& exec, const Model& model, const SpectrumBatch<P>& like,
                             int capacity, const ContinuumOptions& continuum);

  ScanOptions options_;
  int columns_;  ///< of the continuum
  int tile_;
  double step_ = 0.0;  ///< in ln(wave)
  int reach_ = 0;      ///< largest shift
  int rv_;
  int velocities_;
  double min_rv_, max_rv_;
  Matrix<const double, P> points_;
  std::vector<Arm> arms_;
  std::vector<Vector<double, P>> continuum_chi2_;
  Vector<Real, P> ones_;                     ///< (T, N) flat templates
  Vector<Real, P> gradient_, weight_;        ///< (T, bins)
  Vector<Real, P> numerator_, denominator_;  ///< (T, templates * shifts)
  Linearization<P> unused_;
  Cube<double, P> candidates_;
  Matrix<double, P> gains_;
};

template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P> Scan<P, Model>::Scan(const Exec& exec, const Model& model,
                                                      const ParameterSet& parameters,
                                                      const Observations<P>& like, int capacity,
                                                      const ContinuumOptions& continuum, int tile,
                                                      const ScanOptions& options)
    : options_(options),
      columns_(continuum.columns),
      tile_(tile),
      rv_(parameters.index("rv")),
      velocities_(velocity_count<P>(model)),
      unused_(exec, std::max(capacity, options.templates), 0) {
  RVFIT_REQUIRE(options.rv_step >= 0 && options.templates > 0 && options.candidates > 0,
                "Scan: rv_step ", options.rv_step, ", templates ", options.templates,
                ", candidates ", options.candidates, ": must be positive, the step at least 0");
  if (options.rv_step == 0) {
    // Within the line spread: lines are found between shifts, too.
    options_.rv_step = 1.5 * finest_pixel<P>(exec, like);
  }
  RVFIT_REQUIRE(options.exclusion > 0 && options.min_strength > 0 &&
                    options.max_strength >= options.min_strength,
                "Scan: exclusion ", options.exclusion, " steps, line strengths ",
                options.min_strength, " to ", options.max_strength);
  // All velocities that any exposure may have.
  min_rv_ = std::numeric_limits<double>::infinity();
  max_rv_ = -min_rv_;
  bool fixed = true;
  for (int v = rv_; v < rv_ + velocities_; ++v) {
    const Parameter& rv = parameters[v];
    min_rv_ = std::min(min_rv_, rv.fixed ? rv.value : rv.lower);
    max_rv_ = std::max(max_rv_, rv.fixed ? rv.value : rv.upper);
    fixed = fixed && rv.fixed;
  }
  RVFIT_REQUIRE(std::isfinite(min_rv_) && std::isfinite(max_rv_), "Scan: rv is bounded by ",
                min_rv_, " and ", max_rv_, ", must be finite");
  if (fixed) {
    min_rv_ -= options_.rv_step;
    max_rv_ += options_.rv_step;
  }
  step_ = options_.rv_step / speed_of_light;
  reach_ = static_cast<int>(std::ceil(
      std::atanh(std::max(std::abs(min_rv_), std::abs(max_rv_)) / speed_of_light) / step_));
  const auto scratch = static_cast<int>(detail::PickCandidates<P>::scratch_bytes(2 * reach_ + 1));
  RVFIT_REQUIRE(scratch <= P::team_policy::scratch_size_max(0), "Scan: ", 2 * reach_ + 1,
                " shifts of ", options_.rv_step, " km/s between ", min_rv_, " and ", max_rv_,
                " want ", scratch, " bytes of team scratch, there are ",
                P::team_policy::scratch_size_max(0));
  points_ = upload_matrix<Matrix<const double, P>>(
      exec, "rvfit::Scan::points", template_points(model, parameters),
      static_cast<std::size_t>(options.templates), static_cast<std::size_t>(parameters.size()));
  std::size_t pixels = 0, bins = 0;
  for (const SpectrumBatch<P>& arm : like) {
    arms_.push_back(make_arm(exec, model, arm, capacity, continuum));
    continuum_chi2_.push_back(
        allocate<Vector<double, P>>(exec, "rvfit::Scan::continuum_chi2", capacity));
    pixels = std::max(pixels, static_cast<std::size_t>(arm.pixels()));
    bins = std::max(bins, static_cast<std::size_t>(arms_.back().bins));
  }
  const auto rows = static_cast<std::size_t>(tile);
  const auto sums = rows * static_cast<std::size_t>(options.templates * (2 * reach_ + 1));
  const auto array = [&](const char* label, std::size_t size) {
    return allocate<Vector<Real, P>>(exec, label, size);
  };
  ones_ = array("rvfit::Scan::ones", rows * pixels);
  Kokkos::deep_copy(exec, ones_, Real(1));
  gradient_ = array("rvfit::Scan::gradient", rows * bins);
  weight_ = array("rvfit::Scan::weight", rows * bins);
  numerator_ = array("rvfit::Scan::numerator", sums);
  denominator_ = array("rvfit::Scan::denominator", sums);
  candidates_ = allocate<Cube<double, P>>(exec, "rvfit::Scan::candidates", options.candidates,
                                          capacity, parameters.size());
  gains_ = allocate<Matrix<double, P>>(exec, "rvfit::Scan::gains", options.candidates, capacity);
}

template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P> std::vector<double> Scan<P, Model>::template_points(
    const Model& model, const ParameterSet& parameters)
const {
  std::vector<double> points = model.start_points(options_.templates);
  const auto columns = static_cast<std::size_t>(parameters.size());
  RVFIT_REQUIRE(points.size() == static_cast<std::size_t>(options_.templates) * columns,
                "Scan: the model's start_points gave ", points.size(), " numbers, wanted ",
                options_.templates, " x ", columns);
  for (std::size_t m = 0; m < points.size() / columns; ++m) {
    for (std::size_t p = 0; p < columns; ++p) {
      const Parameter& parameter = parameters[static_cast<int>(p)];
      double& value = points[m * columns + p];
      value = std::clamp(value, parameter.lower, parameter.upper);
      if (parameter.fixed) {
        value = parameter.value;
      }
    }
    // Templates are at rest.
    std::fill_n(points.begin() + static_cast<std::ptrdiff_t>(m * columns) + rv_, velocities_, 0.0);
  }
  return points;
}

template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P>
auto Scan<P, Model>::make_arm(const Exec& exec, const Model& model, const SpectrumBatch<P>& like,
                              int capacity, const ContinuumOptions& continuum) -> Arm {
  // Bins that cover every row of wavelengths, and templates that reach every shift beyond them.
  const auto wave = download(exec, like.wave);
  double lowest = wave(0, 0), highest = wave(0, wave.extent(1) - 1);
  for (std::size_t row = 1; row < wave.extent(0); ++row) {
    lowest = std::min(lowest, wave(row, 0));
    highest = std::max(highest, wave(row, wave.extent(1) - 1));
  }
  using Range2 = typename P::template grid_policy<2>;
  Arm arm;
  const double first = std::log(lowest);
  const auto position = allocate_raw<Matrix<double, P>>(exec, "rvfit::Scan::position",
                                                        like.wave.extent(0), like.wave.extent(1));
  Kokkos::parallel_for("rvfit::Scan::positions",
                       Range2(exec, {0, 0}, {static_cast<int>(like.wave.extent(0)), like.pixels()}),
                       detail::ScanPositions<P>{like.wave, first, step_, position});
  arm.position = position;
  arm.bins = static_cast<int>(std::ceil(std::log(highest / lowest) / step_)) + 1;
  const auto rows = static_cast<int>(like.wave.extent(0));
  const auto pixel = allocate_raw<Matrix<int, P>>(exec, "rvfit::Scan::first", rows, arm.bins + 2);
  Kokkos::parallel_for("rvfit::Scan::first_pixels", Range2(exec, {0, 0}, {rows, arm.bins + 2}),
                       detail::FirstPixels<P>{position, pixel});
  arm.first = pixel;
  const int size = arm.bins + 2 * reach_;
  std::vector<double> grid(static_cast<std::size_t>(size));
  for (int j = 0; j < size; ++j) {
    grid[static_cast<std::size_t>(j)] = std::exp(first + (j - reach_) * step_);
  }
  const auto grid_wave = upload_matrix<Matrix<const double, P>>(exec, "rvfit::Scan::grid", grid, 1,
                                                                static_cast<std::size_t>(size));

  const int templates = options_.templates;
  const int padded = (templates + gemm_row_group - 1) / gemm_row_group * gemm_row_group;
  const int index = model.arm_index(like.arm);
  ActiveList<P> all(exec, padded);
  all.select(exec, templates, templates, KeepAll{});
  const Tile<P> tile = all.tile(0, padded);
  typename Model::Workspace workspace(exec, model, padded);
  const auto flux = allocate<Jets<P>>(exec, "rvfit::Scan::template", padded, 1, size);
  model.synthesize(exec, index, tile, points_, 1, workspace);
  model.observe(exec, model.plan(exec, index, grid_wave), tile, points_, 1, flux, workspace);

  const Matrix<const Real, P> values(flux.data(), static_cast<std::size_t>(padded),
                                     static_cast<std::size_t>(size));
  const auto flat = allocate<Jets<P>>(exec, "rvfit::Scan::flat", padded, 1, size);
  Kokkos::deep_copy(exec, flat, Real(1));
  const Matrix<const Real, P> weight(flat.data(), static_cast<std::size_t>(padded),
                                     static_cast<std::size_t>(size));
  const auto fitted = allocate<Matrix<Real, P>>(exec, "rvfit::Scan::fitted", padded, size);
  const auto batch = make_spectrum_batch<P>(exec, like.arm, grid_wave, values, weight);
  project<P>(exec, tile, batch, continuum_basis<P>(exec, grid_wave, continuum), flat, 0, unused_,
             {{}, fitted});
  const auto delta = allocate<Matrix<Real, P>>(exec, "rvfit::Scan::delta", templates, size);
  const auto square = allocate<Matrix<Real, P>>(exec, "rvfit::Scan::square", templates, size);
  Kokkos::parallel_for("rvfit::Scan::normalize", Range2(exec, {0, 0}, {templates, size}),
                       detail::NormalizeTemplates<P>{values, fitted, delta, square});
  arm.delta = delta;
  arm.square = square;
  arm.continuum =
      allocate<Matrix<Real, P>>(exec, "rvfit::Scan::continuum", capacity, like.pixels());
  return arm;
}

template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P>
void Scan<P, Model>::fit_continuum(const Exec& exec, const Objective<P, Model>& objective,
                                   const ActiveList<P>& list) {
  Kokkos::deep_copy(exec, unused_.value, 0.0);
  list.for_each_tile(tile_, [&](const Tile<P>& tile) {
    for (std::size_t a = 0; a < arms_.size(); ++a) {
      const SpectrumView<P>& data = objective.data(static_cast<int>(a));
      const Jets<P> ones(ones_.data(), static_cast<std::size_t>(tile.size), std::size_t{1},
                         static_cast<std::size_t>(data.pixels()));
      project<P>(exec, tile, data, objective.basis(static_cast<int>(a)), ones, 0, unused_,
                 {continuum_chi2_[a], arms_[a].continuum});
    }
  });
}

template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P>
const Cube<double, P>& Scan<P, Model>::run(const Exec& exec, const Objective<P, Model>& objective,
                                           const ActiveList<P>& list) {
  using Bin = detail::BinSpectra<P>;
  using Pick = detail::PickCandidates<P>;
  const int shifts = 2 * reach_ + 1;
  const int sums = options_.templates * shifts;
  list.for_each_tile(tile_, [&](const Tile<P>& tile) {
    for (std::size_t a = 0; a < arms_.size(); ++a) {
      const Arm& arm = arms_[a];
      const SpectrumView<P>& data = objective.data(static_cast<int>(a));
      const MatrixRef<Real> gradient{gradient_.data(), tile.size, arm.bins, arm.bins};
      const MatrixRef<Real> weight{weight_.data(), tile.size, arm.bins, arm.bins};
      const auto bytes = static_cast<int>(Bin::scratch_bytes(data.pixels()));
      const int level = bytes <= P::team_policy::scratch_size_max(0) ? 0 : 1;
      typename P::team_policy bins(exec, tile.size, Kokkos::AUTO);
      bins.set_scratch_size(level, Kokkos::PerTeam(bytes));
      Kokkos::parallel_for("rvfit::Scan::bin", bins,
                           Bin{tile, data, columns_, arm.continuum, arm.position, arm.first,
                               gradient, weight, level});
      add_correlation(exec, gradient, arm.delta, numerator_, a > 0);
      add_correlation(exec, weight, arm.square, denominator_, a > 0);
    }
    typename P::team_policy policy(exec, tile.size, Kokkos::AUTO);
    policy.set_scratch_size(0, Kokkos::PerTeam(static_cast<int>(Pick::scratch_bytes(shifts))));
    Kokkos::parallel_for("rvfit::Scan::pick", policy,
                         Pick{tile,
                              options_,
                              shifts,
                              step_,
                              rv_,
                              objective.parameters(),
                              {numerator_.data(), tile.size, sums, sums},
                              {denominator_.data(), tile.size, sums, sums},
                              points_,
                              candidates_,
                              gains_,
                              velocities_,
                              min_rv_,
                              max_rv_});
  });
  return candidates_;
}

}  // namespace rvfit

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
/// distinct rv of each spectrum go to the exact objective, and the lowest is the start.

#include <rvfit/continuum/projection.hpp>
#include <rvfit/core/units.hpp>
#include <rvfit/linalg/correlation.hpp>
#include <rvfit/pipeline/objective.hpp>
#include <rvfit/pipeline/template_model.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace rvfit {

struct ScanOptions {
  double rv_step = 25.0;      ///< bin of the scan, well below the instrument's resolution [km/s]
  int templates = 32;         ///< points of the model's domain
  int candidates = 3;         ///< starts that the exact objective decides between
  double exclusion = 100.0;   ///< least distance in rv between candidates [km/s]
  double min_strength = 0.3;  ///< bounds of the line strength a
  double max_strength = 2.0;
};

namespace detail {

/// Divide data by their own continuum and share pixels out to bins; one team a spectrum.
template <ExecutionPolicy P>
struct BinSpectra {
  using Real = typename P::real_type;
  Tile<P> tile;
  SpectrumView<P> data;
  Matrix<const Real, P> continuum;   ///< (B, N)
  Matrix<const double, P> position;  ///< (1 or B, N)  of pixels, in bins
  MatrixRef<Real> gradient;          ///< (T, bins)
  MatrixRef<Real> weight;            ///< (T, bins)

  KOKKOS_FUNCTION void operator()(const typename P::member_type& member) const {
    const int t = member.league_rank();
    const int b = tile.spectrum(t);
    const bool empty = b < 0 || data.good(b) == 0;
    const int row = position.extent(0) == 1 || b < 0 ? 0 : b;
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, gradient.columns), [&](int j) {
      double g = 0.0, q = 0.0;
      if (!empty) {
        // Pixels between the neighbouring bins.
        for (int i = first_pixel_after(row, j - 1.0); i < data.pixels(); ++i) {
          const double distance = Kokkos::abs(position(row, i) - j);
          if (distance >= 1.0) {
            break;
          }
          const double w = data.weight(b, i);
          const double c = continuum(b, i);
          g += (1.0 - distance) * w * w * c * (data.flux(b, i) - c);
          q += (1.0 - distance) * w * w * c * c;
        }
      }
      gradient.row(t)[j] = static_cast<Real>(g);
      weight.row(t)[j] = static_cast<Real>(q);
    });
  }

 private:
  /// First pixel beyond a position, by bisection.
  [[nodiscard]] KOKKOS_FUNCTION int first_pixel_after(int row, double bin) const {
    int low = 0, high = data.pixels();
    while (low < high) {
      const int middle = (low + high) / 2;
      if (position(row, middle) > bin) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }
};

/// Pixels of an arm in bins of the scan.
template <ExecutionPolicy P>
struct ScanPositions {
  Matrix<const double, P> wave;
  double first;  ///< ln(wave) of bin 0
  double step;   ///< of a bin in ln(wave)
  Matrix<double, P> position;
  KOKKOS_FUNCTION void operator()(int row, int i) const {
    position(row, i) = (Kokkos::log(wave(row, i)) - first) / step;
  }
};

/// delta = template / continuum - 1 and its square.
template <ExecutionPolicy P>
struct NormalizeTemplates {
  using Real = typename P::real_type;
  Matrix<const Real, P> flux, continuum;
  Matrix<Real, P> delta, square;
  KOKKOS_FUNCTION void operator()(int m, int j) const {
    const double d = static_cast<double>(flux(m, j)) / continuum(m, j) - 1.0;
    const double finite = Kokkos::isfinite(d) ? d : 0.0;
    delta(m, j) = static_cast<Real>(finite);
    square(m, j) = static_cast<Real>(finite * finite);
  }
};

/// Best distinct shifts of each spectrum; one team a spectrum.
template <ExecutionPolicy P>
struct PickCandidates {
  using Real = typename P::real_type;
  Tile<P> tile;
  ScanOptions options;
  int shifts;   ///< 2 S + 1
  double step;  ///< of a shift in ln(wave)
  int rv;       ///< its column in theta
  DeviceParameters<P> parameters;
  MatrixRef<const Real> numerator, denominator;  ///< (T, templates * shifts)
  Matrix<const double, P> points;                ///< (templates, P)
  Cube<double, P> candidates;                    ///< (K, B, P)
  double min_rv, max_rv;

  [[nodiscard]] static std::size_t scratch_bytes(int shifts) {
    return static_cast<std::size_t>(shifts) * (sizeof(double) + sizeof(int)) + 32;
  }

  [[nodiscard]] KOKKOS_FUNCTION double gain(int t, int m, int s) const {
    const double n = numerator.row(t)[m * shifts + s];
    const double q = denominator.row(t)[m * shifts + s];
    const double a = Kokkos::fmin(Kokkos::fmax(q > 0.0 ? n / q : 0.0, options.min_strength),
                                  options.max_strength);
    const double result = a * (2.0 * n - a * q);
    return Kokkos::isfinite(result) ? result : -1e300;
  }

  KOKKOS_FUNCTION double velocity(double s) const {
    return speed_of_light * Kokkos::tanh(((shifts - 1) / 2 - s) * step);
  }

  KOKKOS_FUNCTION void operator()(const typename P::member_type& member) const {
    const int t = member.league_rank();
    const int b = tile.spectrum(t);
    if (b < 0) {
      return;
    }
    const auto templates = static_cast<int>(points.extent(0));
    auto* best = static_cast<double*>(
        member.team_scratch(0).get_shmem(static_cast<std::size_t>(shifts) * sizeof(double)));
    auto* which = static_cast<int*>(
        member.team_scratch(0).get_shmem(static_cast<std::size_t>(shifts) * sizeof(int)));
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, shifts), [&](int s) {
      best[s] = gain(t, 0, s);
      which[s] = 0;
      for (int m = 1; m < templates; ++m) {
        const double g = gain(t, m, s);
        if (g > best[s]) {
          best[s] = g;
          which[s] = m;
        }
      }
      const double v = velocity(s);
      if (!(v >= min_rv && v <= max_rv)) {
        best[s] = -1e300;
      }
    });
    member.team_barrier();
    Kokkos::single(Kokkos::PerTeam(member), [&] { pick(t, b, best, which); });
  }

 private:
  KOKKOS_FUNCTION void pick(int t, int b, double* best, const int* which) const {
    const auto parameters_in_use = static_cast<int>(points.extent(1));
    for (int k = 0; k < static_cast<int>(candidates.extent(0)); ++k) {
      int top = 0;
      for (int s = 1; s < shifts; ++s) {
        top = best[s] > best[top] ? s : top;
      }
      const int m = which[top];
      double position = top;
      if (top > 0 && top < shifts - 1) {
        // Vertex of the parabola through the peak and its neighbours.
        const double left = gain(t, m, top - 1), centre = gain(t, m, top),
                     right = gain(t, m, top + 1);
        const double curvature = left - 2.0 * centre + right;
        const double offset = 0.5 * (left - right) / curvature;
        position += curvature < 0.0 && Kokkos::abs(offset) <= 1.0 ? offset : 0.0;
      }
      const double v = velocity(position);
      for (int p = 0; p < parameters_in_use; ++p) {
        candidates(k, b, p) = parameters.start(p, p == rv ? v : points(m, p));
      }
      for (int s = 0; s < shifts; ++s) {
        if (Kokkos::abs(velocity(s) - v) < options.exclusion) {
          best[s] = -1e301;
        }
      }
    }
  }
};

}  // namespace detail

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

  /// Candidates of all spectra of an objective.
  ///
  /// @param[in]  list  spectra to scan
  /// @return           (K, B, P): best first by the scan's own measure
  const Cube<double, P>& run(const Exec& exec, const Objective<P, Model>& objective,
                             const ActiveList<P>& list);

  /// chi-square of the continuum alone, (B) for each arm, of the last run.
  [[nodiscard]] const std::vector<Vector<double, P>>& continuum_chi2() const {
    return continuum_chi2_;
  }

 private:
  struct Arm {
    int bins = 0;
    Matrix<const double, P> position;  ///< (1 or B, N)  of pixels, in bins
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
  int tile_;
  double step_ = 0.0;  ///< in ln(wave)
  int reach_ = 0;      ///< largest shift
  int rv_;
  double min_rv_, max_rv_;
  Matrix<const double, P> points_;
  std::vector<Arm> arms_;
  std::vector<Vector<double, P>> continuum_chi2_;
  Vector<Real, P> ones_;                     ///< (T, N) flat templates
  Vector<Real, P> gradient_, weight_;        ///< (T, bins)
  Vector<Real, P> numerator_, denominator_;  ///< (T, templates * shifts)
  Linearization<P> unused_;
  Cube<double, P> candidates_;
};

template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P> Scan<P, Model>::Scan(const Exec& exec, const Model& model,
                                                      const ParameterSet& parameters,
                                                      const Observations<P>& like, int capacity,
                                                      const ContinuumOptions& continuum, int tile,
                                                      const ScanOptions& options)
    : options_(options),
      tile_(tile),
      rv_(parameters.index("rv")),
      min_rv_(parameters["rv"].lower),
      max_rv_(parameters["rv"].upper),
      unused_(exec, std::max(capacity, options.templates), 0) {
  RVFIT_REQUIRE(options.rv_step > 0 && options.templates > 0 && options.candidates > 0,
                "Scan: rv_step ", options.rv_step, ", templates ", options.templates,
                ", candidates ", options.candidates, ": all must be positive");
  RVFIT_REQUIRE(std::isfinite(min_rv_) && std::isfinite(max_rv_), "Scan: rv is bounded by ",
                min_rv_, " and ", max_rv_, ", must be finite");
  if (parameters[rv_].fixed) {
    min_rv_ = parameters[rv_].value - options.rv_step;
    max_rv_ = parameters[rv_].value + options.rv_step;
  }
  step_ = options.rv_step / speed_of_light;
  reach_ = static_cast<int>(std::ceil(
      std::atanh(std::max(std::abs(min_rv_), std::abs(max_rv_)) / speed_of_light) / step_));
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
}

template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P> std::vector<double> Scan<P, Model>::template_points(
    const Model& model, const ParameterSet& parameters)
const {
  std::vector<double> points = model.start_points(options_.templates);
  const auto columns = static_cast<std::size_t>(parameters.size());
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
    points[m * columns + static_cast<std::size_t>(rv_)] = 0.0;
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
  using Range2 = Kokkos::MDRangePolicy<Exec, Kokkos::Rank<2>, Kokkos::IndexType<int>>;
  Arm arm;
  const double first = std::log(lowest);
  const auto position = allocate_raw<Matrix<double, P>>(exec, "rvfit::Scan::position",
                                                        like.wave.extent(0), like.wave.extent(1));
  Kokkos::parallel_for("rvfit::Scan::positions",
                       Range2(exec, {0, 0}, {static_cast<int>(like.wave.extent(0)), like.pixels()}),
                       detail::ScanPositions<P>{like.wave, first, step_, position});
  arm.position = position;
  arm.bins = static_cast<int>(std::ceil(std::log(highest / lowest) / step_)) + 1;
  const int size = arm.bins + 2 * reach_;
  std::vector<double> grid;
  for (int j = 0; j < size; ++j) {
    grid.push_back(std::exp(first + (j - reach_) * step_));
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
const Cube<double, P>& Scan<P, Model>::run(const Exec& exec, const Objective<P, Model>& objective,
                                           const ActiveList<P>& list) {
  const int templates = options_.templates;
  const int shifts = 2 * reach_ + 1;
  for (int begin = 0; begin < list.bound(); begin += tile_) {
    const int rest = list.bound() - begin;
    const int padded = (rest + gemm_row_group - 1) / gemm_row_group * gemm_row_group;
    const Tile<P> tile = list.tile(begin, std::min(tile_, padded));
    for (std::size_t a = 0; a < arms_.size(); ++a) {
      const Arm& arm = arms_[a];
      const SpectrumView<P>& data = objective.data(static_cast<int>(a));
      const Jets<P> ones(ones_.data(), static_cast<std::size_t>(tile.size), std::size_t{1},
                         static_cast<std::size_t>(data.pixels()));
      project<P>(exec, tile, data, objective.basis(static_cast<int>(a)), ones, 0, unused_,
                 {continuum_chi2_[a], arm.continuum});
      const MatrixRef<Real> gradient{gradient_.data(), tile.size, arm.bins, arm.bins};
      const MatrixRef<Real> weight{weight_.data(), tile.size, arm.bins, arm.bins};
      Kokkos::parallel_for(
          "rvfit::Scan::bin", typename P::team_policy(exec, tile.size, Kokkos::AUTO),
          detail::BinSpectra<P>{tile, data, arm.continuum, arm.position, gradient, weight});
      add_correlation(exec, gradient, arm.delta, numerator_, a > 0);
      add_correlation(exec, weight, arm.square, denominator_, a > 0);
    }
    const int sums = templates * shifts;
    typename P::team_policy policy(exec, tile.size, Kokkos::AUTO);
    using Pick = detail::PickCandidates<P>;
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
                              min_rv_,
                              max_rv_});
  }
  return candidates_;
}

}  // namespace rvfit

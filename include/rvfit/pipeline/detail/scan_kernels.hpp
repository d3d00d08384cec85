// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Kernels of the scan (pipeline/scan.hpp): pixels into bins, templates into line strengths, sums into
/// candidates.

#include <rvfit/continuum/basis.hpp>
#include <rvfit/core/tile.hpp>
#include <rvfit/core/units.hpp>
#include <rvfit/data/spectrum_batch.hpp>
#include <rvfit/linalg/gemm.hpp>
#include <rvfit/pipeline/scan_options.hpp>
#include <rvfit/solver/lm.hpp>

namespace rvfit::detail {

/// Divide data by their own continuum and share pixels out to bins; one team a spectrum.
template <ExecutionPolicy P>
struct BinSpectra {
  using Real = typename P::real_type;
  static constexpr int width = P::pixels_abreast;
  Tile<P> tile;
  SpectrumView<P> data;
  int columns;                       ///< of the continuum
  Matrix<const Real, P> continuum;   ///< (B, N)
  Matrix<const double, P> position;  ///< (1 or B, N)  of pixels, in bins
  Matrix<const int, P> first;        ///< (1 or B, bins + 2)  of `FirstPixels`
  MatrixRef<Real> gradient;          ///< (T, bins)
  MatrixRef<Real> weight;            ///< (T, bins)
  int scratch_level;

  [[nodiscard]] static std::size_t scratch_bytes(int pixels) {
    return 2 * static_cast<std::size_t>(pixels) * sizeof(Real) + 32;
  }

  KOKKOS_FUNCTION void operator()(const typename P::member_type& member) const {
    const int t = member.league_rank();
    const int b = tile.fit(t);
    const int pixels = data.pixels();
    const bool empty = b < 0 || !has_enough_pixels(data.good(b), columns);
    auto* g =
        static_cast<Real*>(member.team_scratch(scratch_level)
                               .get_shmem(2 * static_cast<std::size_t>(pixels) * sizeof(Real)));
    Real* q = g + pixels;
    if (!empty) {
      const Real* w = &data.weight(b, 0);
      const Real* flux = &data.flux(b, 0);
      const Real* c = &continuum(b, 0);
      Kokkos::parallel_for(Kokkos::TeamThreadRange(member, (pixels + width - 1) / width),
                           [&](int block) {
                             const int end = Kokkos::min((block + 1) * width, pixels);
                             for (int i = block * width; i < end; ++i) {
                               // In this order: w^2 alone overflows in fluxes of 1e-18.
                               const Real scale = w[i] * c[i];
                               g[i] = scale * (w[i] * (flux[i] - c[i]));
                               q[i] = scale * scale;
                             }
                           });
    }
    member.team_barrier();
    const int row = position.extent(0) == 1 || b < 0 ? 0 : b;
    const int* from = &first(row, 0);
    const double* place = &position(row, 0);
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, gradient.columns), [&](int j) {
      double sum_g = 0.0, sum_q = 0.0;
      // Pixels between the neighbouring bins.
      for (int i = from[j]; i < from[j + 2] && !empty; ++i) {
        const double share = 1.0 - Kokkos::abs(place[i] - j);
        sum_g += share * g[i];
        sum_q += share * q[i];
      }
      gradient.row(t)[j] = static_cast<Real>(sum_g);
      weight.row(t)[j] = static_cast<Real>(sum_q);
    });
  }
};

/// first(row, j + 1) is the first pixel at or beyond bin j.
template <ExecutionPolicy P>
struct FirstPixels {
  Matrix<const double, P> position;
  Matrix<int, P> first;

  KOKKOS_FUNCTION void operator()(int row, int n) const {
    int low = 0, high = static_cast<int>(position.extent(1));
    while (low < high) {
      const int middle = (low + high) / 2;
      if (position(row, middle) >= n - 1) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    first(row, n) = low;
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
  static constexpr int width = P::pixels_abreast;
  static constexpr double excluded = -1e300;  ///< gain of a shift that is none
  Tile<P> tile;
  ScanOptions options;
  int shifts;   ///< 2 S + 1
  double step;  ///< of a shift in ln(wave)
  int rv;       ///< its column in theta
  DeviceParameters<P> parameters;
  MatrixRef<const Real> numerator, denominator;  ///< (T, templates * shifts)
  Matrix<const double, P> points;                ///< (templates, P)
  Cube<double, P> candidates;                    ///< (K, B, P)
  Matrix<double, P> gains;                       ///< (K, B)  NaN without a candidate
  int velocities;                                ///< columns rv, rv + 1 .. of theta
  double min_rv, max_rv;

  [[nodiscard]] static std::size_t scratch_bytes(int shifts) {
    return static_cast<std::size_t>(shifts) * (sizeof(double) + sizeof(int)) + 32;
  }

  [[nodiscard]] KOKKOS_FUNCTION double gain(int t, int m, int s) const {
    const double n = numerator.row(t)[m * shifts + s];
    const double q = denominator.row(t)[m * shifts + s];
    // Comparisons, not fmin and fmax, which are calls into the C library and no vector instructions.
    double a = q > 0.0 ? n / q : 0.0;
    a = a > options.min_strength ? a : options.min_strength;
    a = a < options.max_strength ? a : options.max_strength;
    const double result = a * (2.0 * n - a * q);
    return result - result == 0.0 ? result : excluded;  // finite
  }

  KOKKOS_FUNCTION double velocity(double s) const {
    return speed_of_light * Kokkos::tanh((0.5 * (shifts - 1) - s) * step);  // shifts is odd
  }

  KOKKOS_FUNCTION void operator()(const typename P::member_type& member) const {
    const int t = member.league_rank();
    const int b = tile.fit(t);
    if (b < 0) {
      return;
    }
    const auto templates = static_cast<int>(points.extent(0));
    auto* best = static_cast<double*>(
        member.team_scratch(0).get_shmem(static_cast<std::size_t>(shifts) * sizeof(double)));
    auto* which = static_cast<int*>(
        member.team_scratch(0).get_shmem(static_cast<std::size_t>(shifts) * sizeof(int)));
    const int blocks = (shifts + width - 1) / width;
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, blocks), [&](int block) {
      const int begin = block * width;
      const int count = Kokkos::min(int{width}, shifts - begin);
      for (int s = begin; s < begin + count; ++s) {
        best[s] = excluded;
        which[s] = 0;
      }
      for (int m = 0; m < templates; ++m) {
        for (int s = begin; s < begin + count; ++s) {
          const double g = gain(t, m, s);
          const bool better = g > best[s];
          best[s] = better ? g : best[s];
          which[s] = better ? m : which[s];
        }
      }
      for (int s = begin; s < begin + count; ++s) {
        const double v = velocity(s);
        // Half a step of grace: bounds closer than a step still have a shift.
        const double grace = 0.5 * options.rv_step;
        if (!(v >= min_rv - grace && v <= max_rv + grace)) {
          best[s] = excluded;
        }
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
        const bool velocity_column = p >= rv && p < rv + velocities;
        candidates(k, b, p) = parameters.start(p, velocity_column ? v : points(m, p));
      }
      // Bounds that hold fewer shifts than candidates are wanted: there is no such candidate.
      gains(k, b) = best[top] > excluded ? best[top] : Kokkos::Experimental::quiet_NaN_v<double>;
      for (int s = 0; s < shifts; ++s) {
        if (Kokkos::abs(velocity(s) - v) < options.exclusion * options.rv_step) {
          best[s] = excluded;
        }
      }
    }
  }
};

}  // namespace rvfit::detail

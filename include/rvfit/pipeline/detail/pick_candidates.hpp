// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The candidates of a scan (pipeline/scan.hpp): the shifts of highest gain that are far enough apart.

#include <rvfit/core/tile.hpp>
#include <rvfit/linalg/matrix_ref.hpp>
#include <rvfit/pipeline/scan_velocities.hpp>
#include <rvfit/solver/device_parameters.hpp>

namespace rvfit::detail {

// The figures of docs/decisions/0010-starts-are-screened-twice.md.

/// Bounds of the line strength a.
inline constexpr double min_line_strength = 0.3;
inline constexpr double max_line_strength = 2.0;

/// Least distance in rv between candidates, in steps of the scan.
inline constexpr double candidate_exclusion = 2.7;

/// Best distinct shifts of each spectrum; one team a spectrum.
template <ExecutionPolicy P>
struct PickCandidates {
  using Real = typename P::real_type;
  static constexpr int width = P::pixels_abreast;
  static constexpr double excluded = -1e300;  ///< gain of a shift that is none
  Tile<P> tile;
  ScanVelocities velocities;
  DeviceParameters<P> parameters;
  int rv;                                        ///< column of the first velocity in theta
  int velocity_columns;                          ///< number of velocities in theta
  MatrixRef<const Real> numerator, denominator;  ///< (T, templates * shifts)  N, Q
  Matrix<const double, P> points;                ///< (templates, P)
  Cube<double, P> candidates;                    ///< (K, B, P)
  Matrix<int, P> templates_of;                   ///< (K, B)  row of `points`
  Matrix<double, P> gains;                       ///< (K, B)  NaN without a candidate

  [[nodiscard]] static std::size_t scratch_bytes(int shifts) {
    return static_cast<std::size_t>(shifts) * (sizeof(double) + sizeof(int)) + 32;
  }

  /// 2 a N - a^2 Q of template m at shift s, with a = N / Q between its bounds.
  [[nodiscard]] KOKKOS_FUNCTION double gain(int t, int m, int s) const {
    const int shifts = velocities.shifts();
    const double n = numerator.row(t)[m * shifts + s];
    const double q = denominator.row(t)[m * shifts + s];
    // Comparisons, not fmin and fmax, which are calls into the C library and no vector instructions.
    double a = q > 0.0 ? n / q : 0.0;
    constexpr double least = min_line_strength, most = max_line_strength;
    a = a > least ? a : least;
    a = a < most ? a : most;
    const double result = a * (2.0 * n - a * q);
    return result - result == 0.0 ? result : excluded;  // finite
  }

  KOKKOS_FUNCTION void operator()(const typename P::member_type& member) const {
    const int t = member.league_rank();
    const int b = tile.fit(t);
    if (b < 0) {
      return;
    }
    const int shifts = velocities.shifts();
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
        if (!velocities.contains(velocities.velocity(s))) {
          best[s] = excluded;
        }
      }
    });
    member.team_barrier();
    Kokkos::single(Kokkos::PerTeam(member), [&] { pick(t, b, best, which); });
  }

 private:
  KOKKOS_FUNCTION void pick(int t, int b, double* best, const int* which) const {
    const int shifts = velocities.shifts();
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
      const double v = velocities.velocity(position);
      templates_of(k, b) = m;
      for (int p = 0; p < parameters_in_use; ++p) {
        const bool velocity_column = p >= rv && p < rv + velocity_columns;
        candidates(k, b, p) = parameters.start(p, velocity_column ? v : points(m, p));
      }
      // Bounds that hold fewer shifts than candidates are wanted: there is no such candidate.
      gains(k, b) = best[top] > excluded ? best[top] : Kokkos::Experimental::quiet_NaN_v<double>;
      for (int s = 0; s < shifts; ++s) {
        if (Kokkos::abs(velocities.velocity(s) - v) < candidate_exclusion * velocities.rv_step) {
          best[s] = excluded;
        }
      }
    }
  }
};

}  // namespace rvfit::detail

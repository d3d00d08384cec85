// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Bins of a scan (pipeline/scan.hpp): uniform in ln(wave), each pixel shared out to the two around it.

#include <rvfit/continuum/basis.hpp>
#include <rvfit/core/tile.hpp>
#include <rvfit/data/spectrum_batch.hpp>
#include <rvfit/linalg/matrix_ref.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace rvfit::detail {

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

/// The bins of one arm: from the bluest pixel in use of any row of wavelengths to the reddest.
template <ExecutionPolicy P>
struct ScanBins {
  double first;                      ///< ln(wave) of bin 0
  double step;                       ///< of a bin in ln(wave)
  int size;                          ///< number of bins
  Matrix<const double, P> position;  ///< (1 or B, N)         of pixels, in bins
  Matrix<const int, P> pixel;        ///< (1 or B, size + 2)  of `FirstPixels`

  /// @param[in] used   wavelengths outside have no weight
  /// @param[in] reach  the bins reach at least over this range, so that they do not depend on the
  ///                   spectra; empty, with lower above upper, if they may
  ScanBins(const typename P::execution_space& exec, const Matrix<const double, P>& wave,
           double bin_step, const WaveRange& used, const WaveRange& reach)
      : step(bin_step) {
    using Range2 = typename P::template grid_policy<2>;
    const auto on_host = download(exec, wave);
    const auto rows = static_cast<int>(wave.extent(0)), pixels = static_cast<int>(wave.extent(1));
    const std::size_t last = wave.extent(1) - 1;
    double lowest = std::min(on_host(0, 0), reach.lower);
    double highest = std::max(on_host(0, last), reach.upper);
    for (std::size_t row = 1; row < wave.extent(0); ++row) {
      lowest = std::min(lowest, on_host(row, 0));
      highest = std::max(highest, on_host(row, last));
    }
    lowest = std::max(lowest, used.lower);
    highest = std::max(lowest, std::min(highest, used.upper));
    first = std::log(lowest);
    size = static_cast<int>(std::ceil(std::log(highest / lowest) / step)) + 1;
    const auto positions =
        allocate_raw<Matrix<double, P>>(exec, "rvfit::Scan::position", rows, pixels);
    Kokkos::parallel_for("rvfit::Scan::positions", Range2(exec, {0, 0}, {rows, pixels}),
                         ScanPositions<P>{wave, first, step, positions});
    position = positions;
    const auto firsts = allocate_raw<Matrix<int, P>>(exec, "rvfit::Scan::first", rows, size + 2);
    Kokkos::parallel_for("rvfit::Scan::first_pixels", Range2(exec, {0, 0}, {rows, size + 2}),
                         FirstPixels<P>{position, firsts});
    pixel = firsts;
  }

  /// Wavelengths of the bins and `reach` more at either end.
  [[nodiscard]] std::vector<double> wavelengths(int reach) const {
    std::vector<double> grid;
    for (int j = -reach; j < size + reach; ++j) {
      grid.push_back(std::exp(first + j * step));
    }
    return grid;
  }
};

/// G and W of the pixels, shared out to bins; one team a spectrum.
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
  MatrixRef<Real> gradient;          ///< (T, bins and zeros)
  MatrixRef<Real> weight;            ///< (T, bins and zeros)
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
    const int bins = static_cast<int>(first.extent(1)) - 2;
    const int* from = &first(row, 0);
    const double* place = &position(row, 0);
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, gradient.columns), [&](int j) {
      double sum_g = 0.0, sum_q = 0.0;
      // Pixels between the neighbouring bins.
      const int end = j < bins && !empty ? from[j + 2] : 0;
      for (int i = j < bins ? from[j] : 0; i < end; ++i) {
        const double share = 1.0 - Kokkos::abs(place[i] - j);
        sum_g += share * g[i];
        sum_q += share * q[i];
      }
      gradient.row(t)[j] = static_cast<Real>(sum_g);
      weight.row(t)[j] = static_cast<Real>(sum_q);
    });
  }
};

}  // namespace rvfit::detail

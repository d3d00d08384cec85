// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Doppler shift and resampling: the template's spline at the rest wavelength of each observed pixel,
///
///   out(l, i) = f_l(s_i),   s_i = (ln(wave_i) + ln(doppler(rv)) - origin) / step
///   out(rv, i) = f_0'(s_i) ds_i/drv
///
/// rvspecfit builds its spline in wavelength instead of ln(wavelength); the two differ by less than
/// 1e-5 of the flux (test: golden/nn_models).

#include <rvfit/core/tile.hpp>
#include <rvfit/core/units.hpp>
#include <rvfit/data/template_grid.hpp>
#include <rvfit/linalg/gemm.hpp>
#include <rvfit/stages/spline.hpp>
#include <rvfit/stages/spline_taps.hpp>

#include <Kokkos_Core.hpp>

namespace rvfit {

/// Position of observed pixels on a template grid as a function of rv: s_i = base_i + shift(rv).
struct DopplerMap {
  double origin = 0.0;  ///< of the template grid, in steps
  double step = 1.0;    ///< of the template grid in ln(wave)

  explicit DopplerMap(const TemplateGrid& grid)
      : origin(grid.origin / grid.step), step(grid.step) {}

  /// Position at rv = 0, plus origin.
  [[nodiscard]] KOKKOS_FUNCTION double base(double wave) const { return Kokkos::log(wave) / step; }

  /// Shift by a velocity on top of the base, and its derivative by rv  [pixels, pixels / (km/s)].
  struct Shift {
    double offset;
    double slope;
  };

  [[nodiscard]] KOKKOS_FUNCTION Shift operator()(double rv) const {
    return {log_doppler(rv) / step - origin, log_doppler_derivative(rv) / step};
  }
};

/// Spline coefficients of templates, some lanes of each: those of entry t, or of one of a few templates that
/// fits share.
template <ExecutionPolicy P>
struct SplineRows {
  MatrixRef<const typename P::real_type> rows;  ///< (templates * lanes, M + 2)
  int lanes;                                    ///< stored of each
  Vector<const int, P> templates;               ///< (B)  of each fit; empty: entry t

  SplineRows(MatrixRef<const typename P::real_type> coefficients, int lanes_of_each,
             const Vector<const int, P>& of_fits = {})
      : rows(coefficients), lanes(lanes_of_each), templates(of_fits) {}

  [[nodiscard]] KOKKOS_FUNCTION int first_row(int t, int b) const {
    return (templates.extent(0) > 0 ? templates(b) : t) * lanes;
  }
};

namespace detail {

/// Fill (1 or B, N) positions at rest from wavelengths.
template <ExecutionPolicy P>
struct BasePositions {
  DopplerMap map;
  Matrix<const double, P> wave;
  Matrix<double, P> base;

  KOKKOS_FUNCTION void operator()(int row, int i) const { base(row, i) = map.base(wave(row, i)); }
};

/// One team resamples all lanes of one spectrum, `pixels_abreast` pixels a thread.
template <ExecutionPolicy P>
struct ObserveKernel {
  using Real = typename P::real_type;
  static constexpr int width = P::pixels_abreast;

  Tile<P> tile;
  Matrix<const double, P> theta;
  int rv;  ///< its column in theta
  DopplerMap map;
  Matrix<const double, P> base;
  int lanes_in;
  SplineRows<P> coefficients;
  Jets<P> out;

  KOKKOS_FUNCTION void operator()(const typename P::member_type& member) const {
    const int t = member.league_rank();
    const int b = tile.fit(t);
    if (b < 0) {
      return;
    }
    const auto size = static_cast<int>(out.extent(2));
    const auto shift = map(theta(b, rv));
    const double* base_row = &base(base.extent(0) == 1 ? 0 : tile.spectrum_of(b), 0);
    const int first = coefficients.first_row(t, b);
    const int blocks = (size + width - 1) / width;
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, blocks), [&](int block) {
      resample(t, first, block * width, Kokkos::min(int{width}, size - block * width), shift,
               base_row);
    });
  }

 private:
  KOKKOS_FUNCTION void resample(int t, int first, int begin, int count,
                                const DopplerMap::Shift& shift, const double* base_row) const {
    const MatrixRef<const Real>& rows = coefficients.rows;
    const int grid = rows.columns - 2 * spline_padding;
    const auto lanes_out = static_cast<int>(out.extent(1));
    double base_value[width];
    for (int w = 0; w < width; ++w) {
      base_value[w] = base_row[begin + (count == width ? w : Kokkos::min(w, count - 1))];
    }
    const auto ds_drv = static_cast<Real>(shift.slope);
    int pixel[width];
    Real value[width][4];
    Real slope[width][4];
    for (int w = 0; w < width; ++w) {
      const auto at = spline_position(base_value[w] + shift.offset, grid);
      const auto weights = spline_weights(static_cast<Real>(at.fraction));

      pixel[w] = at.pixel;
      for (int m = 0; m < 4; ++m) {
        value[w][m] = weights.value[m];
        slope[w][m] = weights.slope[m] * ds_drv;
      }
    }
    for (int l = 0; l < lanes_in; ++l) {
      apply(value, pixel, count, rows.row(first + l), &out(t, l, begin));
    }
    if (lanes_out > lanes_in) {
      apply(slope, pixel, count, rows.row(first), &out(t, lanes_in, begin));
    }
  }

  KOKKOS_FUNCTION static void apply(const Real (&weight)[width][4], const int (&pixel)[width],
                                    int count, const Real* row, Real* result) {
    if (count == width) {
      spline_sums<width>(weight, pixel, row, result);
      return;
    }
    Real sums[width];
    spline_sums<width>(weight, pixel, row, sums);
    for (int w = 0; w < count; ++w) {
      result[w] = sums[w];
    }
  }
};

}  // namespace detail

/// Positions at rest of observed pixels on a template grid: computed once for a set of wavelengths.
///
/// @param[in] exec  instance the work is enqueued on; the call does not fence
/// @param[in] wave  (1 or B, N)  observed wavelength   [Angstrom]
/// @return          (1 or B, N)                        [template pixels, origin included]
template <ExecutionPolicy P>
[[nodiscard]] Matrix<const double, P> base_positions(const typename P::execution_space& exec,
                                                     const DopplerMap& map,
                                                     const Matrix<const double, P>& wave) {
  const auto rows = static_cast<int>(wave.extent(0));
  const auto size = static_cast<int>(wave.extent(1));
  auto base = allocate_raw<Matrix<double, P>>(exec, "rvfit::base_positions", rows, size);
  Kokkos::parallel_for("rvfit::base_positions",
                       typename P::template grid_policy<2>(exec, {0, 0}, {rows, size}),
                       detail::BasePositions<P>{map, wave, base});
  return base;
}

/// Resample a tile of broadened templates onto observed pixels.
///
/// @param[in]  exec          instance the work is enqueued on; the call does not fence
/// @param[in]  tile          T entries
/// @param[in]  theta         (B, P)                 column `rv`, |rv| < c            [km/s]
/// @param[in]  base          (1 or B, N)            of `base_positions`
/// @param[in]  lanes_in      in use
/// @param[in]  coefficients  (T or templates, >= lanes_in, M + 2)   of `broaden`
/// @param[out] out           (T, lanes_in or lanes_in + 1, N)   the last lane is d/drv
/// @throws InvalidArgument  extents differ
template <ExecutionPolicy P>
void observe(const typename P::execution_space& exec, const Tile<P>& tile,
             const Matrix<const double, P>& theta, int rv, const DopplerMap& map,
             const Matrix<const double, P>& base, int lanes_in, const SplineRows<P>& coefficients,
             const Jets<P>& out) {
  RVFIT_REQUIRE(out.extent(2) == base.extent(1), "observe: out has ", out.extent(2),
                " pixels, the positions have ", base.extent(1));
  const int rows = coefficients.rows.rows;
  const bool enough = coefficients.templates.extent(0) > 0 || rows >= tile.size * lanes_in;
  RVFIT_REQUIRE(
      static_cast<int>(out.extent(0)) >= tile.size && coefficients.lanes >= lanes_in && enough,
      "observe: ", tile.size, " entries of ", lanes_in, " lanes, out has ", out.extent(0),
      ", coefficients ", rows, " rows");
  const auto lanes_out = static_cast<int>(out.extent(1));
  RVFIT_REQUIRE(lanes_out == lanes_in || lanes_out == lanes_in + 1, "observe: ", lanes_in,
                " lanes in, ", lanes_out, " lanes out");
  Kokkos::parallel_for(
      "rvfit::observe", teams<P>(exec, tile.size),
      detail::ObserveKernel<P>{tile, theta, rv, map, base, lanes_in, coefficients, out});
}
/// The same with the coefficients (T, lanes_in, M + 2) of the entries.
template <ExecutionPolicy P>
void observe(const typename P::execution_space& exec, const Tile<P>& tile,
             const Matrix<const double, P>& theta, int rv, const DopplerMap& map,
             const Matrix<const double, P>& base, int lanes_in,
             MatrixRef<const typename P::real_type> coefficients, const Jets<P>& out) {
  observe<P>(exec, tile, theta, rv, map, base, lanes_in, SplineRows<P>{coefficients, lanes_in},
             out);
}

}  // namespace rvfit

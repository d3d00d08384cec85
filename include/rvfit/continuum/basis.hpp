// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Columns of the multiplicative continuum on x = 2 (wave - wave_0) / (wave_N - wave_0) - 1:
///
///   chebyshev:  T_k(x), k = 0 .. K-1
///   radial:     1, x, x^2 and K - 3 Gaussians exp(-(x - m)^2 (K - 3)^2 / 2), m even on [-1, 1]
///
/// Agrees with rvspecfit's get_poly_basis.

#include <rvfit/core/require.hpp>
#include <rvfit/core/views.hpp>

namespace rvfit {

/// Family of continuum columns; `radial` is rvspecfit's default.
enum class ContinuumKind { radial, chebyshev };

/// Upper limit on the continuum columns of one arm.
inline constexpr int max_continuum_columns = 24;

/// Whether an arm has enough good pixels to say anything beyond its continuum; others are left out.
[[nodiscard]] KOKKOS_INLINE_FUNCTION bool has_enough_pixels(int good, int columns) {
  return good > columns;
}

struct ContinuumOptions {
  ContinuumKind kind = ContinuumKind::radial;
  int columns = 10;  ///< K of each arm
};

/// Column k at x.
[[nodiscard]] KOKKOS_INLINE_FUNCTION double continuum_column(ContinuumKind kind, int columns, int k,
                                                             double x) {
  if (kind == ContinuumKind::chebyshev) {
    return Kokkos::cos(k * Kokkos::acos(Kokkos::fmin(Kokkos::fmax(x, -1.0), 1.0)));
  }
  if (k < 3) {
    return k == 0 ? 1.0 : (k == 1 ? x : x * x);
  }
  const int gaussians = columns - 3;
  const double centre = gaussians == 1 ? -1.0 : -1.0 + 2.0 * (k - 3) / (gaussians - 1);
  const double u = (x - centre) * gaussians;
  return Kokkos::exp(-0.5 * u * u);
}

namespace detail {

template <ExecutionPolicy P>
struct FillBasis {
  ContinuumOptions options;
  Matrix<const double, P> wave;
  Cube<typename P::real_type, P> basis;

  KOKKOS_FUNCTION void operator()(int row, int k, int i) const {
    const auto last = static_cast<int>(wave.extent(1)) - 1;
    const double x = 2.0 * (wave(row, i) - wave(row, 0)) / (wave(row, last) - wave(row, 0)) - 1.0;
    basis(row, k, i) =
        static_cast<typename P::real_type>(continuum_column(options.kind, options.columns, k, x));
  }
};

}  // namespace detail

/// Tabulate the columns for a set of wavelengths.
///
/// @param[in] exec  instance the work is enqueued on; the call does not fence
/// @param[in] wave  (1 or B, N)  increasing   [Angstrom]
/// @return          (1 or B, K, N)
/// @throws InvalidArgument  K out of range
template <ExecutionPolicy P>
[[nodiscard]] Cube<const typename P::real_type, P> continuum_basis(
    const typename P::execution_space& exec, const Matrix<const double, P>& wave,
    const ContinuumOptions& options) {
  RVFIT_REQUIRE(options.columns >= 1 && options.columns <= max_continuum_columns,
                "continuum_basis: ", options.columns, " columns, 1 to ", max_continuum_columns,
                " are supported");
  const auto rows = static_cast<int>(wave.extent(0));
  const auto size = static_cast<int>(wave.extent(1));
  auto basis = allocate_raw<Cube<typename P::real_type, P>>(exec, "rvfit::continuum_basis", rows,
                                                            options.columns, size);
  Kokkos::parallel_for(
      "rvfit::continuum_basis",
      typename P::template grid_policy<3>(exec, {0, 0, 0}, {rows, options.columns, size}),
      detail::FillBasis<P>{options, wave, basis});
  return basis;
}

}  // namespace rvfit

// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// From the resolution matrix M of a spectrum, which acts on a spectrum of perfect resolution, to the
/// matrix R that acts on templates, which a Gaussian of known sigma has broadened already:
///
///   R G = M,   G(j, j') = g(j - j'),   g(x) = exp(-x^2 / (2 sigma^2)) / sum_x' (the same)
///
/// with sigma in pixels and x' over all integers. Row i of R is found from row i of M alone, both
/// confined to the D diagonals: D equations for D elements. Formula and treatment of the ends are
/// those of rvspecfit's construct_resolution_sparse_matrix (its option --resolution_matrix,
/// configuration lsf_sigma0_angstrom):
///
/// - elements in columns outside the spectrum do not count, and what is left of such a row is scaled;
///   here to a sum of 1, there to the median sum. Either way `prepare_spectra` gives these pixels no
///   weight;
/// - all other rows keep the sum that comes out, negative elements included.
///
/// A row of M that is not finite, or whose sum is not positive, says nothing about its pixel: its row
/// of R is zero, and `prepare_spectra` gives the pixel no weight. (rvspecfit keeps it, or stops.)

#include <rvfit/core/views.hpp>
#include <rvfit/linalg/cholesky.hpp>

#include <cmath>
#include <vector>

namespace rvfit {

namespace detail {

/// g(x) for x = 0 .. count - 1, sigma >= 0 in pixels.
[[nodiscard]] inline std::vector<double> sampled_gaussian(double sigma, int count) {
  const auto gaussian = [sigma](int x) {
    return x == 0 ? 1.0 : std::exp(-0.5 * x * x / (sigma * sigma));
  };
  double sum = 1.0;
  for (int x = 1; x <= static_cast<int>(9.0 * sigma) + 1; ++x) {  // the next is below 1e-17
    sum += 2.0 * gaussian(x);
  }
  std::vector<double> values(static_cast<std::size_t>(count));
  for (int x = 0; x < count; ++x) {
    values[static_cast<std::size_t>(x)] = gaussian(x) / sum;
  }
  return values;
}

/// Cholesky factor of G, (D, D) row-major.
/// @throws InvalidArgument  sigma is negative or not finite, or so many pixels that G is close to singular
[[nodiscard]] inline std::vector<double> factored_spread(double sigma, int diagonals) {
  RVFIT_REQUIRE(sigma >= 0.0 && std::isfinite(sigma), "resolution: the templates' sigma is ", sigma,
                " pixels");
  const auto g = sampled_gaussian(sigma, diagonals);
  std::vector<double> factor;
  for (int m = 0; m < diagonals; ++m) {
    for (int n = 0; n < diagonals; ++n) {
      factor.push_back(g[static_cast<std::size_t>(std::abs(m - n))]);
    }
  }
  constexpr double tolerance = 1e-3;  // of pivots: reached at 2.4 pixels of 11 diagonals
  RVFIT_REQUIRE(cholesky_factor(factor.data(), diagonals, diagonals, tolerance) == diagonals,
                "resolution: the templates' sigma of ", sigma, " pixels cannot be removed from ",
                diagonals, " diagonals");
  return factor;
}

/// G^-1, (D, D) row-major.
[[nodiscard]] inline std::vector<double> inverse_spread(double sigma, int diagonals) {
  const auto factor = factored_spread(sigma, diagonals);
  const auto d = static_cast<std::size_t>(diagonals);
  std::vector<double> inverse(d * d, 0.0);
  for (std::size_t m = 0; m < d; ++m) {
    inverse[m * d + m] = 1.0;  // G is symmetric: rows of the inverse are its columns
    cholesky_solve(factor.data(), diagonals, diagonals, &inverse[m * d]);
  }
  return inverse;
}

/// One team treats one spectrum. Element m of row i is in column i + m - w, its diagonal D - 1 - m.
template <ExecutionPolicy P>
struct RemoveTemplateSpread {
  using Real = typename P::real_type;
  static constexpr int width = P::pixels_abreast;

  Cube<const float, P> matrix;
  Matrix<const double, P> inverse;  ///< (D, D)
  Cube<Real, P> out;                ///< zero

  KOKKOS_FUNCTION void operator()(const typename P::member_type& member) const {
    const int b = member.league_rank();
    const int size = pixels();
    const int blocks = (size + width - 1) / width;
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, blocks), [&](int block) {
      const int begin = block * width;
      if (begin >= reach() && begin + width + reach() <= size) {
        rows(b, begin);
      } else {
        for (int i = begin; i < Kokkos::min(begin + width, size); ++i) {
          row(b, i);
        }
      }
    });
  }

 private:
  [[nodiscard]] KOKKOS_FUNCTION int pixels() const { return static_cast<int>(matrix.extent(2)); }
  [[nodiscard]] KOKKOS_FUNCTION int diagonals() const { return static_cast<int>(matrix.extent(1)); }
  [[nodiscard]] KOKKOS_FUNCTION int reach() const { return diagonals() / 2; }
  [[nodiscard]] KOKKOS_FUNCTION static bool usable(double sum) {
    return sum > 0.0 && Kokkos::isfinite(sum);
  }

  /// Rows begin .. begin + width, whole.
  KOKKOS_FUNCTION void rows(int b, int begin) const {
    const int last = diagonals() - 1;
    double row_sum[width] = {};
    for (int m = 0; m <= last; ++m) {
      const float* element = &matrix(b, last - m, begin + m - reach());
      for (int n = 0; n < width; ++n) {
        row_sum[n] += static_cast<double>(element[n]);
      }
    }
    for (int m = 0; m <= last; ++m) {
      double sum[width] = {};
      for (int k = 0; k <= last; ++k) {
        const float* element = &matrix(b, last - k, begin + k - reach());
        for (int n = 0; n < width; ++n) {
          sum[n] += inverse(m, k) * static_cast<double>(element[n]);
        }
      }
      Real* result = &out(b, last - m, begin + m - reach());
      for (int n = 0; n < width; ++n) {
        result[n] = usable(row_sum[n]) ? static_cast<Real>(sum[n]) : Real(0);
      }
    }
  }

  /// Any row, which may stick out of the spectrum.
  KOKKOS_FUNCTION void row(int b, int i) const {
    const int last = diagonals() - 1;
    const int low = Kokkos::max(0, reach() - i);
    const int high = Kokkos::min(last, pixels() - 1 - i + reach());
    const auto given = [&](int m) {
      return static_cast<double>(matrix(b, last - m, i + m - reach()));
    };
    const auto wanted = [&](int m) {
      double sum = 0.0;
      for (int k = low; k <= high; ++k) {
        sum += inverse(m, k) * given(k);
      }
      return sum;
    };
    double row_sum = 0.0, total = 0.0;
    for (int m = low; m <= high; ++m) {
      row_sum += given(m);
      total += wanted(m);
    }
    const bool cut = high - low < last;
    if (usable(row_sum) && (!cut || usable(total))) {
      for (int m = low; m <= high; ++m) {
        out(b, last - m, i + m - reach()) = static_cast<Real>(wanted(m) / (cut ? total : 1.0));
      }
    }
  }
};

}  // namespace detail

/// G^-1 of D diagonals, (D, D), that `remove_template_spread` applies.
///
/// @param[in] sigma  of the Gaussian line spread in the templates, their pixels included  [pixels of M]
/// @throws InvalidArgument  sigma is negative, or above about 2.3 pixels
template <ExecutionPolicy P>
[[nodiscard]] Matrix<const double, P> inverse_template_spread(
    const typename P::execution_space& exec, double sigma, std::size_t diagonals) {
  return upload_matrix<Matrix<const double, P>>(
      exec, "rvfit::remove_template_spread::inverse",
      detail::inverse_spread(sigma, static_cast<int>(diagonals)), diagonals, diagonals);
}

/// Matrices R that act on templates, from a file's matrices M. Allocates nothing.
///
/// @param[in]  exec     instance the work is enqueued on; the call does not fence
/// @param[in]  matrix   (1 or B, D, N)  M, in DESI's convention (resolution.hpp), D odd
/// @param[in]  inverse  (D, D)          of `inverse_template_spread`
/// @param[out] out      (1 or B, D, N)  R, finite, for `apply_resolution`
/// @throws InvalidArgument  D is even; extents differ
template <ExecutionPolicy P>
void remove_template_spread(const typename P::execution_space& exec,
                            const Cube<const float, P>& matrix,
                            const Matrix<const double, P>& inverse,
                            const Cube<typename P::real_type, P>& out) {
  const auto diagonals = matrix.extent(1);
  RVFIT_REQUIRE(diagonals % 2 == 1, "remove_template_spread: ", diagonals,
                " diagonals, an odd number is wanted");
  RVFIT_REQUIRE(inverse.extent(0) == diagonals && inverse.extent(1) == diagonals &&
                    out.extent(0) == matrix.extent(0) && out.extent(1) == diagonals &&
                    out.extent(2) == matrix.extent(2),
                "remove_template_spread: matrices are ", matrix.extent(0), " x ", diagonals, " x ",
                matrix.extent(2), ", the inverse ", inverse.extent(0), " x ", inverse.extent(1),
                ", the result ", out.extent(0), " x ", out.extent(1), " x ", out.extent(2));
  Kokkos::deep_copy(exec, out, typename P::real_type(0));
  Kokkos::parallel_for("rvfit::remove_template_spread",
                       teams<P>(exec, static_cast<int>(matrix.extent(0))),
                       detail::RemoveTemplateSpread<P>{matrix, inverse, out});
}

/// The same into a new array. @param[in] sigma  as for `inverse_template_spread`
template <ExecutionPolicy P>
[[nodiscard]] Cube<const typename P::real_type, P> remove_template_spread(
    const typename P::execution_space& exec, const Cube<const float, P>& matrix, double sigma) {
  RVFIT_REQUIRE(matrix.extent(1) % 2 == 1, "remove_template_spread: ", matrix.extent(1),
                " diagonals, an odd number is wanted");
  const auto out = allocate_raw<Cube<typename P::real_type, P>>(
      exec, "rvfit::SpectrumBatch::resolution", matrix.extent(0), matrix.extent(1),
      matrix.extent(2));
  remove_template_spread<P>(exec, matrix, inverse_template_spread<P>(exec, sigma, matrix.extent(1)),
                            out);
  return out;
}

}  // namespace rvfit

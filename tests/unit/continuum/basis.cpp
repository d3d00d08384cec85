// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/oracle.hpp"
#include "support/policies.hpp"
#include "support/synthetic.hpp"
#include "support/tolerance.hpp"
#include <rvfit/continuum/basis.hpp>

#include <vector>

namespace rvfit::test::basis {

template <class P>
void agrees_with_formulas() {
  using Real = typename P::real_type;
  const Exec exec{};
  for (const std::size_t size : {2U, 31U, 129U, 1025U}) {
    for (const std::size_t rows : {1U, 3U}) {
      oracle::Numbers wave;
      for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t i = 0; i < size; ++i) {  // not quite linear
          const double u = static_cast<double>(i) / static_cast<double>(size);
          wave.push_back(3600.0 + 100.0 * static_cast<double>(row) + 2200.0 * u + 50.0 * u * u);
        }
      }
      const auto wave_view = upload_matrix<Matrix<const double, P>>(exec, "wave", wave, rows, size);
      for (const int columns : {1, 2, 3, 4, 5, 10, 24}) {
        for (const bool chebyshev : {false, true}) {
          CAPTURE(size);
          CAPTURE(columns);
          CAPTURE(chebyshev);
          oracle::Numbers want;
          for (std::size_t row = 0; row < rows; ++row) {
            const auto begin = wave.begin() + static_cast<std::ptrdiff_t>(row * size);
            const auto part = oracle::continuum(chebyshev, columns,
                                                {begin, begin + static_cast<std::ptrdiff_t>(size)});
            want.insert(want.end(), part.begin(), part.end());
          }
          const ContinuumOptions options{
              chebyshev ? ContinuumKind::chebyshev : ContinuumKind::radial, columns};
          const auto got = continuum_basis<P>(exec, wave_view, options);
          CHECK(got.extent(0) == rows);
          CHECK(got.extent(1) == static_cast<std::size_t>(columns));
          CHECK(got.extent(2) == size);
          // x is rounded to some eps; slopes are K^2 at most.
          check_close("basis", values(exec, got), want,
                      {rounding<Real>(1) + rounding<double>(4.0 * columns * columns)});
        }
      }
    }
  }
}

TEST_CASE("basis: a few values by hand") {
  const auto radial = [](int k, double x) {
    return continuum_column(ContinuumKind::radial, 6, k, x);
  };
  CHECK(radial(0, -0.5) == 1.0);
  CHECK(radial(1, -0.5) == -0.5);
  CHECK(radial(2, -0.5) == 0.25);
  CHECK(radial(3, -1.0) == 1.0);  // Gaussians centred on -1, 0, 1, of width 1/3
  CHECK(radial(4, 0.0) == 1.0);
  CHECK(radial(5, 1.0) == 1.0);
  // x over the width and its square are rounded, and the exponential.
  constexpr double rounded = rounding<double>(4);
  CHECK(radial(4, 1.0 / 3.0) == doctest::Approx(std::exp(-0.5)).epsilon(rounded));
  CHECK(continuum_column(ContinuumKind::radial, 4, 3, -1.0) == 1.0);  // numpy.linspace(-1, 1, 1)
  CHECK(continuum_column(ContinuumKind::chebyshev, 6, 2, 0.5) ==
        doctest::Approx(-0.5).epsilon(rounded));
  CHECK(continuum_column(ContinuumKind::chebyshev, 6, 5, 1.0) == 1.0);
}

template <class P>
void refuses_other_numbers_of_columns() {
  const Exec exec{};
  const auto wave = allocate<Matrix<double, P>>(exec, "wave", 1, 4);
  const auto error_of = [&](int columns) {
    return message_of<InvalidArgument>(
        [&] { (void)continuum_basis<P>(exec, wave, {.columns = columns}); });
  };
  CHECK(error_of(0) == "continuum_basis: 0 columns, 1 to 24 are supported");
  CHECK(error_of(25) == "continuum_basis: 25 columns, 1 to 24 are supported");
  CHECK(error_of(24) == "no error");
}

RVFIT_TEST("basis: Chebyshev and radial columns are those of their formulas", agrees_with_formulas);
RVFIT_TEST_DOUBLE("basis: refuses numbers of columns that are not supported",
                  refuses_other_numbers_of_columns);

}  // namespace rvfit::test::basis

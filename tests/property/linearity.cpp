// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/oracle.hpp"
#include "support/policies.hpp"
#include "support/synthetic.hpp"
#include "support/tolerance.hpp"
#include <rvfit/stages/broadening.hpp>
#include <rvfit/stages/doppler.hpp>
#include <rvfit/stages/resolution.hpp>

#include <cmath>
#include <vector>

namespace rvfit::test::linearity {

constexpr int size = 500, pixels = 333;
constexpr TemplateGrid grid{.origin = 8.188689124444201, .step = 8.5e-5, .size = size};

/// Template pixels at rest of pixel i at rv 0.
double position(int i) { return 60.0 + 1.13 * i; }

/// Broaden and resample one template at (vsini, rv): lanes value, d/dvsini, d/drv.
template <class P>
std::vector<double> observed(const std::vector<double>& flux, double vsini, double rv) {
  using Real = typename P::real_type;
  const Exec exec{};
  const auto theta =
      upload_matrix<Matrix<const double, P>>(exec, "theta", std::vector<double>{vsini, rv}, 1, 2);
  const auto tile = tile_of<P>(exec, {0}, 1);
  const auto in = upload_matrix<Matrix<const Real, P>>(exec, "in", flux, 1, flux.size());
  const auto c = allocate<Matrix<Real, P>>(exec, "coefficients", 2, flux.size() + 2);
  broaden<P>(exec, tile, theta, ActiveStages<>({}, 0, grid.step), 1, 2, const_ref(in), ref(c));
  std::vector<double> wave;
  for (int i = 0; i < pixels; ++i) {
    wave.push_back(grid.wave(position(i)));
  }
  const DopplerMap map(grid);
  const auto base = base_positions<P>(
      exec, map, upload_matrix<Matrix<const double, P>>(exec, "wave", wave, 1, pixels));
  const auto out = allocate<Jets<P>>(exec, "out", 1, 3, pixels);
  observe<P>(exec, tile, theta, 1, map, base, 2, MatrixRef<const Real>(const_ref(c)), out);
  const auto jets = values(exec, out);
  return {jets.begin(), jets.end()};
}

template <class P>
void stages_are_linear() {
  using Real = typename P::real_type;
  const auto x = line_spectrum(size, 1), y = line_spectrum(size, 2);
  constexpr double a = 0.75, b = -1.5;
  std::vector<double> mixed;
  for (std::size_t i = 0; i < size; ++i) {
    mixed.push_back(a * x[i] + b * y[i]);
  }
  for (const double vsini : {0.0, 5.0, 120.0, 500.0}) {
    for (const double rv : {-700.0, 0.0, 33.0}) {
      CAPTURE(vsini);
      CAPTURE(rv);
      auto want = observed<P>(x, vsini, rv);
      const auto other = observed<P>(y, vsini, rv);
      for (std::size_t i = 0; i < want.size(); ++i) {
        want[i] = a * want[i] + b * other[i];
      }
      // Inputs and three outputs are rounded, each after sums of moduli up to three times them.
      check_close("stages", observed<P>(mixed, vsini, rv), want,
                  {rounding<Real>(32, 3 * (a + std::abs(b)) * largest(x))});
    }
  }
}

template <class P>
void shifting_to_and_fro_is_the_identity() {
  // A wave of 20 pixels, shifted by rv and, on the pixels of the same grid, by -rv.
  constexpr double wavenumber = 2.0 * oracle::pi / 20.0;
  constexpr int edge = 60;
  std::vector<double> flux;
  for (int i = 0; i < size; ++i) {
    flux.push_back(std::sin(wavenumber * i));
  }
  const Exec exec{};
  const DopplerMap map(grid);
  std::vector<double> wave;
  for (int i = 0; i < size; ++i) {
    wave.push_back(grid.wave(i));
  }
  const auto base = base_positions<P>(
      exec, map, upload_matrix<Matrix<const double, P>>(exec, "wave", wave, 1, size));
  const auto shifted = [&](const std::vector<double>& in, double rv) {
    const auto out = allocate<Jets<P>>(exec, "out", 1, 1, size);
    observe<P>(exec, tile_of<P>(exec, {0}, 1),
               upload_matrix<Matrix<const double, P>>(exec, "theta", std::vector<double>{rv}, 1, 1),
               0, map, base, 1, const_ref(spline_coefficients<P>(exec, in, 1)), out);
    return values(exec, out);
  };
  for (const double rv : {-900.0, -11.1, 4.2, 1234.5}) {
    CAPTURE(rv);
    const auto there = shifted(flux, rv);
    const auto back = shifted({there.begin(), there.end()}, -rv);
    const std::vector<double> got(back.begin() + edge, back.end() - edge);
    const std::vector<double> want(flux.begin() + edge, flux.end() - edge);
    // Two interpolations on a grid of step 1, the second of almost the same wave.
    check_close("to and fro", got, want, {2.1 * spline_error(1.0, std::pow(wavenumber, 4))});
  }
}

template <class P>
void line_spread_is_linear() {
  using Real = typename P::real_type;
  const Exec exec{};
  constexpr std::size_t diagonals = 11;
  const auto x = line_spectrum(size, 3), y = line_spectrum(size, 4);
  constexpr double a = 0.75, b = -1.5;
  std::vector<double> lanes;
  for (const auto* lane : {&x, &y}) {
    lanes.insert(lanes.end(), lane->begin(), lane->end());
  }
  for (std::size_t i = 0; i < size; ++i) {
    lanes.push_back(a * x[i] + b * y[i]);
  }
  Random random(5);
  const auto out = allocate<Jets<P>>(exec, "out", 1, 3, size);
  apply_resolution<P>(
      exec, tile_of<P>(exec, {0}, 1),
      upload_cube<Cube<const Real, P>>(exec, "band", random.uniform(diagonals * size, -0.2, 0.4), 1,
                                       diagonals, size),
      upload_cube<Jets<P>>(exec, "in", lanes, 1, 3, size), out);
  const auto jets = values(exec, out);
  std::vector<double> got, want;
  for (std::size_t i = 0; i < size; ++i) {
    want.push_back(a * static_cast<double>(jets[i]) + b * static_cast<double>(jets[size + i]));
    got.push_back(static_cast<double>(jets[2 * size + i]));
  }
  // Three sums of 11 products of elements up to 0.4, one of a rounded input.
  check_close("line spread", got, want,
              {3.0 * dot_rounding<Real>(diagonals, 0.4 * std::sqrt(11.0) * 2 * largest(x))});
}

RVFIT_TEST("linearity: a line spread of a x + b y is a line spreads of x + b line spreads of y",
           line_spread_is_linear);
RVFIT_TEST("linearity: stages of a x + b y are a stages of x + b stages of y", stages_are_linear);
RVFIT_TEST_DOUBLE("linearity: a shift by rv and one by -rv leave a smooth spectrum as it was",
                  shifting_to_and_fro_is_the_identity);

}  // namespace rvfit::test::linearity

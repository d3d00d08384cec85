// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/oracle.hpp"
#include "support/policies.hpp"
#include "support/synthetic.hpp"
#include "support/tolerance.hpp"
#include <rvfit/stages/doppler.hpp>

#include <cmath>
#include <vector>

namespace rvfit::test::doppler {

constexpr TemplateGrid log_grid{.origin = 8.188689124444201, .step = 8.5e-5, .size = 1200};
constexpr int columns = 2;  // theta is (something else, rv)

/// Jets of templates on a grid and their observation at one rv a star.
template <class P>
struct Observed {
  std::vector<double> templates;  ///< (T, lanes, M)
  std::vector<double> wave;       ///< (1 or T, N)
  std::size_t wave_rows = 1;
  int lanes = 1;

  [[nodiscard]] std::vector<typename P::real_type> at(const TemplateGrid& grid,
                                                      const std::vector<double>& rv,
                                                      int lanes_out) const {
    using Real = typename P::real_type;
    const Exec exec{};
    const int stars = static_cast<int>(rv.size());
    std::vector<double> theta;
    for (const double v : rv) {
      theta.insert(theta.end(), {-1e9, v});
    }
    const auto c = spline_coefficients<P>(exec, templates, stars * lanes);
    const DopplerMap map(grid);
    const std::size_t pixels = wave.size() / wave_rows;
    const auto base = base_positions<P>(
        exec, map, upload_matrix<Matrix<const double, P>>(exec, "wave", wave, wave_rows, pixels));
    const auto out = allocate<Jets<P>>(exec, "out", stars, lanes_out, pixels);
    observe<P>(exec, tile_of<P>(exec, first(stars), stars),
               upload_matrix<Matrix<const double, P>>(exec, "theta", theta, rv.size(), columns), 1,
               map, base, lanes, MatrixRef<const Real>(const_ref(c)), out);
    return values(exec, out);
  }
};

/// Wavelengths whose rest positions on a grid are given, at one rv.
std::vector<double> wave_at(const TemplateGrid& grid, const std::vector<double>& positions,
                            double rv) {
  std::vector<double> wave;
  for (const double s : positions) {
    wave.push_back(grid.wave(s) / oracle::doppler(rv));
  }
  return wave;
}

/// Rest positions well inside the grid, at least a tenth of a pixel off its nodes.
std::vector<double> off_nodes(std::size_t count) {
  std::vector<double> s;
  Random random(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double pixel =
        std::floor(60.0 + 1070.0 * static_cast<double>(i) / static_cast<double>(count));
    s.push_back(pixel + random.uniform(0.1, 0.9));
  }
  return s;
}

TEST_CASE("doppler: positions are those of the rest wavelength, with their derivative") {
  {
    const TemplateGrid& grid = log_grid;
    const DopplerMap map(grid);
    for (const double rv : {-1500.0, -20.0, 0.0, 350.0, 1500.0}) {
      for (const double wave : {3610.0, 3777.7, 3999.0}) {
        const auto shift = map(rv);
        const double s = map.base(wave);
        const auto want = [&](double v) {
          return oracle::position(grid.origin, grid.step, wave, v);
        };
        // Wavelengths of 1e5 steps, of which the origin is taken.
        const double allowed = rounding<double>(4, s);
        check_close("position", s + shift.offset, want(rv), {allowed});
        check_close("slope", shift.slope,
                    oracle::derivative(want, rv, 300.0),  // (300 km/s / c)^8 is nothing, and
                    {3.0 * allowed / 300.0});             // 3 eps |s| / h
      }
    }
  }
}

template <class P>
void agrees_with_the_natural_spline() {
  using Real = typename P::real_type;
  constexpr int stars = 3, lanes = 2;
  const std::vector<double> rv{-800.0, 0.0, 350.0};
  {
    const TemplateGrid& grid = log_grid;
    for (const std::size_t pixels : {1U, 31U, 33U, 129U, 1025U}) {
      CAPTURE(pixels);
      for (const bool shared : {true, false}) {  // one wavelength grid, or one a star
        Observed<P> observed;
        observed.lanes = lanes;
        observed.wave_rows = shared ? 1 : stars;
        for (int n = 0; n < stars * lanes; ++n) {
          const auto flux = line_spectrum(grid.size, static_cast<std::uint64_t>(n));
          observed.templates.insert(observed.templates.end(), flux.begin(), flux.end());
        }
        for (std::size_t row = 0; row < observed.wave_rows; ++row) {
          const auto wave = wave_at(grid, off_nodes(pixels), 10.0 * static_cast<double>(row));
          observed.wave.insert(observed.wave.end(), wave.begin(), wave.end());
        }
        oracle::Numbers want;
        for (std::size_t t = 0; t < stars; ++t) {
          for (std::size_t l = 0; l <= lanes; ++l) {
            const auto begin = observed.templates.begin() +
                               static_cast<std::ptrdiff_t>((t * lanes + l % lanes) *
                                                           static_cast<std::size_t>(grid.size));
            const oracle::NaturalSpline spline({begin, begin + grid.size});
            for (std::size_t i = 0; i < pixels; ++i) {
              const double wave = observed.wave[shared ? i : t * pixels + i];
              const auto position = [&](double v) {
                return oracle::position(grid.origin, grid.step, wave, v);
              };
              const double s = position(rv[t]);
              want.push_back(l < lanes
                                 ? spline(s)
                                 : spline.slope(s) * oracle::derivative(position, rv[t], 300.0));
            }
          }
        }
        const auto got = observed.at(grid, rv, lanes + 1);
        const double scale = largest(observed.templates);
        // The spline's rounding, and a slope below four times that of the position's, 1e5 eps.
        check_close("jets", got, want, {rounding<Real>(48, scale) + rounding<double>(16e5, scale)});
        // Without the derivative, the same bits.
        auto jets = got;
        std::vector<Real> values_only;
        for (std::size_t t = 0; t < stars; ++t) {
          const auto begin = jets.begin() + static_cast<std::ptrdiff_t>(t * (lanes + 1) * pixels);
          values_only.insert(values_only.end(), begin,
                             begin + static_cast<std::ptrdiff_t>(lanes * pixels));
        }
        check_same_bits("values only", observed.at(grid, rv, lanes), values_only);
      }
    }
  }
}

template <class P>
void last_lane_is_the_derivative() {
  {
    const TemplateGrid& grid = log_grid;
    for (const double rv : {-1200.0, 0.0, 75.0}) {
      CAPTURE(rv);
      constexpr std::size_t pixels = 200;
      Observed<P> observed;
      observed.templates = line_spectrum(grid.size, 5);
      observed.wave = wave_at(grid, off_nodes(pixels), rv);
      const auto jets = observed.at(grid, {rv}, 2);
      // All stencils stay within a pixel, where the spline is a cubic: 3 x 0.5 km/s is 0.07 pixels,
      // of which positions are 0.1 away from nodes. Rounding: position 1e5 eps x slope / h.
      const auto slope =
          oracle::derivative_of_array([&](double v) { return observed.at(grid, {v}, 1); }, rv, 0.5);
      const oracle::Numbers got(jets.begin() + pixels, jets.end());
      check_close("d/drv", got, slope, {1e-9 * largest(slope)});  // 3 x 2e-11 / 0.02 pixels
    }
  }
}

template <class P>
void clamps_to_the_grid() {
  using Real = typename P::real_type;
  Observed<P> observed;
  observed.templates = line_spectrum(log_grid.size, 6);
  observed.wave = wave_at(log_grid, {-1000.0, -0.5, 600.0, log_grid.size - 0.5, 5000.0}, 0.0);
  const auto got = observed.at(log_grid, {0.0}, 1);
  const double front = observed.templates.front(), back = observed.templates.back();
  const Tolerance allowed{rounding<Real>(16, 3 * largest(observed.templates))};
  check_close("ends", std::vector<Real>{got[0], got[1], got[3], got[4]}, {front, front, back, back},
              allowed);
}

template <class P>
void leaves_padding_alone() {
  using Real = typename P::real_type;
  const Exec exec{};
  const auto c = spline_coefficients<P>(exec, line_spectrum(64, 1), 1);
  const DopplerMap map(log_grid);
  const auto theta = allocate<Matrix<double, P>>(exec, "theta", 9, columns);
  const auto base = base_positions<P>(
      exec, map,
      upload_matrix<Matrix<const double, P>>(exec, "wave", std::vector<double>{3601, 3602}, 1, 2));
  const auto out = allocate<Jets<P>>(exec, "out", 4, 1, 2);
  Kokkos::deep_copy(exec, out, Real(-7));
  const auto rows = allocate<Matrix<Real, P>>(exec, "coefficients", 4, 66);
  Kokkos::deep_copy(exec, Kokkos::subview(rows, 0, Kokkos::ALL),
                    Kokkos::subview(c, 0, Kokkos::ALL));
  observe<P>(exec, tile_of<P>(exec, {8}, 4), theta, 1, map, base, 1, const_ref(rows), out);
  const auto got = values(exec, out);
  CHECK(got[0] > Real(0));
  CHECK(std::vector<Real>(got.begin() + 2, got.end()) == std::vector<Real>(6, Real(-7)));
}

template <class P>
void refuses_extents_that_differ() {
  using Real = typename P::real_type;
  const Exec exec{};
  const auto error_of = [&](int rows, int out_stars, int out_lanes, int out_pixels) {
    return message_of<InvalidArgument>([&] {
      const auto theta = allocate<Matrix<double, P>>(exec, "theta", 4, columns);
      const auto base = allocate<Matrix<double, P>>(exec, "base", 1, 9);
      const auto c = allocate<Matrix<Real, P>>(exec, "c", rows, 66);
      const auto out = allocate<Jets<P>>(exec, "out", out_stars, out_lanes, out_pixels);
      observe<P>(exec, tile_of<P>(exec, first(4), 4), theta, 1, DopplerMap(log_grid), base, 2,
                 const_ref(c), out);
    });
  };
  CHECK(error_of(8, 4, 3, 9) == "no error");
  CHECK(error_of(8, 4, 3, 8) == "observe: out has 8 pixels, the positions have 9");
  CHECK(error_of(7, 4, 3, 9) == "observe: 4 entries of 2 lanes, out has 4, coefficients 7 rows");
  CHECK(error_of(8, 3, 3, 9) == "observe: 4 entries of 2 lanes, out has 3, coefficients 8 rows");
  CHECK(error_of(8, 4, 4, 9) == "observe: 2 lanes in, 4 lanes out");
}

RVFIT_TEST("doppler: resamples as the natural spline of each lane, on both kinds of grid",
           agrees_with_the_natural_spline);
RVFIT_TEST_DOUBLE("doppler: the last lane is the derivative with respect to rv",
                  last_lane_is_the_derivative);
RVFIT_TEST("doppler: pixels beyond the template see its ends", clamps_to_the_grid);
RVFIT_TEST("doppler: entries past the end of a tile's list are left alone", leaves_padding_alone);
RVFIT_TEST_DOUBLE("doppler: extents that differ are refused with both",
                  refuses_extents_that_differ);

}  // namespace rvfit::test::doppler

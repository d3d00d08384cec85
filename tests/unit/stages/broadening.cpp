// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/oracle.hpp"
#include "support/policies.hpp"
#include "support/synthetic.hpp"
#include "support/tolerance.hpp"
#include <rvfit/stages/broadening.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace rvfit::test::broadening {

constexpr double step = 8.5e-5;  // 25.5 km/s, DESI's b arm
constexpr BroadeningOptions options{.max_vsini = 500.0};
constexpr double pixel_kms = oracle::light * step;

/// Coefficients (T, lanes_out, M + 2) of templates (T, lanes_in, M) at one vsini a star.
template <class P>
std::vector<typename P::real_type> coefficients(const std::vector<double>& templates,
                                                const std::vector<double>& vsini, int lanes_in,
                                                int lanes_out) {
  using Real = typename P::real_type;
  const Exec exec{};
  const std::size_t stars = vsini.size();
  const std::size_t rows = stars * static_cast<std::size_t>(lanes_in);
  const std::size_t size = templates.size() / rows;
  std::vector<double> theta;
  for (const double v : vsini) {
    theta.insert(theta.end(), {1e9, v});
  }
  const auto out =
      allocate<Matrix<Real, P>>(exec, "out", stars * static_cast<std::size_t>(lanes_out), size + 2);
  const auto in = upload_matrix<Matrix<const Real, P>>(exec, "in", templates, rows, size);
  broaden<P>(exec, tile_of<P>(exec, first(static_cast<int>(stars)), static_cast<int>(stars)),
             upload_matrix<Matrix<const double, P>>(exec, "theta", theta, stars, 2),
             ActiveStages<>(options, 1, step), lanes_in, lanes_out, const_ref(in), ref(out));
  return values(exec, out);
}

/// The same for one template alone.
template <class P>
std::vector<double> one(const std::vector<double>& flux, double vsini) {
  const auto c = coefficients<P>(flux, {vsini}, 1, 1);
  return {c.begin(), c.end()};
}

template <class P>
void is_rotation_then_spline() {
  using Real = typename P::real_type;
  const std::vector<double> vsini{0.0, 0.5, 5.0, 25.5, 30.0, 200.0, 500.0};
  constexpr int lanes = 3;
  for (const int size : {64, 65, 129, 1025}) {
    CAPTURE(size);
    std::vector<double> templates;
    oracle::Numbers want, derivatives;
    std::vector<std::size_t> derivative_rows;
    for (std::size_t n = 0; n < vsini.size() * lanes; ++n) {
      const auto flux = line_spectrum(size, n);
      templates.insert(templates.end(), flux.begin(), flux.end());
    }
    for (std::size_t t = 0; t < vsini.size(); ++t) {
      const double radius = vsini[t] / pixel_kms;
      for (std::size_t l = 0; l <= lanes; ++l) {
        const auto begin =
            templates.begin() +
            static_cast<std::ptrdiff_t>((t * lanes + l % lanes) * static_cast<std::size_t>(size));
        auto rotated = oracle::rotate({begin, begin + size}, radius, l == lanes);
        for (double& x : rotated) {
          x /= l == lanes ? pixel_kms : 1.0;
        }
        const auto c = oracle::NaturalSpline(rotated).coefficients();
        want.insert(want.end(), c.begin(), c.end());
      }
    }
    const auto got = coefficients<P>(templates, vsini, lanes, lanes + 1);
    const double scale = 3.0 * largest(templates);
    // Sums of up to 107 products whose taps' moduli add to three, on data up to about 4; and the
    // rotation at vsini 0, which the library does at 1e-9 pixels.
    check_close("coefficients", got, want, {rounding<Real>(16, scale) + 1e-9 * scale});
    // Lanes of values only have the same bits.
    const auto values_only = coefficients<P>(templates, vsini, lanes, lanes);
    std::vector<Real> part;
    const auto row = static_cast<std::ptrdiff_t>(size) + 2;
    for (std::size_t t = 0; t < vsini.size(); ++t) {
      const auto begin = got.begin() + static_cast<std::ptrdiff_t>(t) * (lanes + 1) * row;
      part.insert(part.end(), begin, begin + lanes * row);
    }
    check_same_bits("values only", values_only, part);
  }
}

template <class P>
void last_lane_is_the_derivative() {
  const auto flux = line_spectrum(1025, 3);
  for (const double vsini : {0.5, 5.0, 30.0, 200.0}) {
    CAPTURE(vsini);
    const auto jets = coefficients<P>(flux, {vsini}, 1, 2);
    const oracle::Numbers got(jets.begin() + 1027, jets.end());
    // Step 0.1 km/s = 0.004 pixels. Taps are analytic but where the radius is a whole number of
    // pixels, which is 0.16 pixels = 40 h away or more; 3 eps |f| / h = 3e-14.
    const auto slope =
        oracle::derivative_of_array([&](double v) { return one<P>(flux, v); }, vsini, 0.1);
    check_close("d/dvsini", got, slope, {1e-10 * largest(slope)});  // |slope| is about 1e-3 |f|
  }
}

template <class P>
void starts_linearly() {
  // Below one pixel the kernel is linear in vsini: one difference is the derivative, at 0 as well.
  const auto flux = line_spectrum(257, 4);
  const auto jets = coefficients<P>(flux, {0.0}, 1, 2);
  const oracle::Numbers got(jets.begin() + 259, jets.end());
  const auto at_zero = one<P>(flux, 0.0), at_ten = one<P>(flux, 10.0);
  oracle::Numbers want(got.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    want[i] = (at_ten[i] - at_zero[i]) / 10.0;
  }
  // The library's zero is 1e-9 pixels, and 10 km/s are 0.4 of them.
  check_close("d/dvsini at 0", got, want, {1e-8 * largest(want)});
  // 1e-9 of the light next door, times the sum of the spline's |taps|.
  check_close("no rotation", at_zero, oracle::NaturalSpline(flux).coefficients(),
              {1e-9 * 3 * largest(flux)});
}

template <class P>
void conserves_flux() {
  using Real = typename P::real_type;
  // A template that vanishes towards its ends; the integral of a spline is the sum of its
  // coefficients there.
  std::vector<double> flux(400, 0.0);
  Random random(8);
  double sum = 0.0;
  for (std::size_t i = 120; i < 280; ++i) {
    flux[i] = random.uniform(0, 1);
    sum += flux[i];
  }
  for (const double vsini : {0.0, 3.0, 40.0, 333.3, 500.0}) {
    CAPTURE(vsini);
    const auto c = one<P>(flux, vsini);
    double got = 0.0;
    for (const double x : c) {
      got += x;
    }
    // Sums of positive taps that are rounded one by one, and of 402 coefficients.
    check_close("flux", got, sum, {0.0, rounding<Real>(32)});
  }
}

/// Rotation and a Gaussian in one pass, with the tangents by both widths, are the Gaussian alone on what has been rotated:
/// the kernel of one stage is made while others still read that of the stage before.
template <class P>
void stages_multiply() {
  using Real = typename P::real_type;
  const Exec exec{};
  constexpr int size = 321;
  constexpr BroadeningOptions both{.max_vsini = 500.0, .max_vgauss = 200.0};
  constexpr BroadeningOptions gaussian{.rotation = RotationKernel::off, .max_vgauss = 200.0};
  std::vector<double> theta, templates, rotated;
  for (std::size_t t = 0; t < 24; ++t) {
    const auto flux = line_spectrum(size, t);
    const double vsini = 20.0 * static_cast<double>(t),
                 vgauss = 200.0 - 8.0 * static_cast<double>(t);
    theta.insert(theta.end(), {vsini, vgauss});
    templates.insert(templates.end(), flux.begin(), flux.end());
    for (const bool slope : {false, true}) {
      const auto part = oracle::rotate(flux, vsini / pixel_kms, slope);
      rotated.insert(rotated.end(), part.begin(), part.end());
    }
  }
  const auto pass = [&](const ActiveStages<>& stages, const std::vector<double>& in, int lanes_in) {
    const std::size_t stars = theta.size() / 2;
    const int lanes = lanes_in + stages.count;
    const std::size_t rows = stars * static_cast<std::size_t>(lanes_in);
    const auto out = allocate<Matrix<Real, P>>(exec, "out", stars * static_cast<std::size_t>(lanes),
                                               std::size_t{size + 2});
    broaden<P>(
        exec, tile_of<P>(exec, first(static_cast<int>(stars)), static_cast<int>(stars)),
        upload_matrix<Matrix<const double, P>>(exec, "theta", theta, stars, 2), stages, lanes_in,
        lanes,
        const_ref(upload_matrix<Matrix<const Real, P>>(exec, "in", in, rows, std::size_t{size})),
        ref(out));
    return values(exec, out);
  };
  const auto got = pass(ActiveStages<>(both, 0, step), templates, 1);
  const auto want = pass(ActiveStages<>(gaussian, 1, step), rotated, 2);
  // Either has value, d/dvsini (by the radius, as the oracle has it) and d/dvgauss.
  const auto lane = [&](const std::vector<Real>& all, std::size_t number, double scale) {
    std::vector<double> rows;
    for (std::size_t begin = number * (size + 2); begin < all.size(); begin += 3 * (size + 2)) {
      for (std::size_t i = 0; i < size + 2; ++i) {
        rows.push_back(scale * static_cast<double>(all[begin + i]));
      }
    }
    return rows;
  };
  const double scale = 3.0 * largest(templates);
  // Sums of up to 150 products whose taps' moduli add to three, of data that are rounded; and the rotation at vsini 0.
  const double near = rounding<Real>(32, scale) + 1e-9 * scale;
  check_close("value", lane(got, 0, 1.0), lane(want, 0, 1.0), {near});
  check_close("d/dvsini", lane(got, 1, pixel_kms), lane(want, 1, 1.0), {near});
  check_close("d/dvgauss", lane(got, 2, pixel_kms), lane(want, 2, pixel_kms), {near});
}

template <class P>
void leaves_padding_alone() {
  using Real = typename P::real_type;
  const Exec exec{};
  const auto theta = allocate<Matrix<double, P>>(exec, "theta", 5, 2);
  const auto in =
      upload_matrix<Matrix<const Real, P>>(exec, "in", std::vector<double>(4 * 64, 2.0), 4, 64);
  const auto out = allocate<Matrix<Real, P>>(exec, "out", 8, 66);
  Kokkos::deep_copy(exec, out, Real(-7));
  broaden<P>(exec, tile_of<P>(exec, {4}, 4), theta, ActiveStages<>(options, 1, step), 1, 2,
             const_ref(in), ref(out));
  const auto got = values(exec, out);
  // Taps of both signs, rounded one by one, of which the moduli add to three.
  check_close("first", got[0], 2.0, {rounding<Real>(2, 3 * 2.0)});
  CHECK(std::vector<Real>(got.begin() + 132, got.end()) == std::vector<Real>(396, Real(-7)));
}

template <class P>
void refuses_extents_that_differ() {
  using Real = typename P::real_type;
  const Exec exec{};
  const auto error_of = [&](int in_rows, int out_rows, int out_columns) {
    return message_of<InvalidArgument>([&] {
      const auto theta = allocate<Matrix<double, P>>(exec, "theta", 4, 2);
      const auto in = allocate<Matrix<Real, P>>(exec, "in", in_rows, 64);
      const auto out = allocate<Matrix<Real, P>>(exec, "out", out_rows, out_columns);
      broaden<P>(exec, tile_of<P>(exec, first(4), 4), theta, ActiveStages<>(options, 1, step), 2, 3,
                 const_ref(in), ref(out));
    });
  };
  CHECK(error_of(8, 12, 66) == "no error");
  CHECK(error_of(8, 12, 65) == "broaden: in has 64 pixels, out has 65, two more wanted");
  CHECK(error_of(7, 12, 66) == "broaden: 4 entries of 2 and 3 lanes in arrays of 7 and 12 rows");
  CHECK(error_of(8, 11, 66) == "broaden: 4 entries of 2 and 3 lanes in arrays of 8 and 11 rows");
}

RVFIT_TEST("broadening: is rotation followed by the natural spline, in every lane",
           is_rotation_then_spline);
RVFIT_TEST_DOUBLE("broadening: the last lane is the derivative with respect to vsini",
                  last_lane_is_the_derivative);
RVFIT_TEST_DOUBLE("broadening: starts linearly at vsini 0, derivative included", starts_linearly);
RVFIT_TEST("broadening: conserves flux", conserves_flux);
RVFIT_TEST("broadening: stages in one pass are one after the other, tangents included",
           stages_multiply);
RVFIT_TEST("broadening: entries past the end of a tile's list are left alone",
           leaves_padding_alone);
RVFIT_TEST_DOUBLE("broadening: extents that differ are refused with both",
                  refuses_extents_that_differ);

}  // namespace rvfit::test::broadening

// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/oracle.hpp"
#include "support/policies.hpp"
#include "support/synthetic.hpp"
#include "support/tolerance.hpp"
#include <rvfit/data/prepare_spectra.hpp>

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace rvfit::test::prepare_spectra {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

/// A survey's choice: a masked range, and a floor of the errors.
const std::vector<std::pair<double, double>> one_range{{4300.0, 4450.0}};
const PrepareOptions masked_with_floor{.masked = {{4300.0, 4450.0}}, .error_floor = 0.3};

/// Spectra of a file, one row each.
struct Arrays {
  std::vector<double> wave;
  std::vector<float> flux, ivar;
  std::vector<std::int32_t> mask;
  std::size_t rows = 0;

  void add(const std::vector<float>& flux_row, const std::vector<float>& ivar_row,
           const std::vector<std::int32_t>& mask_row) {
    flux.insert(flux.end(), flux_row.begin(), flux_row.end());
    ivar.insert(ivar.end(), ivar_row.begin(), ivar_row.end());
    mask.insert(mask.end(), mask_row.begin(), mask_row.end());
    ++rows;
  }
};

template <class P>
SpectrumBatch<P> prepare(const Arrays& arrays, const PrepareOptions& options,
                         const Cube<const typename P::real_type, P>& resolution = {}) {
  const Exec exec{};
  const std::size_t n = arrays.wave.size();
  return rvfit::prepare_spectra<P>(
      exec, "desi_b", upload_matrix<Matrix<const double, P>>(exec, "wave", arrays.wave, 1, n),
      upload_matrix<Matrix<const float, P>>(exec, "flux", arrays.flux, arrays.rows, n),
      upload_matrix<Matrix<const float, P>>(exec, "ivar", arrays.ivar, arrays.rows, n),
      upload_matrix<Matrix<const std::int32_t, P>>(exec, "mask", arrays.mask, arrays.rows, n),
      options, resolution);
}

template <class P>
void check_against_oracle(const Arrays& arrays, const PrepareOptions& options,
                          const std::vector<std::pair<double, double>>& masked) {
  using Real = typename P::real_type;
  const Exec exec{};
  const SpectrumBatch<P> batch = prepare<P>(arrays, options);
  const std::size_t n = arrays.wave.size();
  oracle::Numbers flux, weight;
  std::vector<int> good;
  for (std::size_t b = 0; b < arrays.rows; ++b) {
    const auto row = [&](const auto& all) {
      const auto begin = all.begin() + static_cast<std::ptrdiff_t>(b * n);
      return std::vector(begin, begin + static_cast<std::ptrdiff_t>(n));
    };
    const auto want = oracle::prepare_spectra(arrays.wave, row(arrays.flux), row(arrays.ivar),
                                              row(arrays.mask), masked, options.error_floor);
    flux.insert(flux.end(), want.flux.begin(), want.flux.end());
    weight.insert(weight.end(), want.weight.begin(), want.weight.end());
    good.push_back(static_cast<int>(
        std::count_if(want.weight.begin(), want.weight.end(), [](double w) { return w > 0; })));
  }
  check_close("flux", values(exec, batch.flux), flux, {});  // a copy
  // Square root, median, quotient.
  check_close("weight", values(exec, batch.weight), weight, {0.0, rounding<Real>(4)});
  CHECK(values(exec, batch.good) == good);
}

/// Spectra with every kind of bad pixel, 4200 .. 4550 Angstrom.
Arrays random_arrays(std::size_t n, std::size_t rows) {
  Arrays arrays;
  Random random(n);
  for (std::size_t i = 0; i < n; ++i) {
    arrays.wave.push_back(
        n == 1 ? 4000.0 : 4200.0 + 350.0 * static_cast<double>(i) / static_cast<double>(n - 1));
  }
  for (std::size_t b = 0; b < rows; ++b) {
    std::vector<float> flux, ivar;
    std::vector<std::int32_t> mask;
    for (std::size_t i = 0; i < n; ++i) {
      flux.push_back(static_cast<float>(random.uniform(-1, 5)));
      ivar.push_back(static_cast<float>(std::exp(random.uniform(-6, 6))));
      mask.push_back(random.uniform(0, 1) < 0.1 ? 1 + static_cast<int>(random.uniform(0, 99)) : 0);
      const auto kind = static_cast<int>(random.uniform(0, 60));
      const float bad[] = {nan, infinity, -infinity};
      if (kind < 3) {
        flux.back() = bad[kind];
      } else if (kind < 6) {
        ivar.back() = bad[kind - 3];
      } else if (kind == 6) {
        ivar.back() = 0.0F;
      } else if (kind == 7) {
        ivar.back() = -1.0F;
      } else if (kind == 8) {
        mask.back() = -1;  // only positive masks are bad
      } else if (kind == 9) {
        flux.back() = 0.0F;
      }
    }
    arrays.add(flux, ivar, mask);
  }
  return arrays;
}

template <class P>
void agrees_with_loops() {
  for (const std::size_t n : {2U, 3U, 31U, 33U, 1025U}) {
    CAPTURE(n);
    const Arrays arrays = random_arrays(n, 9);
    check_against_oracle<P>(arrays, {}, {});
    check_against_oracle<P>(arrays, masked_with_floor, one_range);
    check_against_oracle<P>(arrays, {.error_floor = 0.3}, {});
    check_against_oracle<P>(arrays, {.masked = {{4300.0, 4450.0}}}, one_range);
    check_against_oracle<P>(arrays,
                            {.masked = {{4210.0, 4220.5}, {4500.0, 4501.0}, {4219.0, 4230.0}}},
                            {{4210.0, 4220.5}, {4500.0, 4501.0}, {4219.0, 4230.0}});
    check_against_oracle<P>(arrays, {.error_floor = 1.7}, {});
  }
}

/// By default the weight is 1 / sigma as the spectrum says it, at every wavelength.
template <class P>
void leaves_errors_as_they_are() {
  Arrays arrays;
  arrays.wave = {4299.9, 4350.0, 4400.0, 4451.0};
  arrays.add(std::vector<float>(4, 1.0F), {1.0F, 0.25F, 0.0625F, 4096.0F},
             std::vector<std::int32_t>(4, 0));
  using Real = typename P::real_type;
  CHECK(values(Exec{}, prepare<P>(arrays, {}).weight) == std::vector<Real>{1, 0.5, 0.25, 64});
}

/// Weights are formed in double, whatever they are kept in.
void weights_in_float_are_rounded() {
  const Arrays arrays = random_arrays(1025, 5);
  const PrepareOptions choices[] = {{},
                                    {.error_floor = 0.3},
                                    {.error_floor = 1e-30},
                                    {.error_floor = 0.9, .systematic_error = 0.1}};
  for (const PrepareOptions& options : choices) {
    CAPTURE(options.error_floor);
    std::vector<float> rounded;
    for (const double weight : values(Exec{}, prepare<DoublePolicy>(arrays, options).weight)) {
      rounded.push_back(static_cast<float>(weight));
    }
    CHECK(values(Exec{}, prepare<FloatPolicy>(arrays, options).weight) == rounded);
  }
}

template <class P>
void masks_the_open_interval() {
  Arrays arrays;
  arrays.wave = {4299.9, 4300.0, 4300.1, 4449.9, 4450.0, 4450.1};
  arrays.add(std::vector<float>(6, 1.0F), std::vector<float>(6, 4.0F),
             std::vector<std::int32_t>(6, 0));
  const Exec exec{};
  using Real = typename P::real_type;
  CHECK(values(exec, prepare<P>(arrays, masked_with_floor).weight) ==
        std::vector<Real>{2, 2, 0, 0, 2, 2});
  CHECK(values(exec, prepare<P>(arrays, {}).weight) == std::vector<Real>(6, 2));
}

template <class P>
void adds_systematic_errors() {
  // Sigma 2, 2, 2, 0.1 and bad; the floor lifts 0.1 to 0.6, which 0.8 in quadrature makes 1.
  Arrays arrays;
  arrays.wave = {5000, 5001, 5002, 5003, 5004};
  arrays.add(std::vector<float>(5, 1.0F), {0.25F, 0.25F, 0.25F, 100.0F, 0.25F}, {0, 0, 0, 0, 1});
  const auto batch = prepare<P>(arrays, {.error_floor = 0.3, .systematic_error = 0.8});
  const double w = 1.0 / std::sqrt(2.0 * 2.0 + 0.8 * 0.8);
  using Real = typename P::real_type;
  // Two square roots, a median, three quotients.
  check_close("weight", values(Exec{}, batch.weight), oracle::Numbers{w, w, w, 1.0, 0.0},
              {0.0, rounding<Real>(8)});
}

template <class P>
void takes_wavelengths_of_each_spectrum() {
  const std::vector<double> waves{4299.0, 4350.0, 4451.0, 4440.0, 4460.0, 4470.0};  // (2, 3)
  const Exec exec{};
  const auto ones = [&](std::size_t n) { return std::vector<float>(n, 1.0F); };
  const auto batch = rvfit::prepare_spectra<P>(
      exec, "desi_b", upload_matrix<Matrix<const double, P>>(exec, "wave", waves, 2, 3),
      upload_matrix<Matrix<const float, P>>(exec, "flux", ones(6), 2, 3),
      upload_matrix<Matrix<const float, P>>(exec, "ivar", ones(6), 2, 3),
      allocate<Matrix<std::int32_t, P>>(exec, "mask", 2, 3), masked_with_floor);
  using Real = typename P::real_type;
  CHECK(values(exec, batch.weight) == std::vector<Real>{1, 0, 1, 0, 1, 1});
}

template <class P>
void takes_the_median_as_numpy_does() {
  // Sigma 1, 2, 4, 1/64: with four good pixels the median is 1.5, with three of them 1 or 2.
  Arrays arrays;
  arrays.wave = {5000, 5001, 5002, 5003};
  const std::vector<float> ivar{1.0F, 0.25F, 0.0625F, 4096.0F};
  arrays.add({1, 1, 1, 1}, ivar, {0, 0, 0, 0});
  arrays.add({1, 1, 1, 1}, ivar, {0, 0, 1, 0});
  arrays.add({1, 1, 1, 1}, ivar, {1, 0, 0, 0});
  arrays.add({1, 1, 1, 1}, ivar, {1, 1, 1, 0});
  const Exec exec{};
  const auto weight = values(exec, prepare<P>(arrays, {.error_floor = 0.3}).weight);
  using Real = typename P::real_type;
  // The floor of the error at 0.3 x the median applies to the last pixel alone.
  const std::vector<double> want{1, 0.5, 0.25, 1 / (0.3 * 1.5), 1, 0.5, 0, 1 / 0.3,
                                 0, 0.5, 0.25, 1 / (0.3 * 2.0), 0, 0,   0, 64};
  // A square root, a median, a product and a quotient.
  check_close("weight", weight, want, {0.0, rounding<Real>(4)});
}

template <class P>
void leaves_out_empty_arms() {
  Arrays arrays;
  arrays.wave = {5000, 5001, 5002};
  arrays.add({0, 0, 0}, {1, 1, 1}, {0, 0, 0});     // no signal
  arrays.add({1, 1, 1}, {1, 1, 1}, {1, 2, 4});     // all masked
  arrays.add({1, 1, 1}, {0, -1, nan}, {0, 0, 0});  // no weight
  arrays.add({nan, infinity, 1}, {1, 1, 1}, {0, 0, 1});
  arrays.add({0, -0.0F, 7}, {1, 1, 1}, {0, 0, 1});   // the one signal is masked
  arrays.add({0, 0, 1e-30F}, {1, 1, 1}, {0, 0, 0});  // signal after all
  const Exec exec{};
  const SpectrumBatch<P> batch = prepare<P>(arrays, {});
  CHECK(values(exec, batch.good) == std::vector<int>{0, 0, 0, 0, 0, 3});
  CHECK(values(exec, batch.log_norm) == std::vector<double>(6, 0.0));
  CHECK(largest(values(exec, batch.flux)) < 1.1);  // finite everywhere
  check_against_oracle<P>(arrays, {}, {});
  check_against_oracle<P>(arrays, masked_with_floor, one_range);
}

template <class P>
void masks_pixels_without_a_whole_row() {
  using Real = typename P::real_type;
  const Exec exec{};
  constexpr std::size_t n = 9, diagonals = 5;
  Arrays arrays;
  for (std::size_t i = 0; i < n; ++i) {
    arrays.wave.push_back(5000.0 + static_cast<double>(i));
  }
  arrays.add(std::vector<float>(n, 1.0F), std::vector<float>(n, 4.0F),
             std::vector<std::int32_t>(n, 0));
  arrays.add(std::vector<float>(n, 1.0F), std::vector<float>(n, 4.0F),
             std::vector<std::int32_t>(n, 0));
  // Row i of a matrix has the element of diagonal k in column i + 2 - k. Row 4 of the second is empty.
  std::vector<double> band(2 * diagonals * n, 0.2);
  for (std::size_t k = 0; k < diagonals; ++k) {
    band[(diagonals + k) * n + 6 - k] = 0.0;
  }
  const auto batch =
      prepare<P>(arrays, {}, upload_cube<Cube<const Real, P>>(exec, "band", band, 2, diagonals, n));
  CHECK(batch.has_resolution());
  CHECK(values(exec, batch.good) == std::vector<int>{5, 4});
  CHECK(values(exec, batch.weight) ==
        std::vector<Real>{0, 0, 2, 2, 2, 2, 2, 0, 0, 0, 0, 2, 2, 0, 2, 2, 0, 0});
}

template <class P>
void refuses_extents_that_differ() {
  const Exec exec{};
  const auto error_of = [&](std::size_t wave_rows, std::size_t wave, std::size_t ivar,
                            std::size_t mask) {
    return message_of<InvalidArgument>([&] {
      (void)rvfit::prepare_spectra<P>(exec, "desi_z",
                                      allocate<Matrix<double, P>>(exec, "wave", wave_rows, wave),
                                      allocate<Matrix<float, P>>(exec, "flux", 2, 4),
                                      allocate<Matrix<float, P>>(exec, "ivar", 2, ivar),
                                      allocate<Matrix<std::int32_t, P>>(exec, "mask", 2, mask));
    });
  };
  CHECK(error_of(1, 4, 4, 4) == "no error");
  CHECK(error_of(1, 4, 5, 4) == "prepare_spectra: desi_z: flux is 2 x 4, ivar 2 x 5, mask 2 x 4");
  CHECK(error_of(1, 4, 4, 3) == "prepare_spectra: desi_z: flux is 2 x 4, ivar 2 x 4, mask 2 x 3");
  CHECK(error_of(3, 4, 4, 4) == "prepare_spectra: desi_z: wave is 3 x 4, wanted 1 or 2 x 4");
  CHECK(error_of(1, 6, 4, 4) == "prepare_spectra: desi_z: wave is 1 x 6, wanted 1 or 2 x 4");
}

/// As many ranges as there is room for, none of them empty.
template <class P>
void refuses_bad_ranges() {
  MaskedRanges ranges;
  for (int n = 0; n < MaskedRanges::capacity; ++n) {
    ranges.add({4000.0 + n, 4000.5 + n});
  }
  CHECK(ranges.contain(4007.25));
  CHECK_FALSE(ranges.contain(4007.75));
  CHECK(message_of<InvalidArgument>([&] {
          ranges.add({1.0, 2.0});
        }) == "MaskedRanges: expected at most 8 ranges");
  CHECK(message_of<InvalidArgument>([] {
          (void)MaskedRanges({{4450.0, 4300.0}});
        }) == "MaskedRanges: the range 4450 .. 4300 Angstrom is empty");
}

/// Errors in percent of the flux, and wavelengths that are not used.
template <class P>
void adds_relative_errors_and_leaves_out_what_is_not_used() {
  Arrays arrays;
  arrays.wave = {5000.0, 5001.0, 5002.0, 5003.0};
  arrays.add({30.0F, -40.0F, 0.0F, 10.0F}, {1.0F, 1.0F, 1.0F, 1.0F}, {0, 0, 0, 0});
  PrepareOptions options;
  options.relative_error = 0.1;
  options.systematic_error = 2.0;
  const SpectrumBatch<P> batch = prepare<P>(arrays, options);
  // The median of 30, -40 and 10, the pixels with a signal.
  const double weight = 1 / std::sqrt(1.0 + 4.0 + 1.0);
  check_close("weight", values(Exec{}, batch.weight), {weight, weight, weight, weight},
              {0.0, rounding<typename P::real_type>(4)});
  CHECK(batch.used.lower == 0.0);
  options = {};
  options.used = {5001.0, 5002.5};
  const SpectrumBatch<P> some = prepare<P>(arrays, options);
  CHECK(values(Exec{}, some.weight) == std::vector<typename P::real_type>{0, 1, 1, 0});
  CHECK(some.used.upper == 5002.5);
}

/// Errors relative to the flux do not follow noise and spikes, but the star's flux.
template <class P>
void takes_the_local_flux_for_relative_errors() {
  constexpr int pixels = 100;
  Arrays arrays;
  std::vector<float> flux;
  for (int i = 0; i < pixels; ++i) {
    arrays.wave.push_back(5000.0 + i);
    flux.push_back(100.0F + static_cast<float>(i) + (i % 2 == 0 ? 20.0F : -20.0F));
  }
  flux[50] = 1e6F;
  std::vector<std::int32_t> mask(pixels, 0);
  mask[20] = 1;
  arrays.add(flux, std::vector<float>(pixels, 1.0F), mask);
  PrepareOptions options;
  options.relative_error = 0.1;
  const auto weight = values(Exec{}, prepare<P>(arrays, options).weight);
  for (int i = 10; i < pixels - 10; ++i) {
    CAPTURE(i);
    const double error = 1.0 / static_cast<double>(weight[static_cast<std::size_t>(i)]);
    if (i == 20) {
      CHECK(weight[20] == 0);
    } else {
      // The least of the higher half is 20 - 10 above, the greatest of the lower half 10 below, one more next to bad pixels.
      CHECK(std::abs(std::sqrt(error * error - 1.0) / 0.1 - (100.0 + i)) < 12.5);
    }
  }
}

RVFIT_TEST("prepare_spectra: by default errors stay as they are", leaves_errors_as_they_are);
RVFIT_TEST_DOUBLE("prepare_spectra: ranges that are empty or too many are refused",
                  refuses_bad_ranges);
RVFIT_TEST("prepare_spectra: agrees with loops over every kind of bad pixel", agrees_with_loops);
RVFIT_TEST("prepare_spectra: the ends of a masked range are themselves good",
           masks_the_open_interval);
RVFIT_TEST("prepare_spectra: a systematic error is added after the floor", adds_systematic_errors);
RVFIT_TEST("prepare_spectra: spectra may have wavelengths of their own",
           takes_wavelengths_of_each_spectrum);
RVFIT_TEST("prepare_spectra: the median is numpy's for odd and even numbers of good pixels",
           takes_the_median_as_numpy_does);
RVFIT_TEST("prepare_spectra: a resolution matrix masks both ends and pixels whose row is empty",
           masks_pixels_without_a_whole_row);
RVFIT_TEST("prepare_spectra: an arm without signal has no good pixel", leaves_out_empty_arms);
RVFIT_TEST_DOUBLE("prepare_spectra: extents that differ are refused with both",
                  refuses_extents_that_differ);

RVFIT_TEST("prepare_spectra: errors relative to the flux, and wavelengths in use",
           adds_relative_errors_and_leaves_out_what_is_not_used);
RVFIT_TEST("prepare_spectra: errors relative to the flux follow neither noise nor spikes",
           takes_the_local_flux_for_relative_errors);

TEST_CASE("prepare_spectra: weights in float are those in double, rounded") {
  weights_in_float_are_rounded();
}

}  // namespace rvfit::test::prepare_spectra

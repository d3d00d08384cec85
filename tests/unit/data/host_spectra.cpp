// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/policies.hpp"
#include "support/synthetic.hpp"
#include "support/tolerance.hpp"
#include <rvfit/data/host_spectra.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace rvfit::test::host_spectra {

/// Two spectra of five pixels. The second has a pixel of each kind that is left out.
struct Arrays {
  std::vector<double> wave{5000.0, 5001.0, 5002.0, 5003.0, 5004.0};
  std::vector<double> flux{1.0, 2.0, 3.0, 4.0, 5.0, 6.0, std::nan(""), 8.0, 9.0, 10.0};
  std::vector<double> ivar{4.0, 9.0, 16.0, 25.0, 36.0, 0.0, 1.0, HUGE_VAL, 49.0, 64.0};
  std::vector<std::int32_t> mask{0, 0, 0, 0, 0, 0, 0, 0, 1, -1};

  [[nodiscard]] HostSpectra<double> host() const {
    return {.arm = "desi_b", .size = 2, .wave = wave, .flux = flux, .ivar = ivar, .mask = mask};
  }
};

template <class P>
void prepares_what_it_uploads() {
  const Exec exec{};
  const Arrays arrays;
  const SpectrumBatch<P> batch = upload_spectra<P>(exec, arrays.host());
  CHECK(batch.arm == "desi_b");
  CHECK(batch.exposure == 0);
  CHECK(batch.size() == 2);
  CHECK(batch.pixels() == 5);
  CHECK_FALSE(batch.has_resolution());
  CHECK(values(exec, batch.wave) == arrays.wave);
  CHECK(values(exec, batch.good) == std::vector<int>{5, 1});
  using Real = typename P::real_type;
  // Small whole numbers are exact, and so are the square roots of squares.
  CHECK(values(exec, batch.weight) == std::vector<Real>{2, 3, 4, 5, 6, 0, 0, 0, 0, 8});
  CHECK(values(exec, batch.flux) == std::vector<Real>{1, 2, 3, 4, 5, 0, 0, 0, 0, 10});
}

template <class P>
void takes_floats_and_rows_of_wavelengths() {
  const Exec exec{};
  const Arrays arrays;
  const std::vector<float> flux(arrays.flux.begin(), arrays.flux.end());
  const std::vector<float> ivar(arrays.ivar.begin(), arrays.ivar.end());
  std::vector<double> wave = arrays.wave;
  for (const double w : arrays.wave) {
    wave.push_back(w + 0.25);
  }
  const HostSpectra<float> host{
      .arm = "desi_b", .size = 2, .wave = wave, .flux = flux, .ivar = ivar, .exposure = 3};
  const SpectrumBatch<P> batch = upload_spectra<P>(exec, host);
  CHECK(batch.exposure == 3);
  CHECK(batch.wave.extent(0) == 2);
  CHECK(values(exec, batch.wave) == wave);
  CHECK(values(exec, batch.good) == std::vector<int>{5, 2});  // without a mask
}

template <class P>
void applies_the_options() {
  const Exec exec{};
  const Arrays arrays;
  const SpectrumBatch<P> batch = upload_spectra<P>(exec, arrays.host(), {.systematic_error = 0.5});
  // 1 / sqrt(sigma^2 + 1/4) of sigma = 1/2.
  check_close("weight", static_cast<double>(values(exec, batch.weight)[0]), std::sqrt(2.0),
              {0.0, rounding<typename P::real_type>(2)});
}

template <class P>
std::string error_of(const HostSpectra<double>& host) {
  return message_of<InvalidArgument>([&] { (void)upload_spectra<P>(Exec{}, host); });
}

template <class P>
void refuses_extents_that_differ() {
  const Arrays arrays;
  const std::vector<double> six(6, 1.0);
  const std::vector<std::int32_t> mask(9, 0);
  HostSpectra<double> host = arrays.host();
  CHECK(error_of<P>(host) == "no error");
  host.size = 3;
  CHECK(error_of<P>(host) ==
        "HostSpectra: desi_b: flux has 10 values, not whole rows of 3 spectra");
  host.size = 0;
  CHECK(error_of<P>(host) ==
        "HostSpectra: desi_b: flux has 10 values, not whole rows of 0 spectra");
  host = arrays.host();
  host.ivar = six;
  CHECK(error_of<P>(host) == "HostSpectra: desi_b: flux has 10 values, ivar has 6");
  host = arrays.host();
  host.mask = mask;
  CHECK(error_of<P>(host) == "HostSpectra: desi_b: flux has 10 values, mask has 9");
  host = arrays.host();
  host.wave = six;
  CHECK(error_of<P>(host) ==
        "HostSpectra: desi_b: wave has 6 values, wanted 5 for all or 10 for each of 2 spectra");
}

template <class P>
void refuses_wavelengths_that_do_not_increase() {
  Arrays arrays;
  arrays.wave[3] = 5002.0;
  CHECK(error_of<P>(arrays.host()) ==
        "HostSpectra: desi_b: wave is 5002 after 5002 at pixel 3 of row 0, increasing wanted");
  arrays.wave[3] = std::nan("");
  CHECK(error_of<P>(arrays.host()) ==
        "HostSpectra: desi_b: wave is nan after 5002 at pixel 3 of row 0, increasing wanted");
  arrays.wave = {-1.0, 1.0, 2.0, 3.0, 4.0};
  CHECK(error_of<P>(arrays.host()) ==
        "HostSpectra: desi_b: wave is -1 after 0 at pixel 0 of row 0, increasing wanted");
}

/// Spectra from long to short wavelengths, shared or a row's own, are those from short to long.
template <class P>
void reverses_decreasing_wavelengths() {
  const Exec exec{};
  const Arrays arrays;
  const SpectrumBatch<P> right = upload_spectra<P>(exec, arrays.host());
  Arrays down = arrays;
  std::reverse(down.wave.begin(), down.wave.end());
  const auto reverse_row = [](auto& values, std::ptrdiff_t row) {
    std::reverse(values.begin() + 5 * row, values.begin() + 5 * (row + 1));
  };
  const auto reverse_spectrum = [&](std::ptrdiff_t row) {
    reverse_row(down.flux, row);
    reverse_row(down.ivar, row);
    reverse_row(down.mask, row);
  };
  const auto check = [&](const SpectrumBatch<P>& batch) {
    CHECK(values(exec, batch.flux) == values(exec, right.flux));
    CHECK(values(exec, batch.weight) == values(exec, right.weight));
  };
  reverse_spectrum(1);
  std::vector<double> own = arrays.wave;
  own.insert(own.end(), down.wave.begin(), down.wave.end());
  HostSpectra<double> mixed = down.host();
  mixed.wave = own;
  const SpectrumBatch<P> of_own = upload_spectra<P>(exec, mixed);
  check(of_own);
  CHECK(values(exec, of_own.wave)[5] == 5000.0);
  reverse_spectrum(0);
  const SpectrumBatch<P> shared = upload_spectra<P>(exec, down.host());
  check(shared);
  CHECK(values(exec, shared.wave) == arrays.wave);
  down.wave[3] = 5003.5;
  CHECK(error_of<P>(down.host()) ==
        "HostSpectra: desi_b: wave is 5003.5 after 5002 at pixel 3 of row 0, decreasing wanted");
}

/// The same spectra in a unit of flux that is `scale` times smaller.
Arrays in_unit(Arrays arrays, double scale) {
  for (std::size_t i = 0; i < arrays.flux.size(); ++i) {
    arrays.flux[i] *= scale;
    arrays.ivar[i] /= scale * scale;
  }
  return arrays;
}

template <class P>
void takes_any_unit() {
  const Exec exec{};
  const Arrays arrays;
  const SpectrumBatch<P> usual = upload_spectra<P>(exec, arrays.host(), {.systematic_error = 0.5});
  CHECK(values(exec, usual.unit) == std::vector<double>{1.0, 1.0});
  const auto flux = values(exec, usual.flux), weight = values(exec, usual.weight);
  std::vector<double> scales{1e-30, 1e-17, 1e17, 1e30};
  for (int exponent = -100; exponent <= 100; exponent += 4) {
    scales.push_back(std::ldexp(1.0, exponent));
  }
  for (const double scale : scales) {
    CAPTURE(scale);
    const Arrays scaled = in_unit(arrays, scale);
    const SpectrumBatch<P> batch =
        upload_spectra<P>(exec, scaled.host(), {.systematic_error = 0.5 * scale});
    CHECK(values(exec, batch.good) == std::vector<int>{5, 1});
    const auto unit = values(exec, batch.unit);
    for (std::size_t i = 0; i < flux.size(); ++i) {
      const double in_own_unit = unit[i / 5] / scale;
      // A flux and a weight are rounded a few times on their way.
      check_close("flux", values(exec, batch.flux)[i] * in_own_unit, static_cast<double>(flux[i]),
                  {0.0, rounding<float>(4)});
      check_close("weight", values(exec, batch.weight)[i] / in_own_unit,
                  static_cast<double>(weight[i]), {0.0, rounding<float>(4)});
    }
    // Powers of two change no digit.
    int exponent = 0;
    CHECK((std::frexp(unit[0], &exponent) == 0.5 && std::frexp(unit[1], &exponent) == 0.5));
  }
}

template <class P>
void refuses_weights_that_are_nothing() {
  Arrays arrays;
  arrays.ivar[1] = 1e40;
  CHECK(
      error_of<P>(arrays.host()) ==
      "HostSpectra: desi_b: flux is 1 and ivar 4 at pixel 0 of row 0, other pixels have errors of "
      "1.35525e-20: float does not hold both");
  arrays.ivar[1] = 1e-40;
  CHECK(
      error_of<P>(arrays.host()) ==
      "HostSpectra: desi_b: flux is 2 and ivar 1e-40 at pixel 1 of row 0, other pixels have errors "
      "of 1: float does not hold both");
  arrays.ivar[1] = 1.0;
  arrays.ivar[8] = 1e40;  // masked
  CHECK(error_of<P>(arrays.host()) == "no error");
  arrays.flux[1] = 1e60;
  CHECK(
      error_of<P>(arrays.host()) ==
      "HostSpectra: desi_b: flux is 1e+60 and ivar 1 at pixel 1 of row 0, other pixels have errors "
      "of 1: float does not hold both");
}

RVFIT_TEST("host_spectra: pixels that are masked, without weight or not finite are left out",
           prepares_what_it_uploads);
RVFIT_TEST("host_spectra: arrays of float and wavelengths of each spectrum are taken",
           takes_floats_and_rows_of_wavelengths);
RVFIT_TEST("host_spectra: the options of preparation apply", applies_the_options);
RVFIT_TEST_DOUBLE("host_spectra: extents that differ are refused with both",
                  refuses_extents_that_differ);
RVFIT_TEST_DOUBLE("host_spectra: wavelengths that do not increase are refused",
                  refuses_wavelengths_that_do_not_increase);
RVFIT_TEST("upload_spectra: decreasing wavelengths are reversed with all that belongs to them",
           reverses_decreasing_wavelengths);
RVFIT_TEST("host_spectra: fluxes have any unit, and options are in it", takes_any_unit);
RVFIT_TEST_DOUBLE("host_spectra: weights that are nothing beside others are refused",
                  refuses_weights_that_are_nothing);

}  // namespace rvfit::test::host_spectra

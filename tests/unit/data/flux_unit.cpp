// SPDX-License-Identifier: MIT

#include <rvfit/data/flux_unit.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <span>
#include <vector>

namespace rvfit::test::flux_unit {

template <class T>
struct Spectrum {
  std::vector<T> flux, ivar;
  std::vector<std::int32_t> mask;
};

/// Numbers of every kind, some of them as large and as small as T has them.
template <class T>
[[nodiscard]] Spectrum<T> spectrum_of(std::mt19937& random, double scale, bool has_mask) {
  using Limits = std::numeric_limits<T>;
  const T rare[] = {T(0),          -T(0),         Limits::quiet_NaN(), Limits::infinity(),
                    Limits::max(), Limits::min(), -Limits::infinity(), Limits::denorm_min()};
  std::uniform_int_distribution<std::size_t> kind(0, 63);
  std::normal_distribution<double> normal;
  Spectrum<T> made;
  for (std::size_t i = 0; i < 203; ++i) {  // no multiple of a register's numbers
    made.flux.push_back(static_cast<T>(normal(random) * scale));
    made.ivar.push_back(static_cast<T>(std::exp(normal(random)) / scale / scale));
    const std::size_t of_flux = kind(random), of_ivar = kind(random);
    made.flux.back() = of_flux < 8 ? rare[of_flux] : made.flux.back();
    // The largest one would choose the unit of all spectra.
    made.ivar.back() = of_ivar < 8 && of_ivar != 4 ? rare[of_ivar] : made.ivar.back();
    if (has_mask) {
      made.mask.push_back(static_cast<std::int32_t>(kind(random)) - 32);
    }
  }
  return made;
}

/// As the comment of the header says it, pixel by pixel.
template <class T>
void check(const Spectrum<T>& given) {
  const std::span<const T> flux(given.flux), ivar(given.ivar);
  const std::span<const std::int32_t> mask(given.mask);
  const auto is_good = [&](std::size_t i) {
    return ivar[i] > 0 && std::isfinite(ivar[i]) && std::isfinite(flux[i]) &&
           (mask.empty() || mask[i] <= 0);
  };
  const auto narrowed = [](double value) {
    constexpr float infinite = std::numeric_limits<float>::infinity();
    return std::abs(value) > std::numeric_limits<float>::max()
               ? std::copysign(infinite, static_cast<float>(std::copysign(1.0, value)))
               : static_cast<float>(value);
  };
  double largest = 0.0;
  for (std::size_t i = 0; i < flux.size(); ++i) {
    largest = is_good(i) ? std::fmax(largest, static_cast<double>(ivar[i])) : largest;
  }
  const double unit = rvfit::flux_unit(flux, ivar, mask);
  if (largest >= 0x1p64 || (largest > 0.0 && largest < 0x1p-64)) {
    CHECK(largest * unit * unit >= 1);
    CHECK(largest * unit * unit < 4);
    CHECK(std::log2(unit) == std::round(std::log2(unit)));
  } else {
    CHECK(unit == 1);
  }
  std::vector<float> narrow_flux(flux.size()), narrow_ivar(flux.size());
  const auto lost =
      rvfit::narrow_spectrum(flux, ivar, mask, unit, narrow_flux.data(), narrow_ivar.data());
  std::optional<std::size_t> first;
  for (std::size_t i = 0; i < flux.size(); ++i) {
    CAPTURE(i);
    const float want_flux = narrowed(static_cast<double>(flux[i]) / unit);
    float want_ivar = narrowed(static_cast<double>(ivar[i]) * unit * unit);
    if (is_good(i) &&
        !(want_ivar >= std::numeric_limits<float>::min() && std::isfinite(want_flux))) {
      want_ivar = 0.0F;
      first = first ? first : i;
    }
    CHECK((narrow_flux[i] == want_flux || (std::isnan(narrow_flux[i]) && std::isnan(want_flux))));
    CHECK((narrow_ivar[i] == want_ivar || (std::isnan(narrow_ivar[i]) && std::isnan(want_ivar))));
  }
  CHECK(lost == first);
}

TEST_CASE("flux_unit, narrow_spectrum: every kind of number in any unit") {
  std::mt19937 random(1);
  for (const bool has_mask : {false, true}) {
    for (const double scale : {1.0, 1e-9, 1e-11, 1e9, 1e12}) {
      CAPTURE(scale);
      check(spectrum_of<float>(random, scale, has_mask));
      check(spectrum_of<double>(random, scale, has_mask));
    }
    for (const double scale : {1e-19, 1e-30, 1e25, 1e80}) {
      CAPTURE(scale);
      check(spectrum_of<double>(random, scale, has_mask));
    }
  }
  check(Spectrum<float>{});
}

}  // namespace rvfit::test::flux_unit

// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Gaussian line spread of an instrument or of templates, as its author tells it.

#include <rvfit/core/require.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

namespace rvfit_library {

/// FWHM of a Gaussian over its sigma, 2 sqrt(2 ln 2).
inline constexpr double fwhm_per_sigma = 2.3548200450309493;

/// A line spread that may change with wavelength: between the points of a table the quantity is linear, beyond
/// them constant.
struct LineSpread {
  enum class Kind { none, resolving_power, fwhm, sigma };
  struct Point {
    double wave;   ///< [Angstrom]
    double value;  ///< R = wave / FWHM, or FWHM or sigma [Angstrom]
  };

  Kind kind = Kind::none;
  std::vector<Point> points;  ///< at least one, of increasing wavelength, unless there is none

  /// Sigma at a wavelength [Angstrom], 0 where there is none.
  [[nodiscard]] double sigma(double wave) const {
    switch (kind) {
      case Kind::resolving_power:
        return wave / (at(wave) * fwhm_per_sigma);
      case Kind::fwhm:
        return at(wave) / fwhm_per_sigma;
      case Kind::sigma:
        return at(wave);
      case Kind::none:
        break;
    }
    return 0.0;
  }

  /// Whether sigma is the same number of Angstrom everywhere.
  [[nodiscard]] bool is_constant() const {
    return kind == Kind::none || (kind != Kind::resolving_power && points.size() == 1);
  }

 private:
  [[nodiscard]] double at(double wave) const {
    const auto after = std::find_if(points.begin(), points.end(),
                                    [&](const Point& point) { return point.wave > wave; });
    if (after == points.begin() || after == points.end()) {
      return after == points.end() ? points.back().value : points.front().value;
    }
    const Point& a = *(after - 1);
    const Point& b = *after;
    return a.value + (b.value - a.value) * (wave - a.wave) / (b.wave - a.wave);
  }
};

/// The kind of a name: "R", "fwhm" or "sigma". @throws rvfit::InvalidArgument  another
[[nodiscard]] inline LineSpread::Kind line_spread_kind(const std::string& name) {
  RVFIT_REQUIRE(name == "R" || name == "fwhm" || name == "sigma",
                "a resolution is given as R, fwhm "
                "or sigma [Angstrom], not as '",
                name, "'");
  return name == "R"      ? LineSpread::Kind::resolving_power
         : name == "fwhm" ? LineSpread::Kind::fwhm
                          : LineSpread::Kind::sigma;
}

/// @throws rvfit::InvalidArgument  a number that is not positive, or wavelengths that do not increase
inline void require_valid(const LineSpread& spread) {
  for (std::size_t n = 0; n < spread.points.size(); ++n) {
    const LineSpread::Point& point = spread.points[n];
    RVFIT_REQUIRE(point.value > 0.0 && std::isfinite(point.value), "a resolution of ", point.value,
                  " is no positive number");
    RVFIT_REQUIRE(n == 0 || point.wave > spread.points[n - 1].wave,
                  "the table of resolutions goes from ", spread.points[n == 0 ? 0 : n - 1].wave,
                  " to ", point.wave, " Angstrom, increasing wanted");
  }
}

/// Sigma that is missing where templates have a line spread already: the difference in quadrature.
/// @throws rvfit::InvalidArgument  the templates are less sharp than the instrument
[[nodiscard]] inline double missing_sigma(const LineSpread& instrument, const LineSpread& templates,
                                          double wave) {
  const double wanted = instrument.sigma(wave), there = templates.sigma(wave);
  RVFIT_REQUIRE(instrument.kind == LineSpread::Kind::none || wanted >= there, "at ", wave,
                " Angstrom the templates have a sigma of ", there, " Angstrom, the instrument of ",
                wanted);
  return instrument.kind == LineSpread::Kind::none
             ? 0.0
             : std::sqrt(std::max((wanted - there) * (wanted + there), 0.0));
}

}  // namespace rvfit_library

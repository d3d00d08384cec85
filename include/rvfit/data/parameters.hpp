// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The parameters of a model: names, units, bounds, which are fixed, and Gaussian priors.

#include <rvfit/core/require.hpp>

#include <Kokkos_Core.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace rvfit {

/// Upper limit on the parameters of one fit.
inline constexpr int max_parameters = 64;

/// One parameter as a model declares it.
struct Parameter {
  std::string name;    ///< field's name: teff, logg, feh, alpha, vsini, rv
  std::string unit{};  ///< as FITS writes it: K, km/s, or empty for dex
  double lower = -std::numeric_limits<double>::infinity();  ///< bound, inclusive
  double upper = std::numeric_limits<double>::infinity();   ///< bound, inclusive
  double scale = 1.0;       ///< a step that clearly changes the model; sets the least damping
  bool fixed = false;       ///< keep `value`
  double value = 0.0;       ///< of a fixed parameter
  double prior_mean = 0.0;  ///< Gaussian prior, used where prior_sigma is finite
  double prior_sigma = std::numeric_limits<double>::infinity();
};

/// The parameters of a model in the order of its lanes.
class ParameterSet {
 public:
  ParameterSet() = default;

  /// @throws InvalidArgument  too many, a repeated name, or bounds that are not an interval
  explicit ParameterSet(std::vector<Parameter> parameters) : parameters_(std::move(parameters)) {
    require_valid();
  }

  /// Check the set, which its users may have changed since: a plan calls this.
  /// @throws InvalidArgument  as the constructor; also a fixed value outside its bounds
  void require_valid() const {
    RVFIT_REQUIRE(size() <= max_parameters, "ParameterSet: ", size(), " parameters, at most ",
                  max_parameters, " are supported");
    for (const Parameter& p : parameters_) {
      RVFIT_REQUIRE(p.lower <= p.upper, "ParameterSet: bounds of ", p.name, " are [", p.lower, ", ",
                    p.upper, "]");
      RVFIT_REQUIRE(p.scale > 0 && std::isfinite(p.scale), "ParameterSet: scale of ", p.name,
                    " is ", p.scale, ", must be positive");
      RVFIT_REQUIRE(p.prior_sigma > 0 && std::isfinite(p.prior_mean), "ParameterSet: prior of ",
                    p.name, " is ", p.prior_mean, " +- ", p.prior_sigma,
                    ", wanted a number and a positive width");
      RVFIT_REQUIRE(!p.fixed || (p.value >= p.lower && p.value <= p.upper),
                    "ParameterSet: ", p.name, " is fixed at ", p.value, ", outside its bounds [",
                    p.lower, ", ", p.upper, "]");
      RVFIT_REQUIRE(&(*this)[p.name] == &p, "ParameterSet: ", p.name, " is named twice");
    }
  }

  [[nodiscard]] int size() const { return static_cast<int>(parameters_.size()); }
  [[nodiscard]] auto begin() const { return parameters_.begin(); }
  [[nodiscard]] auto end() const { return parameters_.end(); }
  [[nodiscard]] Parameter& operator[](int p) { return parameters_[static_cast<std::size_t>(p)]; }
  [[nodiscard]] const Parameter& operator[](int p) const {
    return parameters_[static_cast<std::size_t>(p)];
  }

  /// Position of a name, or -1.
  [[nodiscard]] int find(std::string_view name) const {
    for (int p = 0; p < size(); ++p) {
      if ((*this)[p].name == name) {
        return p;
      }
    }
    return -1;
  }

  /// Position of a name. @throws InvalidArgument  no such parameter; the message lists them
  [[nodiscard]] int index(std::string_view name) const {
    const int p = find(name);
    RVFIT_REQUIRE(p >= 0, "ParameterSet: no parameter '", name, "', there are: ", names());
    return p;
  }

  [[nodiscard]] Parameter& operator[](std::string_view name) { return (*this)[index(name)]; }
  [[nodiscard]] const Parameter& operator[](std::string_view name) const {
    return (*this)[index(name)];
  }

  /// All names, comma separated.
  [[nodiscard]] std::string names() const {
    std::string list;
    for (const Parameter& p : parameters_) {
      list += (list.empty() ? "" : ", ") + p.name;
    }
    return list;
  }

 private:
  std::vector<Parameter> parameters_;
};

}  // namespace rvfit

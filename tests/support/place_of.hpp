// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Places of parameters in arrays of all fits.

#include <rvfit/data/parameters.hpp>

#include <cstddef>
#include <string_view>

namespace rvfit::test {

/// Place of a parameter of fit b in arrays (B, P). @throws InvalidArgument  no parameter has this name
[[nodiscard]] inline std::size_t place_of(const ParameterSet& parameters, std::size_t b,
                                          std::string_view name) {
  return b * static_cast<std::size_t>(parameters.size()) +
         static_cast<std::size_t>(parameters.index(name));
}

}  // namespace rvfit::test

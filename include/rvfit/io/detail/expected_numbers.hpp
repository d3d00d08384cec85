// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Numbers of an emulator file, refused where they cannot be meant.

#include <rvfit/io/fits/fits_input.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace rvfit::io::detail {

/// A keyword that counts something. @throws IoError  less than one
[[nodiscard]] inline std::size_t require_count(FitsInput& file, const std::string& hdu,
                                               const std::string& keyword) {
  const auto count = file.require_keyword<std::int64_t>(hdu, keyword);
  if (count < 1) {
    file.fail(hdu, keyword + " is " + std::to_string(count) + ", expected at least 1");
  }
  return static_cast<std::size_t>(count);
}

/// @throws IoError  a number that is not finite
template <class T>
void require_finite(const FitsInput& file, const std::string& hdu, const std::string& what,
                    const std::vector<T>& values) {
  if (!std::all_of(values.begin(), values.end(), [](T x) { return std::isfinite(x); })) {
    file.fail(hdu, what + ": a finite number was expected");
  }
}

}  // namespace rvfit::io::detail

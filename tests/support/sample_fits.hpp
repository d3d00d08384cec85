// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A FITS file with an HDU, column or keyword of every kind that is written.

#include <rvfit/io/fits/fits_output.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace rvfit::test {

inline void write_sample(const std::string& path) {
  constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();
  io::FitsOutput file(path);
  file.write_keywords({{"ANSWER", std::int64_t{42}, "an integer"},
                       {"RATIO", 0.1, "a number"},
                       {"GOOD", true, "a flag"},
                       {"WORDS", std::string(100, 'x'), "a string longer than one card"}});
  file.write_image("FLOATS", std::vector<float>{1, 2, 3, 4, nan_value, 6}, {2, 3}, "Angstrom");
  file.write_image("DOUBLES", std::vector<double>{0.1, -0.2}, {2});
  file.write_image("EMPTY", std::vector<float>{}, {0, 7});
  file.write_table("TABLE",
                   {{"D", "km/s", "a double", std::vector<double>{1.5, -2.5}},
                    {"E", "", "a float", std::vector<float>{3, 4}},
                    {"J", "", "an int32", std::vector<std::int32_t>{-7, 8}},
                    {"K", "", "an int64", std::vector<std::int64_t>{1LL << 60, -1}},
                    {"L", "", "a flag", io::Flags{1, 0}},
                    {"A", "", "a string", std::vector<std::string>{"converged", ""}, {16}},
                    {"M", "", "a matrix", std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8}, {2, 2}}});
  file.commit();
}

}  // namespace rvfit::test

// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The nonlinear regression problems of NIST's Statistical Reference Datasets (StRD): reader of the
/// files in tests/data/nist, and the score of a solution. https://www.itl.nist.gov/div898/strd/nls

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace rvfit::test {

/// One problem: N data, P parameters, two starts, and the solution certified to 11 digits.
struct NistProblem {
  std::string name;
  std::vector<double> y;  ///< (N)     response; its logarithm where the file fits log[y]
  std::vector<double> x;  ///< (N, K)  predictors
  std::array<std::vector<double>, 2> start;  ///< (P) each
  std::vector<double> certified;             ///< (P)
  std::vector<double> certified_deviation;   ///< (P)     standard deviations
  double sum_of_squares = 0.0;               ///< residual sum of squares, certified
  double residual_deviation = 0.0;           ///< sqrt(sum_of_squares / (N - P))

  [[nodiscard]] int data() const { return static_cast<int>(y.size()); }
  [[nodiscard]] int parameters() const { return static_cast<int>(certified.size()); }
  [[nodiscard]] int predictors() const { return static_cast<int>(x.size() / y.size()); }
};

/// Digits to which `got` agrees with the certified values: the least log relative error of its
/// parameters, within 0 .. 11 (NIST certifies 11 digits).
[[nodiscard]] inline double nist_digits(const NistProblem& problem, const double* got) {
  double digits = 11.0;
  for (std::size_t p = 0; p < problem.certified.size(); ++p) {
    const double error = std::abs(got[p] - problem.certified[p]) / std::abs(problem.certified[p]);
    digits = std::isfinite(error) ? std::min(digits, -std::log10(error)) : 0.0;
  }
  return std::max(digits, 0.0);
}

namespace detail {

/// Numbers of a line; words before them (b1, =, Sum:) are passed over.
[[nodiscard]] inline std::vector<double> numbers_of(const std::string& line) {
  std::vector<double> out;
  std::istringstream words(line);
  for (std::string word; words >> word;) {
    std::size_t used = 0;
    double value = 0.0;
    try {
      value = std::stod(word, &used);
    } catch (const std::exception&) {
      continue;
    }
    if (used == word.size()) {
      out.push_back(value);
    }
  }
  return out;
}

}  // namespace detail

/// Read NAME.dat of `folder`. The file's header says which lines hold values and data.
/// @throws std::runtime_error  no such file, or another layout
[[nodiscard]] inline NistProblem read_nist(const std::string& folder, const std::string& name) {
  std::ifstream file(folder + "/" + name + ".dat");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    lines.push_back(line);
  }
  const auto fail = [&](const std::string& what) {
    throw std::runtime_error("read_nist: " + folder + "/" + name + ".dat: " + what);
  };
  // "Data (lines 61 to 74)": the numbers, counted from 1, of the lines with this title.
  const auto section = [&](const std::string& title) {
    std::array<std::size_t, 2> range{};
    for (const std::string& line : lines) {
      const std::size_t at = line.find("(lines");
      if (at != std::string::npos && line.find(title) < at &&
          std::sscanf(line.c_str() + at, "(lines %zu to %zu)", &range[0], &range[1]) == 2) {
        break;
      }
    }
    if (range[0] < 1 || range[1] < range[0] || range[1] > lines.size()) {
      fail("no lines of " + title);
    }
    return range;
  };

  NistProblem out;
  out.name = name;
  const bool of_logarithm = std::any_of(lines.begin(), lines.end(), [](const std::string& line) {
    return line.find("log[y]") != std::string::npos;
  });
  const auto values = section("Certified Values");
  for (std::size_t n = values[0] - 1; n < values[1]; ++n) {
    const std::vector<double> row = detail::numbers_of(lines[n]);
    if (lines[n].find("Sum of Squares:") != std::string::npos && row.size() == 1) {
      out.sum_of_squares = row[0];
    } else if (lines[n].find("Standard Deviation:") != std::string::npos && row.size() == 1) {
      out.residual_deviation = row[0];
    } else if (row.size() == 4) {  // b1 = START1 START2 VALUE DEVIATION
      out.start[0].push_back(row[0]);
      out.start[1].push_back(row[1]);
      out.certified.push_back(row[2]);
      out.certified_deviation.push_back(row[3]);
    }
  }
  const auto data = section("Data");
  for (std::size_t n = data[0] - 1; n < data[1]; ++n) {
    const std::vector<double> row = detail::numbers_of(lines[n]);
    if (row.size() < 2) {
      fail("line " + std::to_string(n + 1) + " has " + std::to_string(row.size()) + " numbers");
    }
    out.y.push_back(of_logarithm ? std::log(row[0]) : row[0]);
    out.x.insert(out.x.end(), row.begin() + 1, row.end());
  }
  if (out.certified.empty() || out.x.size() % out.y.size() != 0) {
    fail("no parameters, or rows of different lengths");
  }
  return out;
}

}  // namespace rvfit::test

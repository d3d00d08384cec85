// SPDX-License-Identifier: MIT

#include <rvfit/core/require.hpp>
#include <rvfit/data/fill_empty_columns.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <vector>

namespace rvfit::test::fill_empty_columns {
namespace {

constexpr std::size_t diagonals = 11, pixels = 60, reach = 5;

/// Gaussians whose width grows by a fifth along the spectrum; columns sum to 1.
std::vector<float> slowly_varying() {
  std::vector<float> matrix(diagonals * pixels);
  for (std::size_t j = 0; j < pixels; ++j) {
    const double sigma = 1.0 + 0.2 * static_cast<double>(j) / pixels;
    double sum = 0.0;
    std::vector<double> column;
    for (std::size_t k = 0; k < diagonals; ++k) {
      const double x = static_cast<double>(k) - reach;
      column.push_back(std::exp(-0.5 * x * x / (sigma * sigma)));
      sum += column.back();
    }
    for (std::size_t k = 0; k < diagonals; ++k) {
      matrix[k * pixels + j] = static_cast<float>(column[k] / sum);
    }
  }
  return matrix;
}

std::vector<float> without(std::vector<float> matrix, std::initializer_list<std::size_t> columns) {
  for (const std::size_t j : columns) {
    for (std::size_t k = 0; k < diagonals; ++k) {
      matrix[k * pixels + j] = 0.0F;
    }
  }
  return matrix;
}

/// Sum of the elements of a row, those beyond the ends left out.
double row_sum(const std::vector<float>& matrix, std::size_t i) {
  double sum = 0.0;
  for (std::size_t k = 0; k < diagonals; ++k) {
    if (i + reach >= k && i + reach - k < pixels) {
      sum += static_cast<double>(matrix[k * pixels + i + reach - k]);
    }
  }
  return sum;
}

TEST_CASE("fill_empty_columns: a slowly varying line spread comes back, and rows sum to 1") {
  const std::vector<float> whole = slowly_varying();
  std::vector<float> matrix = without(whole, {0, 20, 21, 22, 23, 40, 59});
  CHECK(row_sum(matrix, 21) < 0.5);  // four of its elements are gone
  rvfit::fill_empty_columns(matrix, diagonals, pixels);
  double worst = 0.0;
  for (std::size_t n = 0; n < matrix.size(); ++n) {
    worst = std::max(worst, static_cast<double>(std::abs(matrix[n] - whole[n])));
  }
  CHECK(worst < 2e-3);  // at the ends the neighbour's, whose width is 0.3 % off
  for (std::size_t i = reach; i < pixels - reach; ++i) {
    CHECK(std::abs(row_sum(matrix, i) - row_sum(whole, i)) < 2e-3);  // the same elements
  }
}

TEST_CASE(
    "fill_empty_columns: nothing else changes, and what is outside the spectrum is not looked at") {
  const std::vector<float> whole = slowly_varying();
  std::vector<float> matrix = whole;
  rvfit::fill_empty_columns(matrix, diagonals, pixels);
  CHECK(matrix == whole);
  matrix = without(whole, {0});
  matrix[0] = 7.0F;  // diagonal 0 of column 0 lies in row -5
  rvfit::fill_empty_columns(matrix, diagonals, pixels);
  CHECK(matrix[reach * pixels] == whole[reach * pixels + 1]);
}

TEST_CASE("fill_empty_columns: matrices are filled each on its own, an empty one stays empty") {
  const std::vector<float> whole = slowly_varying();
  std::vector<float> both(whole.size(), 0.0F);
  const std::vector<float> holed = without(whole, {30});
  both.insert(both.end(), holed.begin(), holed.end());
  rvfit::fill_empty_columns(both, diagonals, pixels);
  CHECK(std::count(both.begin(), both.begin() + diagonals * pixels, 0.0F) == diagonals * pixels);
  CHECK(std::abs(both[diagonals * pixels + reach * pixels + 30] - whole[reach * pixels + 30]) <
        1e-4F);  // half the difference of the neighbours' differences
  CHECK_THROWS_WITH_AS(rvfit::fill_empty_columns(both, 4, 10),
                       "fill_empty_columns: 1320 numbers, not matrices of 4 diagonals (an odd "
                       "number) of 10 pixels",
                       InvalidArgument);
}

}  // namespace
}  // namespace rvfit::test::fill_empty_columns

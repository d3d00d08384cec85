// SPDX-License-Identifier: MIT

/// @file
/// Fits in chunks of a stream against the same fits at once: the same bits, in order.

#include <rvfit/residual/fit_stream.hpp>

#include <doctest/doctest.h>
#include <support/policies.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

namespace rvfit::test::fit_stream {

using P = DoublePolicy;
using Vec = std::vector<double>;

constexpr int points = 12;
constexpr std::size_t total = 230;

struct Decay {
  static constexpr int parameters = 3;
  static constexpr bool teams = false;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int i) const {
    using Kokkos::exp;
    return theta[0] * exp(-static_cast<double>(i) / theta[1]) + theta[2];
  }
};

double datum(std::size_t b, int i) {
  const double t = static_cast<double>(b);
  return (4.0 + std::sin(t)) * std::exp(-i / (3.0 + std::cos(t))) + 1.0 +
         0.1 * std::sin(7.0 * t + 3.0 * i);
}

/// A source of `total` fits, in chunks that are full but for the last.
struct Source {
  int calls = 0;
  int operator()(const StreamChunk<P>& chunk) {
    ++calls;
    const auto left = static_cast<std::int64_t>(total) - chunk.first;
    const auto rows = std::min<std::int64_t>(left, static_cast<std::int64_t>(chunk.y.extent(0)));
    for (std::size_t r = 0; r < static_cast<std::size_t>(rows); ++r) {
      const std::size_t b = static_cast<std::size_t>(chunk.first) + r;
      for (std::size_t i = 0; i < points; ++i) {
        chunk.y(r, i) = datum(b, static_cast<int>(i));
        chunk.weight(r, i) = (b + i) % 5 == 0 ? 0.0 : 10.0;
      }
      const double start[3] = {3.0, 2.0, 0.5};
      std::copy(start, start + 3, &chunk.start(r, 0));
    }
    return static_cast<int>(rows);
  }
};

TEST_CASE("streams: fits in chunks of any size are those of one batch") {
  const Exec exec;
  Vec y, weight, start;
  for (std::size_t b = 0; b < total; ++b) {
    for (int i = 0; i < points; ++i) {
      y.push_back(datum(b, i));
      weight.push_back((b + static_cast<std::size_t>(i)) % 5 == 0 ? 0.0 : 10.0);
    }
    start.insert(start.end(), {3.0, 2.0, 0.5});
  }
  const auto rows = [&](const Vec& values) {
    return upload_matrix<Matrix<const double, P>>(exec, "rows", values, total,
                                                  values.size() / total);
  };
  const auto fits =
      fit_residuals<P>(exec, Decay{}, {.y = rows(y), .weight = rows(weight)}, rows(start));
  const auto theta = download(exec, fits.theta);
  const auto covariance = download(exec, fits.covariance);
  const auto iterations = download(exec, fits.iterations);
  const auto value = download(exec, fits.value);
  for (const int chunk : {7, 64, 230, 1000}) {
    std::size_t next = 0;
    const auto sink = [&](const StreamResults<P>& results) {
      CHECK(results.first == static_cast<std::int64_t>(next));
      for (std::size_t r = 0; r < static_cast<std::size_t>(results.count); ++r, ++next) {
        CHECK(results.status(r) == FitStatus::converged);
        CHECK(results.value(r) == value(next));
        CHECK(results.iterations(r) == iterations(next));
        for (std::size_t p = 0; p < 3; ++p) {
          CHECK(results.theta(r, p) == theta(next, p));
          CHECK(results.covariance(r, p, 0) == covariance(next, p, 0));
        }
      }
    };
    Source source;
    const auto count = rvfit::fit_stream<P>(
        exec, Decay{}, {.points = points, .chunk = chunk, .weights = true, .covariances = true},
        source, sink);
    CHECK(count == static_cast<std::int64_t>(total));
    CHECK(next == total);
    CHECK(source.calls == (static_cast<int>(total) + chunk - 1) / chunk + 1);
  }
}

TEST_CASE("streams: an empty source, one that fails and one that gives too much") {
  const Exec exec;
  int delivered = 0;
  const auto sink = [&](const StreamResults<P>&) { ++delivered; };
  const auto stream = [&](const auto& source) {
    return rvfit::fit_stream<P>(exec, Decay{}, {.points = points, .chunk = 8}, source, sink);
  };
  CHECK(stream([](const StreamChunk<P>& chunk) {
          CHECK(chunk.weight.extent(0) == 0);
          return 0;
        }) == 0);
  CHECK(delivered == 0);
  CHECK_THROWS_AS(stream([](const StreamChunk<P>&) { return 9; }), InvalidArgument);
  CHECK_THROWS_AS(stream([](const StreamChunk<P>&) -> int { throw std::runtime_error("disk"); }),
                  std::runtime_error);
  CHECK_THROWS_AS((void)rvfit::fit_stream<P>(
                      exec, Decay{}, {.points = 0}, [](const StreamChunk<P>&) { return 0; }, sink),
                  InvalidArgument);
}

}  // namespace rvfit::test::fit_stream

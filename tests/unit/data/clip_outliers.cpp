// SPDX-License-Identifier: MIT

#include "support/policies.hpp"
#include "support/synthetic.hpp"
#include <rvfit/data/clip_outliers.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace rvfit::test::clip_outliers {
namespace {

constexpr std::size_t pixels = 400;

/// A spectrum with absorption lines and noise of one error, and what it was made from.
struct Star {
  std::vector<float> flux, ivar, model;
  std::vector<std::int32_t> mask;
  std::vector<char> rejected;

  Star() : ivar(pixels, 4.0F), mask(pixels, 0), rejected(pixels, 0) {
    Random random(7);
    for (std::size_t i = 0; i < pixels; ++i) {
      const double x = static_cast<double>(i);
      const double line = 30.0 * std::exp(-0.5 * std::pow(std::fmod(x, 40.0) / 2.0 - 10.0, 2.0));
      model.push_back(static_cast<float>(100.0 + 0.02 * x - line));
      flux.push_back(model.back() + static_cast<float>(0.8 * random.uniform(-1.0, 1.0)));
    }
  }
  [[nodiscard]] ClipInput input() const { return {flux, ivar, mask}; }
  [[nodiscard]] std::vector<std::size_t> places() const {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < pixels; ++i) {
      if (rejected[i] != 0) {
        found.push_back(i);
      }
    }
    return found;
  }
};

using Places = std::vector<std::size_t>;
constexpr ClipOptions five{.sigma = 5.0};

TEST_CASE("clip_outliers: a pixel without a model goes, and leaves the others as they were") {
  Star star;
  star.flux[100] += 300;
  CHECK(rvfit::clip_outliers(star.input(), star.model, five, star.rejected) == 1);
  for (std::size_t i = 0; i < 60; ++i) {
    star.model[i] = std::numeric_limits<float>::quiet_NaN();
  }
  star.mask[10] = 1;
  CHECK(rvfit::clip_outliers(star.input(), star.model, five, star.rejected) == 60);
  CHECK(star.rejected[10] == 0);
  CHECK(star.rejected[59] == 1);
  CHECK(star.rejected[60] == 0);
  CHECK(star.rejected[100] == 1);
  std::fill(star.model.begin(), star.model.end(), std::numeric_limits<float>::quiet_NaN());
  CHECK(rvfit::clip_outliers(star.input(), star.model, five, star.rejected) == pixels - 1);
}

TEST_CASE("clip_outliers: what lies five errors off goes, and the feet of a spike") {
  Star star;
  CHECK(rvfit::clip_outliers(star.input(), star.model, five, star.rejected) == 0);
  star.flux[100] += 300;
  star.flux[101] = star.model[101] + 1.6F;  // 3.2 errors: above half of the limit
  star.flux[99] = star.model[99] + 1.6F;
  star.flux[98] = star.model[98] + 1.0F;  // 2 errors
  star.flux[97] = star.model[97] + 1.6F;  // no neighbour of one that is rejected
  star.flux[250] -= 40;
  star.flux[300] = std::numeric_limits<float>::quiet_NaN();
  star.flux[310] = 1e9F;
  star.mask[310] = 1;
  CHECK(rvfit::clip_outliers(star.input(), star.model, five, star.rejected) == 4);
  CHECK(star.places() == Places{99, 100, 101, 250});
}

TEST_CASE("clip_outliers: errors that are ten times too small do not cost good pixels") {
  Star star;
  star.ivar.assign(pixels, 400.0F);
  star.flux[100] += 30;
  CHECK(rvfit::clip_outliers(star.input(), star.model, five, star.rejected) == 1);
  CHECK(star.places() == Places{100});
}

TEST_CASE("clip_outliers: pixels are judged anew each time") {
  Star star;
  std::fill(star.rejected.begin(), star.rejected.end(), 1);
  CHECK(rvfit::clip_outliers(star.input(), star.model, five, star.rejected) == 0);
  CHECK(star.places().empty());
}

TEST_CASE("clip_spikes: spikes go, lines and what points down stay") {
  Star star;
  star.flux[7] += 1e5F;
  star.flux[200] += 400;
  star.flux[201] += 300;
  star.flux[300] -= 90;
  CHECK(rvfit::clip_spikes(star.input(), five, star.rejected) == 3);
  CHECK(star.places() == Places{7, 200, 201});
}

TEST_CASE("clip_spikes: nothing to tell is nothing rejected") {
  Star star;
  star.mask.assign(pixels, 1);
  CHECK(rvfit::clip_spikes(star.input(), five, star.rejected) == 0);
  CHECK(rvfit::clip_outliers(star.input(), star.model, five, star.rejected) == 0);
  CHECK_THROWS_WITH_AS(
      (void)rvfit::clip_outliers(star.input(), std::vector<float>(3), five, star.rejected),
      "clip_outliers: flux has 400 pixels, ivar 400, the model 3, rejected 400", InvalidArgument);
}

}  // namespace
}  // namespace rvfit::test::clip_outliers

// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Made-up inputs, the same on every machine: random numbers, spectra with lines, small networks,
/// tiles, and device arrays from host ones.

#include <rvfit/core/tile.hpp>
#include <rvfit/emulator/emulator_data.hpp>
#include <rvfit/linalg/gemm.hpp>
#include <rvfit/stages/spline.hpp>
#include <rvfit/stages/symmetric_filter.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

namespace rvfit::test {

/// Uniform numbers by splitmix64. All are floats, so that float and double arrays hold the same.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  [[nodiscard]] double uniform(double lower, double upper) {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    z ^= z >> 31U;
    const double unit = static_cast<double>(z >> 11U) * 0x1p-53;
    return static_cast<double>(static_cast<float>(lower + (upper - lower) * unit));
  }
  [[nodiscard]] std::vector<double> uniform(std::size_t n, double lower, double upper) {
    std::vector<double> numbers(n);
    for (double& x : numbers) {
      x = uniform(lower, upper);
    }
    return numbers;
  }

 private:
  std::uint64_t state_;
};

/// Numbers rounded to float, as the other inputs are.
[[nodiscard]] inline std::vector<double> as_float(std::vector<double> numbers) {
  for (double& x : numbers) {
    x = static_cast<double>(static_cast<float>(x));
  }
  return numbers;
}

/// A sloped continuum with absorption lines of width 2 to 5 pixels, some at the ends.
[[nodiscard]] inline std::vector<double> line_spectrum(int size, std::uint64_t seed) {
  Random random(seed);
  std::vector<double> flux(static_cast<std::size_t>(size));
  const double slope = random.uniform(-0.5, 0.5);
  for (int i = 0; i < size; ++i) {
    flux[static_cast<std::size_t>(i)] = 2.0 + slope * i / size;
  }
  for (int line = 0; line < size / 12 + 1; ++line) {
    const double centre = random.uniform(0.0, size), width = random.uniform(2.0, 5.0),
                 depth = random.uniform(0.1, 0.9);
    for (int i = 0; i < size; ++i) {
      const double u = (i - centre) / width;
      flux[static_cast<std::size_t>(i)] *= 1.0 - depth * std::exp(-0.5 * u * u);
    }
  }
  return as_float(std::move(flux));
}

/// A network of one arm: labels teff (log10), logg, feh, alpha, then layers of the given widths, the
/// last of which is the number of pixels, and an exponential output.
[[nodiscard]] inline ArmData random_arm(const std::vector<int>& widths, Activation activation,
                                        std::uint64_t seed) {
  Random random(seed);
  ArmData arm;
  arm.name = "desi_b";
  arm.grid = {.origin = std::log(3600.0), .step = 8.5e-5, .size = widths.back()};
  arm.inputs = {{"teff", true, 3.75, 0.125},
                {"logg", false, 2.5, 1.5},
                {"feh", false, -1.0, 0.75},
                {"alpha", false, 0.25, 0.25}};
  int inputs = 4;
  for (std::size_t n = 0; n < widths.size(); ++n) {
    LayerData layer;
    layer.inputs = inputs;
    layer.outputs = widths[n];
    const bool last = n + 1 == widths.size();
    layer.activation = last ? Activation::identity : activation;
    // Sums of `inputs` products stay of order one; the last layer gives ln(flux) within about +-0.3.
    const double bound = (last ? 0.5 : 1.7) / std::sqrt(static_cast<double>(inputs));
    for (int k = 0; k < layer.inputs * layer.outputs; ++k) {
      layer.weight.push_back(static_cast<float>(random.uniform(-bound, bound)));
    }
    for (int k = 0; k < layer.outputs; ++k) {
      layer.bias.push_back(static_cast<float>(random.uniform(-0.3, 0.3)));
    }
    inputs = layer.outputs;
    arm.layers.push_back(std::move(layer));
  }
  return arm;
}

/// Labels within the range that `random_arm` scales to about +-1.
[[nodiscard]] inline std::vector<double> random_labels(Random& random) {
  return {random.uniform(4300.0, 7300.0), random.uniform(1.0, 4.5), random.uniform(-2.0, 0.0),
          random.uniform(0.0, 0.5)};
}

/// A tile of the first entries of a list; what is stored past the list's end is spectrum 0.
template <ExecutionPolicy P>
[[nodiscard]] Tile<P> tile_of(const typename P::execution_space& exec, const std::vector<int>& list,
                              int size) {
  std::vector<int> padded = list;
  padded.resize(static_cast<std::size_t>(std::max(size, static_cast<int>(list.size()))), 0);
  const Scalar<int, P> count = allocate<Scalar<int, P>>(exec, "test count");
  Kokkos::deep_copy(exec, count, static_cast<int>(list.size()));
  return {upload<Vector<const int, P>>(exec, "test list", padded), count, 0, size};
}

/// The list 0 .. count.
[[nodiscard]] inline std::vector<int> first(int count) {
  std::vector<int> list(static_cast<std::size_t>(count));
  std::iota(list.begin(), list.end(), 0);
  return list;
}

/// A matrix view as the products take it.
template <class View>
[[nodiscard]] auto ref(const View& view) {
  return MatrixRef<typename View::value_type>{view.data(), static_cast<int>(view.extent(0)),
                                              static_cast<int>(view.extent(1)),
                                              static_cast<std::ptrdiff_t>(view.extent(1))};
}
template <class View>
[[nodiscard]] auto const_ref(const View& view) {
  return MatrixRef<const typename View::non_const_value_type>{
      view.data(), static_cast<int>(view.extent(0)), static_cast<int>(view.extent(1)),
      static_cast<std::ptrdiff_t>(view.extent(1))};
}

/// One team makes the spline coefficients of one row, without rotation.
template <ExecutionPolicy P>
struct SplineFilter {
  using Real = typename P::real_type;
  Vector<const Real, P> taps;
  Matrix<const Real, P> in;
  Matrix<Real, P> out;

  KOKKOS_FUNCTION void operator()(const typename P::member_type& member) const {
    const int row = member.league_rank();
    const auto size = static_cast<int>(in.extent(1));
    symmetric_filter<P>(member, taps.data(), spline_reach<Real>, &in(row, 0), size,
                        &out(row, spline_padding));
    member.team_barrier();
    Kokkos::single(Kokkos::PerTeam(member), [&] { spline_ends(&out(row, 0), size); });
  }
};

/// Spline coefficients (rows, size + 2) of spectra (rows, size).
template <ExecutionPolicy P>
[[nodiscard]] Matrix<const typename P::real_type, P> spline_coefficients(
    const typename P::execution_space& exec, const std::vector<double>& spectra, int rows) {
  using Real = typename P::real_type;
  const std::size_t size = spectra.size() / static_cast<std::size_t>(rows);
  std::vector<double> taps;
  for (int k = 0; k <= spline_reach<Real>; ++k) {
    taps.push_back(spline_tap(k));
  }
  const auto in = upload_matrix<Matrix<const Real, P>>(exec, "test spectra", spectra,
                                                       static_cast<std::size_t>(rows), size);
  const auto out = allocate<Matrix<Real, P>>(exec, "test coefficients", rows, size + 2);
  Kokkos::parallel_for(
      "test spline", teams<P>(exec, rows),
      SplineFilter<P>{upload<Vector<const Real, P>>(exec, "test taps", taps), in, out});
  return out;
}

}  // namespace rvfit::test

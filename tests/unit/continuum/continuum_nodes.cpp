// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/policies.hpp"
#include "support/synthetic.hpp"
#include <rvfit/continuum/projection.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace rvfit::test::nodes {

/// A spectrum with a smooth continuum and lines, its weights, and a template with smooth and narrow tangents.
struct Star {
  int pixels, tangents;
  std::vector<double> flux, weight, jets;
};

constexpr double signal_to_noise = 30.0;

Star star(int pixels, int tangents, std::uint64_t seed) {
  Random random(seed);
  Star s{pixels, tangents, {}, {}, line_spectrum(pixels, seed)};
  for (int i = 0; i < pixels; ++i) {
    const double x = 2.0 * i / (pixels - 1) - 1.0;
    const double continuum = 3.0 + std::sin(2.0 * x) + x * x;
    const double sigma = continuum / signal_to_noise;
    const double value = s.jets[static_cast<std::size_t>(i)];
    s.flux.push_back(value * continuum + sigma * random.uniform(-1.7, 1.7));
    s.weight.push_back(random.uniform(0, 1) < 0.05 ? 0.0 : 1.0 / sigma);
  }
  for (int p = 0; p < tangents; ++p) {
    for (int i = 0; i < pixels; ++i) {
      s.jets.push_back(s.jets[static_cast<std::size_t>(i)] *
                       (0.1 * std::sin(0.002 * (p + 1) * i) + random.uniform(-0.05, 0.05)));
    }
  }
  return s;
}

template <class P>
Cube<const typename P::real_type, P> basis_of(int pixels, const ContinuumOptions& options) {
  std::vector<double> wave;
  wave.reserve(static_cast<std::size_t>(pixels));
  for (int i = 0; i < pixels; ++i) {
    wave.push_back(3600.0 + 0.8 * i + 1e-5 * i * i);
  }
  return continuum_basis<P>(Exec{},
                            upload_matrix<Matrix<const double, P>>(
                                Exec{}, "wave", wave, 1, static_cast<std::size_t>(pixels)),
                            options);
}

struct Result {
  std::vector<double> value, gradient, hessian, chi2, model;
};

/// Project copies of a star, one for each row of the basis, on nodes or not.
template <class P>
Result project_star(const Star& s, const Cube<const typename P::real_type, P>& basis,
                    const ContinuumNodes<P>& nodes, int tangents) {
  using Real = typename P::real_type;
  const Exec exec{};
  const std::size_t rows = basis.extent(0);
  const auto pixels = static_cast<std::size_t>(s.pixels);
  std::vector<double> flux, weight, jets;
  for (std::size_t b = 0; b < rows; ++b) {
    flux.insert(flux.end(), s.flux.begin(), s.flux.end());
    weight.insert(weight.end(), s.weight.begin(), s.weight.end());
    jets.insert(jets.end(), s.jets.begin(), s.jets.end());
  }
  SpectrumView<P> data;
  data.flux = upload_matrix<Matrix<const Real, P>>(exec, "flux", flux, rows, pixels);
  data.weight = upload_matrix<Matrix<const Real, P>>(exec, "weight", weight, rows, pixels);
  data.log_norm = upload<Vector<const double, P>>(exec, "log_norm", std::vector<double>(rows));
  data.good = upload<Vector<const int, P>>(exec, "good", std::vector<int>(rows, s.pixels));
  const int all = static_cast<int>(rows);
  const Linearization<P> out(exec, all, std::max(s.tangents, 1));
  ProjectionOutputs<P> extra;
  extra.chi2 = allocate<Vector<double, P>>(exec, "chi2", rows);
  extra.model = allocate<Matrix<Real, P>>(exec, "model", rows, pixels);
  project<P>(exec, tile_of<P>(exec, first(all), all), data, basis,
             upload_cube<Jets<P>>(exec, "jets", jets, rows,
                                  1 + static_cast<std::size_t>(s.tangents), pixels),
             tangents, out, extra, nodes);
  const auto as_double = [](const auto& x) { return std::vector<double>(x.begin(), x.end()); };
  return {values(exec, out.value), values(exec, out.gradient), values(exec, out.hessian),
          values(exec, extra.chi2), as_double(values(exec, extra.model))};
}

void check_same(const Result& got, const Result& want) {
  check_same_bits("value", got.value, want.value);
  check_same_bits("gradient", got.gradient, want.gradient);
  check_same_bits("hessian", got.hessian, want.hessian);
  check_same_bits("model", got.model, want.model);
}

struct Case {
  int pixels, tangents;
  ContinuumOptions options;
};

// One group of pixels, a few more, and arms of a survey; few and many columns and tangents.
const std::vector<Case> cases{
    {256, 1, {ContinuumKind::chebyshev, 3}},   {257, 6, {ContinuumKind::radial, 4}},
    {1025, 2, {ContinuumKind::radial, 6}},     {2751, 6, {ContinuumKind::radial, 10}},
    {2751, 5, {ContinuumKind::chebyshev, 10}}, {4000, 12, {ContinuumKind::radial, 24}}};

template <class P>
void sums_are_those_over_pixels() {
  using Real = typename P::real_type;
  for (const Case& c : cases) {
    CAPTURE(c.pixels);
    CAPTURE(c.options.columns);
    const Star s = star(c.pixels, c.tangents, 7);
    const auto basis = basis_of<P>(c.pixels, c.options);
    const auto nodes = continuum_nodes<P>(Exec{}, basis);
    if (P::on_host && sizeof(Real) == 4) {  // double wants smoother columns than some of these
      CHECK(values(Exec{}, nodes.length).front() > 0);
    }
    const Result got = project_star<P>(s, basis, nodes, c.tangents);
    const Result want = project_star<P>(s, basis, {}, c.tangents);
    // The continuum is off by a tolerance; a pixel's residual by that times S/N, and |r| is 1.
    const double off = 2.0 * detail::node_tolerance<Real> * signal_to_noise;
    check_close("value", got.value, want.value, {off * c.pixels});
    check_close("chi2", got.chi2, want.chi2, {off * c.pixels});
    check_close("model", got.model, want.model, {10.0 * detail::node_tolerance<Real>});
    // In units of the errors: by that for each of the pixels in the mean.
    const double walk = off * std::sqrt(c.pixels);
    const auto n = static_cast<std::size_t>(c.tangents);
    for (std::size_t p = 0; p < n; ++p) {
      const double unit = std::sqrt(want.hessian[p * n + p]);
      CHECK(std::abs(got.gradient[p] - want.gradient[p]) <= walk * unit);
      for (std::size_t q = 0; q < n; ++q) {
        const double other = std::sqrt(want.hessian[q * n + q]);
        CHECK(std::abs(got.hessian[p * n + q] - want.hessian[p * n + q]) <= walk * unit * other);
      }
    }
    // Values alone have the same bits.
    check_same_bits("value alone", project_star<P>(s, basis, nodes, 0).value, got.value);
  }
}

template <class P>
void columns_that_are_not_smooth_are_left_to_pixels() {
  using Real = typename P::real_type;
  const Exec exec{};
  const Star s = star(1025, 2, 8);
  const auto smooth = basis_of<P>(1025, {.columns = 6});
  // The smooth columns and some with a step in one of them.
  std::vector<double> both;
  for (const bool step : {false, true}) {
    const auto columns = values(exec, smooth);
    for (std::size_t n = 0; n < columns.size(); ++n) {
      both.push_back(columns[n] + (step && n / 1025 == 1 && n % 1025 > 500 ? 0.01 : 0.0));
    }
  }
  const auto basis = upload_cube<Cube<const Real, P>>(exec, "basis", both, 2, 6, 1025);
  const auto nodes = continuum_nodes<P>(exec, basis);
  const Result got = project_star<P>(s, basis, nodes, 2);
  const Result pixels = project_star<P>(s, basis, {}, 2);
  const Result alone = project_star<P>(s, smooth, continuum_nodes<P>(exec, smooth), 2);
  if (P::on_host) {
    CHECK(values(exec, nodes.length)[0] > 0);
    CHECK(values(exec, nodes.length)[1] == 0);
    if (sizeof(Real) == 4) {  // in double the two may agree to the bit
      CHECK(got.value[0] != pixels.value[0]);
    }
  }
  CHECK(got.value[0] == alone.value[0]);  // whatever the other row is
  CHECK(got.value[1] == pixels.value[1]);
  CHECK(got.gradient[3] == pixels.gradient[3]);
}

template <class P>
void wide_gaps_are_left_to_pixels() {
  for (const int gap : {200, 700}) {
    CAPTURE(gap);
    Star s = star(2751, 2, 9);
    std::fill_n(s.weight.begin() + 900, gap, 0.0);
    const auto basis = basis_of<P>(2751, {.columns = 10});
    const Result got = project_star<P>(s, basis, continuum_nodes<P>(Exec{}, basis), 2);
    const Result want = project_star<P>(s, basis, {}, 2);
    if (gap == 700) {
      check_same(got, want);
    } else {
      // As above: the likelihood's ln det is as good beside a gap.
      using Real = typename P::real_type;
      const double off = 2.0 * detail::node_tolerance<Real> * signal_to_noise;
      check_close("value", got.value, want.value, {off * s.pixels});
    }
  }
}

template <class P>
void short_spectra_have_no_nodes() {
  const auto basis = basis_of<P>(255, {.columns = 3});
  CHECK(continuum_nodes<P>(Exec{}, basis).length.extent(0) == 0);
  const Star s = star(255, 1, 10);
  check_same(project_star<P>(s, basis, continuum_nodes<P>(Exec{}, basis), 1),
             project_star<P>(s, basis, {}, 1));
}

RVFIT_TEST("continuum_nodes: sums over nodes are those over pixels", sums_are_those_over_pixels);
RVFIT_TEST("continuum_nodes: columns that are not smooth are left to sums over pixels",
           columns_that_are_not_smooth_are_left_to_pixels);
RVFIT_TEST("continuum_nodes: data with a wide gap are left to sums over pixels",
           wide_gaps_are_left_to_pixels);
RVFIT_TEST("continuum_nodes: spectra shorter than a group of pixels have none",
           short_spectra_have_no_nodes);

}  // namespace rvfit::test::nodes

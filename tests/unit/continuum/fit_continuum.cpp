// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/eigen_oracle.hpp"
#include "support/policies.hpp"
#include "support/synthetic.hpp"
#include "support/tolerance.hpp"
#include <rvfit/continuum/fit_continuum.hpp>
#include <rvfit/continuum/projection.hpp>

#include <cmath>
#include <limits>
#include <vector>

namespace rvfit::test::fit_continuum {

/// Spectra of an arm; their numbers are floats.
struct Spectra {
  std::size_t rows, pixels;
  std::vector<double> wave, flux, weight;  ///< (N), (B, N), (B, N)
};

Spectra random_spectra(std::size_t rows, std::size_t pixels, double masked) {
  Random random(rows + pixels);
  Spectra out{
      rows, pixels, {}, random.uniform(rows * pixels, 1, 4), random.uniform(rows * pixels, 0.5, 5)};
  for (std::size_t i = 0; i < pixels; ++i) {
    out.wave.push_back(4000.0 + static_cast<double>(i));
  }
  for (double& w : out.weight) {
    w = random.uniform(0, 1) < masked ? 0.0 : w;
  }
  return out;
}

template <class P>
SpectrumBatch<P> batch_of(const Spectra& s) {
  using Real = typename P::real_type;
  const Exec exec{};
  return make_spectrum_batch<P>(
      exec, "arm", upload_matrix<Matrix<const double, P>>(exec, "wave", s.wave, 1, s.pixels),
      upload_matrix<Matrix<const Real, P>>(exec, "flux", s.flux, s.rows, s.pixels),
      upload_matrix<Matrix<const Real, P>>(exec, "weight", s.weight, s.rows, s.pixels));
}

template <class P>
ProjectionOutputs<P> outputs(const Spectra& s) {
  return {allocate<Vector<double, P>>(Exec{}, "chi2", s.rows),
          allocate<Matrix<typename P::real_type, P>>(Exec{}, "model", s.rows, s.pixels)};
}

// Pixels around the block of 128.
template <class P>
void agrees_with_qr() {
  using Real = typename P::real_type;
  const Exec exec{};
  for (const std::size_t pixels : {12U, 128U, 129U, 700U}) {
    CAPTURE(pixels);
    const Spectra s = random_spectra(3, pixels, 0.1);
    const ContinuumOptions options{ContinuumKind::radial, 7};
    const auto basis = continuum_basis<P>(exec, batch_of<P>(s).wave, options);
    const ProjectionOutputs<P> out = outputs<P>(s);
    rvfit::fit_continuum<P>(exec, tile_of<P>(exec, {2, 0, 1}, 3), batch_of<P>(s), basis, out);
    const auto chi2 = values(exec, out.chi2);
    const auto model = values(exec, out.model);
    const auto columns = values(exec, basis);
    for (std::size_t b = 0; b < s.rows; ++b) {
      CAPTURE(b);
      const auto n = static_cast<Eigen::Index>(pixels);
      oracle::ProjectionProblem p{Eigen::VectorXd(n), Eigen::VectorXd(n), Eigen::MatrixXd(n, 7),
                                  Eigen::VectorXd::Ones(n), Eigen::MatrixXd(n, 0)};
      for (Eigen::Index i = 0; i < n; ++i) {
        const auto pixel = static_cast<std::size_t>(i);
        p.flux(i) = s.flux[b * pixels + pixel];
        p.weight(i) = s.weight[b * pixels + pixel];
        for (Eigen::Index k = 0; k < 7; ++k) {
          p.basis(i, k) =
              static_cast<double>(columns[static_cast<std::size_t>(k) * pixels + pixel]);
        }
      }
      const auto want = oracle::project(p, 4096 * std::numeric_limits<double>::epsilon());
      // Normal equations lose the condition of S S^T, sums of squares a random walk of rounding.
      const double lost = rounding<double>(4.0 * 7.0 * want.condition);
      const double power = p.weight.cwiseProduct(p.flux).squaredNorm();
      const double walk = rounding<double>(4.0 * std::sqrt(static_cast<double>(pixels)) + 16.0);
      check_close("chi2", chi2[b], want.chi2, {lost * lost * power + walk * power});
      const auto begin = model.begin() + static_cast<std::ptrdiff_t>(b * pixels);
      check_close("model", std::vector<Real>(begin, begin + n), want.model,
                  {(lost + rounding<Real>(1)) * (10.0 + want.model.cwiseAbs().maxCoeff())});
    }
  }
}

template <class P>
void is_a_projection_with_a_flat_template() {
  const Exec exec{};
  constexpr std::size_t pixels = 1200;
  Spectra s = random_spectra(4, pixels, 0.2);
  // A gap of half a spectrum, over which columns are not taken from nodes, and a spectrum of nothing.
  std::fill_n(s.weight.begin() + 2 * pixels + 300, pixels / 2, 0.0);
  std::fill_n(s.weight.begin() + 3 * pixels, pixels, 0.0);
  const auto batch = batch_of<P>(s);
  const auto basis = continuum_basis<P>(exec, batch.wave, {ContinuumKind::chebyshev, 5});
  const Tile<P> tile = tile_of<P>(exec, first(4), 4);
  const auto ones = allocate<Jets<P>>(exec, "ones", s.rows, 1, s.pixels);
  Kokkos::deep_copy(exec, ones, typename P::real_type(1));
  // By sums over pixels, and on nodes, which hosts have.
  std::vector<std::vector<double>> chi2;
  for (const ContinuumNodes<P>& nodes : {ContinuumNodes<P>{}, continuum_nodes<P>(exec, basis)}) {
    const ProjectionOutputs<P> got = outputs<P>(s), want = outputs<P>(s);
    rvfit::fit_continuum<P>(exec, tile, batch, basis, got, nodes);
    project<P>(exec, tile, batch, basis, ones, 0, Linearization<P>(exec, 4, 0), want, nodes);
    check_same_bits("chi2", values(exec, got.chi2), values(exec, want.chi2));
    check_same_bits("model", values(exec, got.model), values(exec, want.model));
    chi2.push_back(values(exec, got.chi2));
  }
  // Both are of the same continuum: polynomials on nodes meet the columns to the rounding of Real.
  CHECK((continuum_nodes<P>(exec, basis).length.extent(0) > 0) == P::on_host);
  check_close("chi2", chi2[1], chi2[0], {0.0, rounding<typename P::real_type>(16)});
}

template <class P>
void leaves_masked_spectra_alone() {
  const Exec exec{};
  Spectra s = random_spectra(3, 50, 0.0);
  // There are 5 columns: as many good pixels in one spectrum, one more in another.
  std::fill(s.weight.begin() + 5, s.weight.begin() + 50, 0.0);
  std::fill(s.weight.begin() + 56, s.weight.begin() + 100, 0.0);
  const auto basis = continuum_basis<P>(exec, batch_of<P>(s).wave, {ContinuumKind::chebyshev, 5});
  const ProjectionOutputs<P> out = outputs<P>(s);
  rvfit::fit_continuum<P>(exec, tile_of<P>(exec, first(3), 4), batch_of<P>(s), basis, out);
  const auto chi2 = values(exec, out.chi2);
  const auto model = values(exec, out.model);
  CHECK(chi2[0] == 0.0);
  CHECK(largest(std::vector<double>(model.begin(), model.begin() + 50)) == 0.0);
  CHECK(chi2[1] > 0.0);
  CHECK(model[99] != 0.0);  // masked pixels have a continuum, too
}

template <class P>
void skips_outputs_not_asked_for() {
  const Exec exec{};
  const Spectra s = random_spectra(2, 40, 0.0);
  const auto basis = continuum_basis<P>(exec, batch_of<P>(s).wave, {ContinuumKind::chebyshev, 3});
  ProjectionOutputs<P> all = outputs<P>(s), chi2 = outputs<P>(s), model = outputs<P>(s);
  chi2.model = {};
  model.chi2 = {};
  for (const auto& out : {all, chi2, model}) {
    rvfit::fit_continuum<P>(exec, tile_of<P>(exec, first(2), 4), batch_of<P>(s), basis, out);
  }
  check_same_bits("chi2", values(exec, chi2.chi2), values(exec, all.chi2));
  check_same_bits("model", values(exec, model.model), values(exec, all.model));
}

template <class P>
void refuses_other_pixels() {
  const Exec exec{};
  const Spectra s = random_spectra(1, 40, 0.0), t = random_spectra(1, 41, 0.0);
  const auto basis = continuum_basis<P>(exec, batch_of<P>(s).wave, {ContinuumKind::chebyshev, 3});
  const auto call = [&] {
    rvfit::fit_continuum<P>(exec, tile_of<P>(exec, {0}, 4), batch_of<P>(t), basis, outputs<P>(t));
  };
  CHECK(message_of<InvalidArgument>(call) == "fit_continuum: data has 41 pixels, basis has 40");
}

RVFIT_TEST("fit_continuum: chi-square and continuum agree with QR", agrees_with_qr);
RVFIT_TEST("fit_continuum: a projection with a flat template, bit for bit",
           is_a_projection_with_a_flat_template);
RVFIT_TEST("fit_continuum: spectra with too few good pixels are left alone",
           leaves_masked_spectra_alone);
RVFIT_TEST("fit_continuum: outputs that are not allocated are skipped",
           skips_outputs_not_asked_for);
RVFIT_TEST_DOUBLE("fit_continuum: another number of pixels is refused", refuses_other_pixels);

}  // namespace rvfit::test::fit_continuum

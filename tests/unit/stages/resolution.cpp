// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/policies.hpp"
#include "support/synthetic.hpp"
#include "support/tolerance.hpp"
#include <rvfit/stages/gaussian_resolution.hpp>
#include <rvfit/stages/resolution.hpp>
#include <rvfit/stages/resolution_matrix.hpp>

#include <Eigen/Core>
#include <Eigen/LU>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace rvfit::test::resolution {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// A spectrum's matrix (D, N) in DESI's convention as a dense one.
Eigen::MatrixXd dense(const double* band, int diagonals, int size) {
  Eigen::MatrixXd matrix = Eigen::MatrixXd::Zero(size, size);
  for (int k = 0; k < diagonals; ++k) {
    for (int j = 0; j < size; ++j) {
      const int row = j + k - diagonals / 2;
      if (row >= 0 && row < size) {
        matrix(row, j) = band[k * size + j];
      }
    }
  }
  return matrix;
}

/// The band of a dense matrix in DESI's convention; `outside` is where it sticks out of the spectrum.
std::vector<double> band_of(const Eigen::MatrixXd& matrix, int diagonals, double outside) {
  const auto size = static_cast<int>(matrix.rows());
  std::vector<double> band;
  for (int k = 0; k < diagonals; ++k) {
    for (int j = 0; j < size; ++j) {
      const int row = j + k - diagonals / 2;
      band.push_back(row >= 0 && row < size ? matrix(row, j) : outside);
    }
  }
  return band;
}

/// Elements up to 1 within the band, 0 elsewhere.
Eigen::MatrixXd random_matrix(Random& random, int diagonals, int size) {
  Eigen::MatrixXd matrix = Eigen::MatrixXd::Zero(size, size);
  for (int i = 0; i < size; ++i) {
    for (int j = 0; j < size; ++j) {
      matrix(i, j) = std::abs(i - j) <= diagonals / 2 ? random.uniform(-1.0, 1.0) : 0.0;
    }
  }
  return matrix;
}

/// Samples of a Gaussian of unit sum on the integers.
double gaussian(double x, double sigma) {
  double sum = 0.0;
  for (int n = -100; n <= 100; ++n) {
    sum += std::exp(-0.5 * n * n / (sigma * sigma));
  }
  return std::exp(-0.5 * x * x / (sigma * sigma)) / sum;
}

template <class P>
void agrees_with_dense_matrices() {
  using Real = typename P::real_type;
  const Exec exec{};
  // Spectra 3, 0 and 2 of four, and an entry past the end of the list.
  const std::vector<int> list{3, 0, 2};
  constexpr int spectra = 4, entries = 4;
  for (const int diagonals : {1, 3, 11, 35}) {
    for (const int size : {1, 2, 11, 31, 33, 96, 257}) {
      for (const int lanes : {1, 7}) {
        const bool shared = lanes == 1;
        CAPTURE(diagonals);
        CAPTURE(size);
        Random random(static_cast<std::uint64_t>(100 * diagonals + size));
        std::vector<double> bands;
        std::vector<Eigen::MatrixXd> matrices;
        for (int b = 0; b < (shared ? 1 : spectra); ++b) {
          matrices.push_back(random_matrix(random, diagonals, size));
          const auto band = band_of(matrices.back(), diagonals, nan);
          bands.insert(bands.end(), band.begin(), band.end());
        }
        const auto n = static_cast<std::size_t>(size);
        const auto in = random.uniform(static_cast<std::size_t>(entries * lanes) * n, -1.0, 1.0);
        const auto out = allocate<Jets<P>>(exec, "out", entries, lanes, size);
        apply_resolution<P>(
            exec, tile_of<P>(exec, list, entries),
            upload_cube<Cube<const Real, P>>(exec, "band", bands, shared ? 1 : spectra,
                                             static_cast<std::size_t>(diagonals), n),
            upload_cube<Jets<P>>(exec, "in", in, entries, static_cast<std::size_t>(lanes), n), out);
        std::vector<double> want;
        for (std::size_t t = 0; t < entries; ++t) {
          for (int l = 0; l < lanes; ++l) {
            if (t >= list.size()) {
              want.insert(want.end(), n, 0.0);  // untouched
              continue;
            }
            const Eigen::VectorXd row = Eigen::Map<const Eigen::VectorXd>(
                &in[(t * static_cast<std::size_t>(lanes) + static_cast<std::size_t>(l)) * n], size);
            const Eigen::VectorXd product =
                matrices[shared ? 0 : static_cast<std::size_t>(list[t])] * row;
            want.insert(want.end(), product.begin(), product.end());
          }
        }
        // Products of two numbers of rms 0.58; the norm of D of them is at most that of all ones.
        check_close("out", values(exec, out), want,
                    {dot_rounding<Real>(diagonals, std::sqrt(diagonals))});
      }
    }
  }
}

template <class P>
void refuses_extents_that_differ() {
  const Exec exec{};
  const auto error_of = [&](std::size_t diagonals, std::size_t pixels, std::size_t lanes_out,
                            std::size_t entries) {
    return message_of<InvalidArgument>([&] {
      apply_resolution<P>(exec, tile_of<P>(exec, {0, 1, 2}, 3),
                          allocate<Cube<double, P>>(exec, "band", 3, diagonals, pixels),
                          allocate<Jets<P>>(exec, "in", 3, 2, 8),
                          allocate<Jets<P>>(exec, "out", entries, lanes_out, 8));
    });
  };
  CHECK(error_of(11, 8, 2, 3) == "no error");
  CHECK(error_of(10, 8, 2, 3) ==
        "apply_resolution: resolution has 10 diagonals of 8 pixels, wanted an odd number of 8");
  CHECK(error_of(11, 9, 2, 3) ==
        "apply_resolution: resolution has 11 diagonals of 9 pixels, wanted an odd number of 8");
  CHECK(error_of(11, 8, 1, 3) == "apply_resolution: in has 2 lanes of 8 pixels, out 1 of 8");
  CHECK(error_of(11, 8, 2, 2) == "apply_resolution: 3 entries, in has 3, out 2");
  const auto jets = allocate<Jets<P>>(exec, "jets", 1, 1, 8);
  CHECK(message_of<InvalidArgument>([&] {
          apply_resolution<P>(exec, tile_of<P>(exec, {0}, 1),
                              allocate<Cube<double, P>>(exec, "band", 1, 3, 8), jets, jets);
        }) == "apply_resolution: out is in");
}

/// Matrices of two spectra without the templates' spread, on the host.
template <class P>
std::vector<double> prepared(const std::vector<double>& bands, int diagonals, int size,
                             double sigma) {
  const Exec exec{};
  const auto d = static_cast<std::size_t>(diagonals);
  const auto n = static_cast<std::size_t>(size);
  const auto out = remove_template_spread<P>(
      exec, upload_cube<Cube<const float, P>>(exec, "band", bands, bands.size() / (d * n), d, n),
      sigma);
  const auto host = values(exec, out);
  return {host.begin(), host.end()};
}

/// Rows x with x G = the given row within the band; those cut off at an end are scaled to a sum of 1.
Eigen::MatrixXd without_spread(const Eigen::MatrixXd& matrix, int diagonals, double sigma) {
  const auto size = static_cast<int>(matrix.rows());
  const int reach = diagonals / 2;
  Eigen::MatrixXd spread(diagonals, diagonals);
  for (int m = 0; m < diagonals; ++m) {
    for (int n = 0; n < diagonals; ++n) {
      spread(m, n) = sigma > 0.0 ? gaussian(m - n, sigma) : (m == n ? 1.0 : 0.0);
    }
  }
  const Eigen::PartialPivLU<Eigen::MatrixXd> lu(spread);
  Eigen::MatrixXd result = Eigen::MatrixXd::Zero(size, size);
  for (int i = 0; i < size; ++i) {
    const int left = std::max(0, i - reach), right = std::min(size - 1, i + reach);
    const int low = left - i + reach, count = right - left + 1;
    Eigen::VectorXd row = Eigen::VectorXd::Zero(diagonals);
    row.segment(low, count) = matrix.row(i).segment(left, count);
    if (!(row.sum() > 0.0)) {
      continue;
    }
    row = lu.solve(row);
    const double sum = row.segment(low, count).sum();
    if (count == diagonals) {
      result.row(i).segment(left, count) = row;
    } else if (sum > 0.0) {
      result.row(i).segment(left, count) = row.segment(low, count) / sum;
    }
  }
  return result;
}

template <class P>
void removes_the_templates_spread() {
  using Real = typename P::real_type;
  for (const double sigma : {0.0, 0.3, 0.835, 1.2}) {
    for (const int diagonals : {1, 5, 11}) {
      for (const int size : {11, 40, 131}) {
        CAPTURE(sigma);
        CAPTURE(diagonals);
        CAPTURE(size);
        Random random(static_cast<std::uint64_t>(size));
        std::vector<double> bands, want;
        for (int b = 0; b < 2; ++b) {
          Eigen::MatrixXd matrix = random_matrix(random, diagonals, size).cwiseAbs();
          const int middle = size / 2;
          matrix.row(middle - 1).setZero();  // dead
          matrix.row(middle) *= -1.0;        // negative
          matrix(middle + 1, middle + 1) = nan;
          const auto band = as_float(band_of(matrix, diagonals, nan));
          bands.insert(bands.end(), band.begin(), band.end());
          const auto result =
              band_of(without_spread(dense(band.data(), diagonals, size), diagonals, sigma),
                      diagonals, 0.0);
          want.insert(want.end(), result.begin(), result.end());
        }
        // Stored once; the systems are solved in double and their condition is at most 1e4.
        check_close("prepared", prepared<P>(bands, diagonals, size, sigma), want,
                    {rounding<double>(1e5, largest(want)), rounding<Real>(1)});
      }
    }
  }
}

template <class P>
void own_spread_leaves_the_identity() {
  using Real = typename P::real_type;
  constexpr int diagonals = 11, size = 70;
  constexpr double sigma = 0.835;
  Eigen::MatrixXd own(size, size);
  for (int i = 0; i < size; ++i) {
    for (int j = 0; j < size; ++j) {
      own(i, j) = gaussian(i - j, sigma);
    }
  }
  std::vector<double> want;
  for (int k = 0; k < diagonals; ++k) {
    want.insert(want.end(), size, k == diagonals / 2 ? 1.0 : 0.0);
  }
  auto got = prepared<P>(band_of(own, diagonals, nan), diagonals, size, sigma);
  // A row that is cut off is that of no Gaussian.
  for (int k = 0; k < diagonals; ++k) {
    for (int j = 0; j < size; ++j) {
      const int row = j + k - diagonals / 2;
      if (row < diagonals / 2 || row >= size - diagonals / 2) {
        got[static_cast<std::size_t>(k * size + j)] = k == diagonals / 2 ? 1.0 : 0.0;
      }
    }
  }
  // The file's elements are floats, up to 0.48; the inverse of the spread has a norm of 16.
  check_close("delta", got, want, {rounding<float>(16, 0.5), rounding<Real>(1)});
}

template <class P>
void refuses_a_spread_that_cannot_be_removed() {
  const std::vector<double> bands(11 * 20, 0.1);
  const auto error_of = [&](double sigma) {
    return message_of<InvalidArgument>([&] { (void)prepared<P>(bands, 11, 20, sigma); });
  };
  CHECK(error_of(2.0) == "no error");
  CHECK(error_of(3.0) ==
        "resolution: the templates' sigma of 3 pixels cannot be removed from 11 diagonals");
  CHECK(error_of(-1.0) == "resolution: the templates' sigma is -1 pixels");
  CHECK(error_of(nan) == "resolution: the templates' sigma is nan pixels");
  CHECK(message_of<InvalidArgument>([&] {
          (void)prepared<P>(std::vector<double>(10 * 20, 0.1), 10, 20, 0.8);
        }) == "remove_template_spread: 10 diagonals, an odd number is wanted");
}

constexpr double fwhm_over_sigma = 2.3548200450309493;

/// A line of depth 1 and Gaussian sigma [Angstrom] at `centre`.
std::vector<double> line(const std::vector<double>& wave, double centre, double sigma) {
  std::vector<double> flux;
  for (const double w : wave) {
    const double u = (w - centre) / sigma;
    flux.push_back(std::exp(-0.5 * u * u) / sigma);
  }
  return flux;
}

TEST_CASE("gaussian_resolution: a line of the templates' width becomes one of the data's") {
  constexpr int size = 200;
  constexpr double template_sigma = 0.668;  // 0.835 pixels, the narrowest of DESI's arms
  for (const bool logarithmic : {false, true}) {
    std::vector<double> wave;
    for (int i = 0; i < size; ++i) {
      wave.push_back(logarithmic ? 5000.0 * std::exp(1.6e-4 * i) : 5000.0 + 0.8 * i);
    }
    for (const double broader : {1.0, 1.02, 1.1, 1.3, 1.6, 2.5}) {
      for (const double phase : {0.0, 0.3, 0.5}) {
        CAPTURE(broader);
        const double centre = 5080.0 + 0.8 * phase;
        const double sigma = broader * template_sigma;
        const std::vector<double> power{centre / (sigma * fwhm_over_sigma)};
        const auto r = gaussian_resolution(wave, power, template_sigma);
        const auto in = line(wave, centre, template_sigma);
        const Eigen::VectorXd out = dense(r.values.data(), r.diagonals, r.pixels) *
                                    Eigen::Map<const Eigen::VectorXd>(in.data(), size);
        const auto want = line(wave, centre, sigma);
        double worst = 0.0;
        for (int i = 0; i < size; ++i) {
          worst = std::max(worst, std::abs(out(i) - want[static_cast<std::size_t>(i)]));
        }
        // Twice the power that samples of such a Gaussian have at Nyquist, 2 exp(-(pi 0.835)^2) = 2e-3,
        // and half as much for sigma = wave / R, which is not constant.
        CHECK(worst * sigma < 3e-3);
      }
    }
  }
}

TEST_CASE("gaussian_resolution: keeps constants, and is the identity where templates are wider") {
  constexpr int size = 120;
  std::vector<double> wave, power;
  for (int i = 0; i < size; ++i) {
    wave.push_back(6000.0 + 0.8 * i);
    // Wider than the templates in the first half, narrower in the second.
    power.push_back(wave.back() / ((i < size / 2 ? 0.95 : 0.6) * fwhm_over_sigma));
  }
  const auto r = gaussian_resolution(wave, power, 0.668);
  CHECK(r.diagonals == 2 * 6 + 1);  // 5 x 0.95 / 0.8 pixels
  const Eigen::MatrixXd matrix = dense(r.values.data(), r.diagonals, r.pixels);
  const Eigen::VectorXd ones = matrix * Eigen::VectorXd::Ones(size);
  // Rows of 13 elements are divided by their sums.
  CHECK((ones.array() - 1.0).abs().maxCoeff() < rounding<double>(32));
  const int half = size / 2;
  // Rows that are cut off at the end are those of no Gaussian.
  const Eigen::MatrixXd rest = matrix.middleRows(half, half - 6) -
                               Eigen::MatrixXd::Identity(size, size).middleRows(half, half - 6);
  CHECK(rest.cwiseAbs().maxCoeff() < rounding<double>(64));  // systems of 13 equations
  CHECK(matrix(10, 10) < 0.9);                               // no identity in the first half
}

TEST_CASE("gaussian_resolution: bad arguments are refused") {
  const std::vector<double> wave{5000.0, 5001.0, 5002.0, 5003.0};
  const auto error_of = [&](const std::vector<double>& power) {
    return message_of<InvalidArgument>([&] { (void)gaussian_resolution(wave, power, 0.5); });
  };
  CHECK(error_of({4000.0}) == "no error");
  CHECK(error_of({4000.0, 4000.0}) == "gaussian_resolution: 4 pixels, 2 resolving powers");
  CHECK(error_of({nan}) == "gaussian_resolution: pixel 0 has a resolving power of nan");
  CHECK(error_of({1.0}) == "gaussian_band: a sigma of 2124.58 pixels, there are 4");
}

RVFIT_TEST("resolution: agrees with dense matrices in every lane, up to both ends",
           agrees_with_dense_matrices);
RVFIT_TEST_DOUBLE("resolution: extents that differ are refused with both",
                  refuses_extents_that_differ);
RVFIT_TEST("resolution: rows without the templates' spread solve R G = M",
           removes_the_templates_spread);
RVFIT_TEST("resolution: the templates' own spread leaves the identity",
           own_spread_leaves_the_identity);
RVFIT_TEST_DOUBLE("resolution: a spread that cannot be removed is refused",
                  refuses_a_spread_that_cannot_be_removed);

}  // namespace rvfit::test::resolution

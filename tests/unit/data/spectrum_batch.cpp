// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/policies.hpp"
#include "support/synthetic.hpp"
#include "support/tolerance.hpp"
#include <rvfit/data/spectrum_batch.hpp>

#include <cmath>
#include <vector>

namespace rvfit::test::spectrum_batch {

template <class P>
void derives_its_constants() {
  using Real = typename P::real_type;
  const Exec exec{};
  for (const int n : {2, 31, 33, 1025}) {
    CAPTURE(n);
    constexpr int rows = 5;
    const auto size = static_cast<std::size_t>(n);
    Random random(static_cast<std::uint64_t>(n));
    const auto wave = random.uniform(size, 3600, 9800);
    const auto flux = random.uniform(rows * size, -1, 5);
    auto weight = random.uniform(rows * size, 1e-3, 30);
    std::vector<double> log_norm(rows, 0.0), signal(rows, 0.0);
    std::vector<int> good(rows, 0);
    double summed = 0.0;
    for (std::size_t i = 0; i < weight.size(); ++i) {
      const std::size_t b = i / size;
      if (b == 0 || random.uniform(0, 1) < 0.2) {  // spectrum 0 has no good pixel
        weight[i] = 0.0;
        continue;
      }
      log_norm[b] += 2.0 * std::log(1.0 / weight[i]);
      summed += 2.0 * std::abs(std::log(weight[i]));
      signal[b] += std::pow(weight[i] * flux[i], 2);
      ++good[b];
    }
    const auto batch = make_spectrum_batch<P>(
        exec, "desi_r", upload_matrix<Matrix<const double, P>>(exec, "wave", wave, 1, size),
        upload_matrix<Matrix<const Real, P>>(exec, "flux", flux, rows, size),
        upload_matrix<Matrix<const Real, P>>(exec, "weight", weight, rows, size));
    CHECK(batch.arm == "desi_r");
    CHECK(batch.size() == rows);
    CHECK(batch.pixels() == n);
    CHECK(values(exec, batch.good) == good);
    // Sums of up to n terms: partial sums walk at random for one, and add up for the other.
    check_close("log_norm", values(exec, batch.log_norm), log_norm,
                {rounding<double>(std::sqrt(n), summed)});
    check_close("signal", values(exec, batch.signal), signal, {0.0, rounding<double>(n)});
  }
}

template <class P>
void sums_logarithms_of_any_size() {
  const Exec exec{};
  const std::vector<double> powers{-300, 300, 150, 150, -308, 0, 99, 1, 2, -99, -1, -40, -40, -40};
  std::vector<double> wave, weight;
  double log_norm = 0.0, summed = 0.0;
  for (const double power : powers) {
    wave.push_back(3600.0 + static_cast<double>(wave.size()));
    weight.push_back(std::pow(10.0, power));
    log_norm -= 2.0 * std::log(weight.back());
    summed += 2.0 * std::abs(std::log(weight.back()));
  }
  const std::vector<double> flux(weight.size(), 0.0);
  const auto batch = make_spectrum_batch<P>(
      exec, "desi_r", upload_matrix<Matrix<const double, P>>(exec, "wave", wave, 1, wave.size()),
      upload_matrix<Matrix<const double, P>>(exec, "flux", flux, 1, wave.size()),
      upload_matrix<Matrix<const double, P>>(exec, "weight", weight, 1, wave.size()));
  check_close("log_norm", values(exec, batch.log_norm), std::vector<double>{log_norm},
              {rounding<double>(static_cast<double>(powers.size()), summed)});
}

template <class P>
std::string error_of(std::size_t wave_rows, std::size_t wave_size, std::size_t rows,
                     std::size_t size, std::size_t weight_size) {
  using Real = typename P::real_type;
  const Exec exec{};
  return message_of<InvalidArgument>([&] {
    (void)make_spectrum_batch<P>(exec, "desi_r",
                                 allocate<Matrix<double, P>>(exec, "wave", wave_rows, wave_size),
                                 allocate<Matrix<Real, P>>(exec, "flux", rows, size),
                                 allocate<Matrix<Real, P>>(exec, "weight", rows, weight_size));
  });
}

template <class P>
void refuses_extents_that_differ() {
  CHECK(error_of<P>(1, 6, 3, 6, 6) == "no error");
  CHECK(error_of<P>(3, 6, 3, 6, 6) == "no error");
  CHECK(error_of<P>(1, 6, 3, 6, 5) == "desi_r: flux is 3 x 6, weight is 3 x 5");
  CHECK(error_of<P>(1, 7, 3, 6, 6) == "desi_r: flux has 6 pixels, wave has 7");
  CHECK(error_of<P>(2, 6, 3, 6, 6) == "desi_r: flux has 3 rows, wave has 2 (1 or as many wanted)");
  CHECK(error_of<P>(1, 1, 3, 1, 1) == "desi_r: flux has 1 pixels, at least 2 wanted");
}

template <class P>
void keeps_a_resolution_matrix() {
  using Real = typename P::real_type;
  const Exec exec{};
  const auto batch_with = [&](std::size_t rows, std::size_t diagonals, std::size_t pixels) {
    return make_spectrum_batch<P>(
        exec, "desi_r", allocate<Matrix<double, P>>(exec, "wave", 1, 6),
        allocate<Matrix<Real, P>>(exec, "flux", 3, 6),
        allocate<Matrix<Real, P>>(exec, "weight", 3, 6),
        allocate<Cube<Real, P>>(exec, "resolution", rows, diagonals, pixels));
  };
  CHECK(batch_with(3, 5, 6).has_resolution());
  CHECK(batch_with(1, 11, 6).resolution.extent(1) == 11);
  CHECK_FALSE(batch_with(0, 0, 0).has_resolution());
  const auto error_of = [&](std::size_t rows, std::size_t diagonals, std::size_t pixels) {
    return message_of<InvalidArgument>([&] { (void)batch_with(rows, diagonals, pixels); });
  };
  const std::string wanted =
      " (1 or as many rows, an odd number of diagonals and as many pixels wanted)";
  CHECK(error_of(3, 4, 6) == "desi_r: flux is 3 x 6, resolution is 3 x 4 x 6" + wanted);
  CHECK(error_of(2, 5, 6) == "desi_r: flux is 3 x 6, resolution is 2 x 5 x 6" + wanted);
  CHECK(error_of(3, 5, 7) == "desi_r: flux is 3 x 6, resolution is 3 x 5 x 7" + wanted);
}

RVFIT_TEST("spectrum_batch: counts good pixels and sums their ln sigma and their signal",
           derives_its_constants);
RVFIT_TEST_DOUBLE("spectrum_batch: weights of any size have their logarithms summed",
                  sums_logarithms_of_any_size);
RVFIT_TEST_DOUBLE("spectrum_batch: extents that differ are refused with both",
                  refuses_extents_that_differ);
RVFIT_TEST_DOUBLE("spectrum_batch: a resolution matrix fits the spectra or is refused",
                  keeps_a_resolution_matrix);

}  // namespace rvfit::test::spectrum_batch

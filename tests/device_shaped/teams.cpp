// SPDX-License-Identifier: MIT

/// @file
/// The teams that the other tests of this suite run with have several threads, which work at the same time. How many
/// there are changes no sum.

#include <rvfit/data/spectrum_batch.hpp>

#include <support/compare.hpp>
#include <support/policies.hpp>
#include <support/synthetic.hpp>

#include <algorithm>
#include <type_traits>
#include <vector>

namespace rvfit::test::device_shaped {

struct CountThreads {
  Vector<int, FloatPolicy> threads;  ///< of each team
  KOKKOS_FUNCTION void operator()(const FloatPolicy::member_type& member) const {
    Kokkos::atomic_add(&threads(member.league_rank()), 1);
  }
};

TEST_CASE("device_shaped: teams have as many threads as their policy says") {
  const Exec exec{};
  REQUIRE(exec.concurrency() > 1);
  const int wanted = FloatPolicy::team_size(exec);
  CHECK(wanted > 1);
  CHECK(teams<FloatPolicy>(exec, 5).team_size() == wanted);
  const auto threads = allocate<Vector<int, FloatPolicy>>(exec, "threads", 5);
  Kokkos::parallel_for("threads", teams<FloatPolicy>(exec, 5), CountThreads{threads});
  CHECK(values(exec, threads) == std::vector<int>(5, wanted));
}

/// 2 ln sigma and the signal, summed over the pixels of some spectra.
template <class P>
std::vector<std::vector<double>> sums_of_pixels(const Exec& exec) {
  using Real = typename P::real_type;
  constexpr int rows = 7, pixels = 517;
  Random random(3);
  const auto numbers = [&](const char* label) {
    return upload_matrix<Matrix<const Real, P>>(exec, label, random.uniform(rows * pixels, 0.1, 20),
                                                rows, pixels);
  };
  const auto wave = upload_matrix<Matrix<const double, P>>(
      exec, "wave", random.uniform(pixels, 4000, 5000), 1, pixels);
  const auto flux = numbers("flux");
  const auto batch = make_spectrum_batch<P>(exec, "arm", wave, flux, numbers("weight"));
  return {values(exec, batch.log_norm), values(exec, batch.signal)};
}

template <class P>
void threads_change_no_sum() {
  if constexpr (std::is_constructible_v<Exec, int>) {  // OpenMP: an instance of so many threads
    CHECK(sums_of_pixels<P>(Exec(1)) == sums_of_pixels<P>(Exec{}));
  }
}

RVFIT_TEST("device_shaped: sums over pixels have the same bits with any number of threads",
           threads_change_no_sum);

}  // namespace rvfit::test::device_shaped

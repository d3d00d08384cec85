// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/policies.hpp"
#include "support/synthetic.hpp"
#include "support/tolerance.hpp"
#include <rvfit/core/team.hpp>

#include <vector>

namespace rvfit::test::team {

/// Adds the dot product of a block of a and b twice, and a group count, for teams of any size.
template <class P>
struct DotKernel {
  using Real = typename P::real_type;
  Vector<const Real, P> a, b;
  Vector<double, P> result;
  Vector<int, P> visits;

  KOKKOS_FUNCTION void operator()(const typename P::member_type& member) const {
    for_each_group<P>(member, [&](int begin) {
      for (int w = 0; w < P::pixels_abreast; ++w) {
        Kokkos::atomic_add(&visits(begin + w), 1);
      }
    });
    Kokkos::single(Kokkos::PerTeam(member), [&] {
      double sum[sum_lanes<P>] = {};
      accumulate_dot<P>(a.data(), b.data(), sum);
      accumulate_dot<P>(a.data(), b.data(), sum);
      result(0) = total<P>(sum);
    });
  }
};

template <class P>
void sums_blocks() {
  using Real = typename P::real_type;
  const Exec exec{};
  Random random(2);
  const auto a = random.uniform(pixel_block, -1, 1);
  const auto b = random.uniform(pixel_block, -1, 1);
  const auto result = allocate<Vector<double, P>>(exec, "result", 1);
  const auto visits = allocate<Vector<int, P>>(exec, "visits", pixel_block);
  Kokkos::parallel_for("dot", typename P::team_policy(exec, 1, Kokkos::AUTO),
                       DotKernel<P>{upload<Vector<const Real, P>>(exec, "a", a),
                                    upload<Vector<const Real, P>>(exec, "b", b), result, visits});
  double dot = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    dot += a[i] * b[i];
  }
  // Products of floats are exact in double, so that float storage loses nothing.
  check_close("dot", values(exec, result)[0], 2.0 * dot, {rounding<double>(2 * pixel_block, 1.0)});
  CHECK(values(exec, visits) == std::vector<int>(pixel_block, 1));
}

RVFIT_TEST("team: a dot product sums every pixel of a block once and adds to what is there",
           sums_blocks);

}  // namespace rvfit::test::team

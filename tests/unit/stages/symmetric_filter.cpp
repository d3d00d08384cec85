// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/oracle.hpp"
#include "support/policies.hpp"
#include "support/synthetic.hpp"
#include "support/tolerance.hpp"
#include <rvfit/stages/symmetric_filter.hpp>

#include <cmath>
#include <vector>

namespace rvfit::test::symmetric_filter {

template <class P>
struct FilterKernel {
  using Real = typename P::real_type;
  Vector<const Real, P> taps, in;
  Vector<Real, P> out;
  KOKKOS_FUNCTION void operator()(const typename P::member_type& member) const {
    rvfit::symmetric_filter<P>(member, taps.data(), static_cast<int>(taps.size()) - 1, in.data(),
                               static_cast<int>(in.size()), out.data());
  }
};

template <class P>
std::vector<typename P::real_type> filtered(const std::vector<double>& taps,
                                            const std::vector<double>& in) {
  using Real = typename P::real_type;
  const Exec exec{};
  const auto out = allocate<Vector<Real, P>>(exec, "out", in.size());
  Kokkos::parallel_for("filter", teams<P>(exec, 1),
                       FilterKernel<P>{upload<Vector<const Real, P>>(exec, "taps", taps),
                                       upload<Vector<const Real, P>>(exec, "in", in), out});
  return values(exec, out);
}

struct Size {
  std::size_t size;
  int reach;
};

template <class P>
void agrees_with_loops() {
  using Real = typename P::real_type;
  for (const auto [size, reach] :
       {Size{1, 0}, Size{2, 1}, Size{8, 5}, Size{15, 14}, Size{16, 3}, Size{31, 14}, Size{32, 31},
        Size{33, 20}, Size{63, 16}, Size{64, 16}, Size{65, 16}, Size{96, 32}, Size{129, 100},
        Size{1025, 51}}) {
    CAPTURE(size);
    CAPTURE(reach);
    Random random(size);
    const auto in = random.uniform(size, -1, 1);
    const auto taps = random.uniform(static_cast<std::size_t>(reach) + 1, -1, 1);
    // Each of reach + 1 products has the rms 1/3 x 2 and is at most 6 where reflected.
    check_close("filtered", filtered<P>(taps, in), oracle::symmetric_filter(taps, in),
                {dot_rounding<Real>(2 * reach + 1, 6.0 + 2.0 * std::sqrt(reach))});
  }
}

template <class P>
void keeps_straight_lines() {
  using Real = typename P::real_type;
  for (const std::size_t size : {31U, 65U, 257U}) {
    std::vector<double> taps{0.4, 0.2, 0.0625, 0.0375, 0.0};  // 0.4 + 2 x 0.3 = 1
    std::vector<double> line;
    for (std::size_t i = 0; i < size; ++i) {
      line.push_back(3.0 - 0.5 * static_cast<double>(i));
    }
    // Nine products of taps that add to 1, each rounded.
    check_close("line", filtered<P>(taps, line), line, {rounding<Real>(8, largest(line))});
  }
}

template <class P>
void stays_within_the_spectrum() {
  // A reach beyond the spectrum's size is allowed; its far continuation is constant and finite.
  const std::vector<double> taps(12, 1.0 / 23.0);
  for (const auto x : filtered<P>(taps, {1.0, 2.0, 3.0, 4.0})) {
    CHECK(std::isfinite(x));
    CHECK(std::abs(x) < 8.0);
  }
}

RVFIT_TEST("symmetric_filter: agrees with loops, reflected at both ends", agrees_with_loops);
RVFIT_TEST("symmetric_filter: keeps straight lines up to the ends", keeps_straight_lines);
RVFIT_TEST("symmetric_filter: reads nothing outside a short spectrum", stays_within_the_spectrum);

}  // namespace rvfit::test::symmetric_filter

// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/policies.hpp"
#include "support/synthetic.hpp"
#include "support/tolerance.hpp"
#include <rvfit/core/team.hpp>

#include <vector>

namespace rvfit::test::team {

/// Counts groups, and adds the dot products of A rows with B rows twice, for teams of any size.
template <class P>
struct DotKernel {
  Matrix<const double, P> a, b;  ///< (rows, row_stride)
  Matrix<double, P> result;      ///< (A, B)
  Vector<int, P> visits;

  KOKKOS_FUNCTION void operator()(const typename P::member_type& member) const {
    for_each_group<P>(member, [&](int begin) {
      for (int w = 0; w < P::pixels_abreast; ++w) {
        Kokkos::atomic_add(&visits(begin + w), 1);
      }
    });
    Kokkos::single(Kokkos::PerTeam(member), [&] {
      double sums[rows_abreast<P>][rows_abreast<P>][sum_width<P>] = {};
      const auto rows_a = static_cast<int>(result.extent(0));
      const auto rows_b = static_cast<int>(result.extent(1));
      for (int n = 0; n < 2; ++n) {
        // The first pair is not wanted the second time.
        accumulate_dots<P>(a.data(), rows_a, b.data(), rows_b, [&](int i, int j) -> double* {
          return n == 1 && i + j == 0 ? nullptr : sums[i][j];
        });
      }
      for (int i = 0; i < rows_a; ++i) {
        for (int j = 0; j < rows_b; ++j) {
          result(i, j) = total<P>(sums[i][j]);
        }
      }
    });
  }
};

template <class P>
void sums_blocks() {
  const Exec exec{};
  Random random(2);
  constexpr std::size_t stride = row_stride<P>;
  for (std::size_t rows_a = 1; rows_a <= rows_abreast<P>; ++rows_a) {
    for (std::size_t rows_b = 1; rows_b <= rows_abreast<P>; ++rows_b) {
      CAPTURE(rows_a);
      CAPTURE(rows_b);
      const auto a = random.uniform(rows_a * stride, -1, 1);
      const auto b = random.uniform(rows_b * stride, -1, 1);
      const auto result = allocate<Matrix<double, P>>(exec, "result", rows_a, rows_b);
      const auto visits = allocate<Vector<int, P>>(exec, "visits", pixel_block);
      Kokkos::parallel_for(
          "dot", teams<P>(exec, 1),
          DotKernel<P>{upload_matrix<Matrix<const double, P>>(exec, "a", a, rows_a, stride),
                       upload_matrix<Matrix<const double, P>>(exec, "b", b, rows_b, stride), result,
                       visits});
      std::vector<double> want;
      for (std::size_t i = 0; i < rows_a; ++i) {
        for (std::size_t j = 0; j < rows_b; ++j) {
          double dot = 0.0;
          for (std::size_t n = 0; n < pixel_block; ++n) {
            dot += a[i * stride + n] * b[j * stride + n];
          }
          want.push_back(i + j == 0 ? dot : 2.0 * dot);
        }
      }
      // Two sums of products of at most 1, each sum and product rounded.
      check_close("dots", values(exec, result), want, {rounding<double>(2 * pixel_block, 1.0)});
      CHECK(values(exec, visits) == std::vector<int>(pixel_block, 1));
    }
  }
}

RVFIT_TEST("team: dot products of rows sum every pixel of a block once and add to what is there",
           sums_blocks);

}  // namespace rvfit::test::team

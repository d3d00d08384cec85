// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/policies.hpp"
#include "support/synthetic.hpp"
#include "support/tolerance.hpp"
#include <rvfit/linalg/correlation.hpp>

#include <cmath>
#include <vector>

namespace rvfit::test::correlation {

/// c(t, m, s) of host numbers; `c` holds what is there before.
template <class P>
std::vector<typename P::real_type> correlated(const std::vector<double>& a,
                                              const std::vector<double>& v,
                                              const std::vector<double>& c, std::size_t rows,
                                              std::size_t vectors, int shifts, bool accumulate,
                                              bool portable) {
  using Real = typename P::real_type;
  const Exec exec{};
  const auto a_view = upload_matrix<Matrix<const Real, P>>(exec, "a", a, rows, a.size() / rows);
  const auto v_view =
      upload_matrix<Matrix<const Real, P>>(exec, "v", v, vectors, v.size() / vectors);
  const Matrix<Real, P> c_view = upload_matrix<Matrix<Real, P>>(
      exec, "c", c, rows, vectors * static_cast<std::size_t>(shifts));
  if (portable) {
    rvfit::detail::device_correlate<P>(exec, const_ref(a_view), const_ref(v_view), shifts,
                                       ref(c_view), accumulate);
  } else {
    correlate<P>(exec, const_ref(a_view), const_ref(v_view), shifts, ref(c_view), accumulate);
  }
  return values(exec, c_view);
}

struct Size {
  std::size_t rows, inner, vectors;
  int shifts;
};

template <class P>
void agrees_with_loops() {
  using Real = typename P::real_type;
  for (const auto [rows, inner, vectors, shifts] :
       {Size{4, 1, 1, 1}, Size{4, 5, 2, 3}, Size{12, 3, 2, 16}, Size{8, 7, 1, 47},
        Size{4, 9, 1, 48}, Size{36, 31, 3, 33}, Size{32, 129, 1, 31}, Size{40, 1025, 2, 65},
        Size{68, 17, 2, 130}}) {
    CAPTURE(rows);
    CAPTURE(inner);
    Random random(inner);
    const auto a = random.uniform(rows * inner, -1, 1);
    const std::size_t length =
        inner + static_cast<std::size_t>(shifts) + 1;  // two more than needed
    const auto v = random.uniform(vectors * length, -1, 1);
    const auto before = random.uniform(rows * vectors * static_cast<std::size_t>(shifts), -1, 1);
    for (const bool accumulate : {false, true}) {
      CAPTURE(accumulate);
      std::vector<double> want = accumulate ? before : std::vector<double>(before.size(), 0.0);
      for (std::size_t t = 0; t < rows; ++t) {
        for (std::size_t m = 0; m < vectors; ++m) {
          for (std::size_t s = 0; s < static_cast<std::size_t>(shifts); ++s) {
            for (std::size_t j = 0; j < inner; ++j) {
              want[(t * vectors + m) * static_cast<std::size_t>(shifts) + s] +=
                  a[t * inner + j] * v[m * length + j + s];
            }
          }
        }
      }
      const int n = static_cast<int>(inner);
      // Products of numbers in [-1, 1] have the rms 1 / 3; single ones may reach 1.
      const Tolerance allowed{dot_rounding<Real>(n, 1.0 + std::sqrt(n) / 3.0)};
      for (const bool portable : {false, true}) {
        CAPTURE(portable);
        check_close("correlation",
                    correlated<P>(a, v, before, rows, vectors, shifts, accumulate, portable), want,
                    allowed);
      }
    }
  }
}

template <class P>
void gives_a_row_the_same_bits() {
  constexpr std::size_t rows = 44, vectors = 2;
  for (const std::size_t inner : {5U, 130U, 400U}) {
    for (const int shifts : {3, 9, 65}) {
      CAPTURE(inner);
      CAPTURE(shifts);
      Random random(inner);
      const auto a = random.uniform(rows * inner, -1, 1);
      const auto v = random.uniform(vectors * (inner + static_cast<std::size_t>(shifts)), -1, 1);
      const std::size_t width = vectors * static_cast<std::size_t>(shifts);
      const auto all = correlated<P>(a, v, std::vector<double>(rows * width), rows, vectors, shifts,
                                     false, false);
      for (const std::size_t row : {0U, 8U, 40U}) {  // four rows alone
        const auto begin = static_cast<std::ptrdiff_t>(row * inner);
        const std::vector<double> part(a.begin() + begin,
                                       a.begin() + begin + static_cast<std::ptrdiff_t>(4 * inner));
        const auto from = all.begin() + static_cast<std::ptrdiff_t>(row * width);
        check_same_bits("four rows",
                        correlated<P>(part, v, std::vector<double>(4 * width), 4, vectors, shifts,
                                      false, false),
                        std::vector(from, from + static_cast<std::ptrdiff_t>(4 * width)));
      }
    }
  }
}

template <class P>
void refuses_extents_that_differ() {
  using Real = typename P::real_type;
  const Exec exec{};
  const auto error_of = [&](int rows, int length, int c_rows, int c_columns) {
    return message_of<InvalidArgument>([&] {
      const auto a = allocate<Matrix<Real, P>>(exec, "a", rows, 6);
      const auto v = allocate<Matrix<Real, P>>(exec, "v", 2, length);
      const auto c = allocate<Matrix<Real, P>>(exec, "c", c_rows, c_columns);
      correlate<P>(exec, const_ref(a), const_ref(v), 3, ref(c), false);
    });
  };
  CHECK(error_of(4, 8, 4, 6) == "no error");
  CHECK(error_of(4, 7, 4, 6) == "correlate: v has 7 columns, 8 wanted");
  CHECK(error_of(4, 8, 8, 6) == "correlate: c is 8 x 6, 4 x 6 wanted");
  CHECK(error_of(4, 8, 4, 5) == "correlate: c is 4 x 5, 4 x 6 wanted");
  CHECK(error_of(5, 8, 5, 6) == "correlate: 5 rows, not a multiple of 4");
}

RVFIT_TEST("correlation: the host's and the portable one agree with loops, set or added",
           agrees_with_loops);
RVFIT_TEST("correlation: a row has the same bits however many there are",
           gives_a_row_the_same_bits);
RVFIT_TEST_DOUBLE("correlation: extents that differ are refused with both",
                  refuses_extents_that_differ);

}  // namespace rvfit::test::correlation

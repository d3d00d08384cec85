// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/policies.hpp"
#include "support/synthetic.hpp"
#include "support/tolerance.hpp"
#include <rvfit/linalg/correlation.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

namespace rvfit::test::correlation {

/// A pair of row-major matrices that are correlated: rows (T, J) and vectors (M, J + S - 1).
struct Pair {
  int rows, elements, vectors, shifts;
  std::vector<double> a, v;

  Pair(int t, int j, int m, int s) : rows(t), elements(j), vectors(m), shifts(s) {
    Random random(static_cast<std::uint64_t>(j));
    a = random.uniform(static_cast<std::size_t>(t * j), -1, 1);
    v = random.uniform(static_cast<std::size_t>(m * (j + s - 1)), -1, 1);
  }

  /// c(t, m, s) by loops, added to `c`.
  void add_to(std::vector<double>& c) const {
    for (int t = 0; t < rows; ++t) {
      for (int m = 0; m < vectors; ++m) {
        for (int s = 0; s < shifts; ++s) {
          for (int j = 0; j < elements; ++j) {
            c[static_cast<std::size_t>((t * vectors + m) * shifts + s)] +=
                a[static_cast<std::size_t>(t * elements + j)] *
                v[static_cast<std::size_t>(m * (elements + shifts - 1) + j + s)];
          }
        }
      }
    }
  }
};

/// c(t, m, s) by the library, of pairs of the same rows, vectors and shifts one after another. What nobody may read
/// is NaN: what a row holds beyond the last element is not of that kind, which is zero.
template <class P>
std::vector<typename P::real_type> correlated(const std::vector<Pair>& pairs,
                                              const RowsInUse<P>& in_use = {}) {
  using Real = typename P::real_type;
  const Exec exec{};
  const int rows = pairs[0].rows, vectors = pairs[0].vectors;
  const Correlation<P> plan(exec, pairs[0].shifts, vectors);
  const auto sums = allocate<Matrix<Real, P>>(exec, "sums", rows * vectors, plan.length());
  constexpr Real nan = std::numeric_limits<Real>::quiet_NaN();
  Kokkos::deep_copy(exec, sums, nan);
  for (std::size_t n = 0; n < pairs.size(); ++n) {
    const Pair& pair = pairs[n];
    const int padded = plan.padded(pair.elements);
    std::vector<double> a(static_cast<std::size_t>(rows * padded), 0.0);
    for (int t = 0; t < rows; ++t) {
      std::copy_n(pair.a.begin() + t * pair.elements, pair.elements, a.begin() + t * padded);
    }
    const auto a_view = upload_matrix<Matrix<const Real, P>>(
        exec, "a", a, static_cast<std::size_t>(rows), static_cast<std::size_t>(padded));
    const auto v_view = upload_matrix<Matrix<const Real, P>>(
        exec, "v", pair.v, static_cast<std::size_t>(vectors),
        static_cast<std::size_t>(pair.elements + pair.shifts - 1));
    const auto workspace = plan.workspace(exec, rows, pair.elements);
    Kokkos::deep_copy(exec, workspace.transform, nan);
    plan.multiply(exec, const_ref(a_view), plan.transform(exec, v_view), ref(sums), n > 0,
                  workspace, in_use);
  }
  const auto c = allocate<Matrix<Real, P>>(exec, "c", rows, vectors * pairs[0].shifts);  // zeros
  plan.shift(exec, const_ref(sums), ref(c), in_use);
  return values(exec, c);
}

/// Rounding of a correlation by blocks: each element of a block shares in that of the whole block, and of as many
/// elements of the vector. Transforms and sums of them round by about the square root of their terms, of which the way
/// back averages as many: eps |a block| |v block|, of uniform numbers with the rms 1/3 of J and L elements. Eight times that.
template <class Real>
double transform_rounding(int elements, int length) {
  return rounding<Real>(8.0 * std::sqrt(1.0 * elements * length) / 3.0);
}

template <class P>
void agrees_with_loops() {
  using Real = typename P::real_type;
  for (const Pair& pair :
       {Pair(4, 1, 1, 1), Pair(4, 5, 2, 3), Pair(12, 3, 2, 16), Pair(8, 7, 1, 47),
        Pair(4, 9, 1, 48), Pair(36, 31, 3, 33), Pair(32, 129, 5, 31), Pair(40, 1025, 2, 65),
        Pair(68, 17, 6, 130), Pair(4, 400, 3, 260)}) {
    CAPTURE(pair.rows);
    CAPTURE(pair.elements);
    CAPTURE(pair.shifts);
    std::vector<double> want(static_cast<std::size_t>(pair.rows * pair.vectors * pair.shifts), 0.0);
    pair.add_to(want);
    const int length = Correlation<P>(Exec{}, pair.shifts, pair.vectors).length();
    check_close("one", correlated<P>({pair}), want,
                Tolerance{transform_rounding<Real>(pair.elements, length)});
    // And added to it what other elements give.
    const Pair more(pair.rows, 2 * pair.elements + 3, pair.vectors, pair.shifts);
    more.add_to(want);
    check_close("two", correlated<P>({pair, more}), want,
                Tolerance{transform_rounding<Real>(pair.elements + more.elements, length)});
  }
}

/// Rows `first` .. of a pair alone.
Pair rows_of(const Pair& pair, int first, int rows) {
  Pair part = pair;
  const auto begin = pair.a.begin() + first * pair.elements;
  part.rows = rows;
  part.a.assign(begin, begin + rows * pair.elements);
  return part;
}

template <class P>
void gives_a_row_the_same_bits() {
  for (const int elements : {5, 130, 400}) {
    for (const int shifts : {3, 9, 65}) {
      CAPTURE(elements);
      CAPTURE(shifts);
      Pair pair(44, elements, 3, shifts);
      const auto all = correlated<P>({pair});
      const auto width = static_cast<std::ptrdiff_t>(pair.vectors * shifts);
      for (const int row : {0, 8, 40}) {  // four rows alone
        const auto from = all.begin() + row * width;
        check_same_bits("four rows", correlated<P>({rows_of(pair, row, 4)}),
                        std::vector(from, from + 4 * width));
      }
      // A row that is not finite spoils no other.
      pair.a[static_cast<std::size_t>(9 * elements)] = std::numeric_limits<double>::infinity();
      auto spoilt = correlated<P>({pair});
      std::copy_n(all.begin() + 9 * width, width, spoilt.begin() + 9 * width);
      check_same_bits("beside infinity", spoilt, all);
    }
  }
}

/// Rows that are not in use change nothing of the others.
template <class P>
void leaves_out_rows_not_in_use() {
  const Pair pair(24, 130, 3, 20);
  const auto all = correlated<P>({pair, pair});
  for (const int entries : {1, 4, 7, 24}) {
    CAPTURE(entries);
    std::vector<int> list(static_cast<std::size_t>(entries));
    std::iota(list.begin(), list.end(), 0);
    const auto got = correlated<P>({pair, pair}, RowsInUse<P>(tile_of<P>(Exec{}, list, 24), 1));
    const auto end = static_cast<std::ptrdiff_t>(entries * pair.vectors * pair.shifts);
    check_same_bits("in use", std::vector(got.begin(), got.begin() + end),
                    std::vector(all.begin(), all.begin() + end));
    if (P::on_host &&
        entries + gemm_row_group < pair.rows) {  // devices leave out whole blocks of rows
      CHECK(got.back() == 0);
    }
  }
}

/// Blocks take a small part of the multiply-adds of the sums themselves: at 75 shifts 4.8 of 36 million (decision 28),
/// which leaves a tenth for lengths that are multiples of other registers; of more shifts less.
template <class P>
void takes_fewer_operations() {
  constexpr double vectors = 32;
  for (const int shifts : {75, 129, 1000}) {
    CAPTURE(shifts);
    const Correlation<P> plan(Exec{}, shifts, static_cast<int>(vectors));
    CHECK(plan.block() == plan.length() - shifts + 1);
    const int elements = 100 * shifts;
    const double length = plan.length(), block = plan.block();
    const double blocks = plan.padded(elements) / block;
    // Transforms, products of transforms, the way back.
    const double operations = blocks * length * (block + 2 * vectors) + vectors * length * shifts;
    const double sums = elements * vectors * shifts;
    CHECK(operations < sums * 4.8 / 36.0 * 1.1);
  }
}

template <class P>
void refuses_extents_that_differ() {
  using Real = typename P::real_type;
  const Exec exec{};
  const Correlation<P> plan(exec, 3, 2);
  const int padded = plan.padded(6), length = plan.length();
  const auto transform = [&](int columns) {
    return plan.transform(exec, allocate<Matrix<Real, P>>(exec, "v", 2, columns));
  };
  const auto multiplied = [&](int rows, int columns, int sum_rows, int sum_columns,
                              int workspace_rows) {
    return message_of<InvalidArgument>([&] {
      const auto a = allocate<Matrix<Real, P>>(exec, "a", rows, columns);
      const auto sums = allocate<Matrix<Real, P>>(exec, "sums", sum_rows, sum_columns);
      plan.multiply(exec, const_ref(a), transform(8), ref(sums), false,
                    plan.workspace(exec, workspace_rows, 6));
    });
  };
  const auto text = [](int n) { return std::to_string(n); };
  CHECK(multiplied(4, padded, 8, length, 4) == "no error");
  CHECK(multiplied(4, padded + 1, 8, length, 4) == "Correlation: a has " + text(padded + 1) +
                                                       " columns, " + text(padded + 1) +
                                                       " apart, " + text(padded) + " wanted");
  CHECK(multiplied(4, padded, 9, length, 4) ==
        "Correlation: sums are 9 x " + text(length) + ", 8 x " + text(length) + " wanted");
  CHECK(multiplied(5, padded, 10, length, 5) == "Correlation: 5 rows, not a multiple of 4");
  CHECK(multiplied(8, padded, 16, length, 4).find("the workspace has") != std::string::npos);
  CHECK(message_of<InvalidArgument>([&] { (void)transform(2); }) ==
        "Correlation: v is 2 x 2, at least 1 x 3 wanted");
  CHECK(message_of<InvalidArgument>([&] {
          const auto sums = allocate<Matrix<Real, P>>(exec, "sums", 8, length);
          const auto c = allocate<Matrix<Real, P>>(exec, "c", 4, 7);
          plan.shift(exec, const_ref(sums), ref(c));
        }) == "Correlation: c is 4 x 7 of 3 shifts, sums are 8 x " + text(length) + ", " +
                  text(length) + " wanted");
  CHECK(message_of<InvalidArgument>([&] {
          const auto sums = allocate<Matrix<Real, P>>(exec, "sums", 6, length);
          const auto c = allocate<Matrix<Real, P>>(exec, "c", 3, 6);
          plan.shift(exec, const_ref(sums), ref(c));
        }) == "Correlation: 6 sums, not a multiple of 4");
  // Vectors of another plan.
  CHECK(message_of<InvalidArgument>([&] {
          const Correlation<P> longer(exec, 70, 2);
          const auto a = allocate<Matrix<Real, P>>(exec, "a", 4, padded);
          const auto sums = allocate<Matrix<Real, P>>(exec, "sums", 8, length);
          const auto v = longer.transform(exec, allocate<Matrix<Real, P>>(exec, "v", 2, 75));
          plan.multiply(exec, const_ref(a), v, ref(sums), false, plan.workspace(exec, 4, 6));
        }).find("transforms of 2 vectors have") != std::string::npos);
  CHECK(message_of<InvalidArgument>([&] { const Correlation<P> none(exec, 0, 2); }) ==
        "Correlation: 0 shifts, 2 vectors, wanted 1 at least");
}

RVFIT_TEST("correlation: by transforms of blocks it agrees with loops, set or added",
           agrees_with_loops);
RVFIT_TEST("correlation: a row has the same bits however many there are",
           gives_a_row_the_same_bits);
RVFIT_TEST("correlation: rows that are not in use are left out", leaves_out_rows_not_in_use);
RVFIT_TEST_DOUBLE("correlation: blocks take a small part of the operations",
                  takes_fewer_operations);
RVFIT_TEST_DOUBLE("correlation: extents that differ are refused with both",
                  refuses_extents_that_differ);

}  // namespace rvfit::test::correlation

// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/policies.hpp"
#include "support/synthetic.hpp"
#include "support/tolerance.hpp"
#include <rvfit/linalg/gemm.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace rvfit::test::gemm {

/// A times B by the library, on the host or, if `portable`, as devices do.
template <class P>
std::vector<typename P::real_type> product(const std::vector<double>& a,
                                           const std::vector<double>& b, int rows, int inner,
                                           int columns, bool portable) {
  using Real = typename P::real_type;
  const Exec exec{};
  const auto a_view = upload_matrix<Matrix<const Real, P>>(
      exec, "a", a, static_cast<std::size_t>(rows), static_cast<std::size_t>(inner));
  // Results lie in longer rows, of which the rest must stay as it is.
  const auto c_view = allocate<Matrix<Real, P>>(exec, "c", rows, columns + 3);
  Kokkos::deep_copy(exec, c_view, Real(7));
  const MatrixRef<Real> c{c_view.data(), rows, columns, columns + 3};
  if constexpr (P::on_host) {
    if (!portable) {
      const auto panels = upload_panels<P>(exec, "b", b, static_cast<std::size_t>(columns));
      rvfit::detail::host_gemm<P>(exec, "product", const_ref(a_view), panels, c, 64,
                                  rvfit::detail::NoEpilogue{});
    }
  }
  if (portable || !P::on_host) {
    const auto b_view = upload_matrix<Matrix<const Real, P>>(
        exec, "b", b, static_cast<std::size_t>(inner), static_cast<std::size_t>(columns));
    rvfit::detail::device_gemm<P>(exec, "product", const_ref(a_view), const_ref(b_view), c);
  }
  const auto padded = values(exec, c_view);
  std::vector<Real> out;
  bool untouched = true;
  for (std::size_t i = 0; i < padded.size(); ++i) {
    if (static_cast<int>(i % static_cast<std::size_t>(columns + 3)) < columns) {
      out.push_back(padded[i]);
    } else {
      untouched = untouched && padded[i] == Real(7);
    }
  }
  CHECK(untouched);
  return out;
}

struct Size {
  int rows, inner, columns;
};

template <class P>
void agrees_with_loops() {
  using Real = typename P::real_type;
  for (const auto [rows, inner, columns] :
       {Size{4, 1, 1}, Size{4, 4, 5}, Size{8, 31, 33}, Size{64, 7, 1}, Size{68, 33, 513},
        Size{132, 200, 512}, Size{20, 1025, 1025}, Size{4, 513, 31}, Size{64, 16, 128},
        Size{128, 15, 127}, Size{132, 17, 129}}) {
    CAPTURE(rows);
    CAPTURE(inner);
    CAPTURE(columns);
    Random random(static_cast<std::uint64_t>(inner));
    const auto a = random.uniform(static_cast<std::size_t>(rows * inner), -1, 1);
    const auto b = random.uniform(static_cast<std::size_t>(inner * columns), -1, 1);
    std::vector<double> want(static_cast<std::size_t>(rows * columns), 0.0);
    for (int i = 0; i < rows; ++i) {
      for (int k = 0; k < inner; ++k) {
        for (int j = 0; j < columns; ++j) {
          want[static_cast<std::size_t>(i * columns + j)] +=
              a[static_cast<std::size_t>(i * inner + k)] *
              b[static_cast<std::size_t>(k * columns + j)];
        }
      }
    }
    // Products of numbers in [-1, 1] have the rms 1 / 3; single ones may reach 1.
    const Tolerance allowed{dot_rounding<Real>(inner, 1.0 + std::sqrt(inner) / 3.0)};
    check_close("host", product<P>(a, b, rows, inner, columns, false), want, allowed);
    check_close("device", product<P>(a, b, rows, inner, columns, true), want, allowed);
  }
}

/// A product leaves alone the rows that are not in use, but for what fills up a group.
template <class P>
void fills_up_groups_of_rows() {
  using Real = typename P::real_type;
  if constexpr (P::on_host) {
    const Exec exec{};
    constexpr int rows = 140, inner = 33, columns = 50, lanes = 5;
    Random random(3);
    const auto a = random.uniform(std::size_t{rows * inner}, -1, 1);
    const auto b = random.uniform(std::size_t{inner * columns}, -1, 1);
    const auto all = product<P>(a, b, rows, inner, columns, false);
    const auto a_view = upload_matrix<Matrix<const Real, P>>(exec, "a", a, rows, inner);
    const auto panels = upload_panels<P>(exec, "b", b, columns);
    for (const int entries : {0, 1, 3, 12, 13, 28}) {  // of 28; 60 rows are a block
      CAPTURE(entries);
      std::vector<int> list(static_cast<std::size_t>(entries));
      std::iota(list.begin(), list.end(), 0);
      const auto c = allocate<Matrix<Real, P>>(exec, "c", rows, columns);
      Kokkos::deep_copy(exec, c, Real(7));
      rvfit::detail::host_gemm<P>(exec, "product", const_ref(a_view), panels, ref(c), 60,
                                  rvfit::detail::NoEpilogue{},
                                  RowsInUse<P>(tile_of<P>(exec, list, 28), lanes));
      auto want = all;
      const int computed = (entries * lanes + gemm_row_group - 1) / gemm_row_group * gemm_row_group;
      std::fill(want.begin() + computed * columns, want.end(), Real(7));
      check_same_bits("rows", values(exec, c), want);
    }
  }
}

/// Rows of a row-major matrix in another order.
template <class T>
std::vector<T> take_rows(const std::vector<T>& m, std::size_t columns,
                         const std::vector<std::size_t>& order) {
  std::vector<T> out;
  for (const std::size_t row : order) {
    const auto begin = m.begin() + static_cast<std::ptrdiff_t>(row * columns);
    out.insert(out.end(), begin, begin + static_cast<std::ptrdiff_t>(columns));
  }
  return out;
}

/// Check that rows of C have the same bits in a large product, in a permuted one, and in the
/// smallest products.
template <class P>
void check_rows_alone(int inner, int columns) {
  CAPTURE(inner);
  CAPTURE(columns);
  constexpr std::size_t rows = 76;  // a whole block of 64 and a part of one
  Random random(static_cast<std::uint64_t>(inner + 7 * columns));
  const auto k = static_cast<std::size_t>(inner), n = static_cast<std::size_t>(columns);
  const auto a = random.uniform(rows * k, -1, 1);
  const auto b = random.uniform(k * n, -1, 1);
  std::vector<std::size_t> order(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    order[i] = (i * 29 + 5) % rows;  // 29 and 76 have no common factor
  }
  for (const bool portable : {false, true}) {
    CAPTURE(portable);
    const auto all = product<P>(a, b, static_cast<int>(rows), inner, columns, portable);
    check_same_bits(
        "permuted rows",
        product<P>(take_rows(a, k, order), b, static_cast<int>(rows), inner, columns, portable),
        take_rows(all, n, order));
    for (const std::vector<std::size_t>& few :
         {std::vector<std::size_t>{71, 2, 33, 64}, {0, 1, 2, 3, 75, 10, 9, 8}}) {
      check_same_bits("few rows",
                      product<P>(take_rows(a, k, few), b, static_cast<int>(few.size()), inner,
                                 columns, portable),
                      take_rows(all, n, few));
    }
  }
}

template <class P>
void gives_a_row_the_same_bits() {
  for (const auto [rows, inner, columns] : {Size{0, 4, 200}, Size{0, 32, 33}, Size{0, 200, 513},
                                            Size{0, 513, 31}, Size{0, 257, 64}, Size{0, 33, 1}}) {
    check_rows_alone<P>(inner, columns);
  }
}

template <class P>
void gives_a_row_the_same_bits_in_small_products() {
  for (const int inner : {1, 2, 4, 5, 8, 11}) {
    for (const int columns : {1, 2, 3, 5, 7, 11}) {
      check_rows_alone<P>(inner, columns);
    }
  }
  check_rows_alone<P>(4, 517);  // the last block has five columns
}

template <class P>
void lies_in_panels() {
  const std::vector<double> b{1, 2, 3, 4, 5, 6};  // (2, 3)
  const auto panels = upload_panels<P>(Exec{}, "b", b, 3, 2);
  CHECK(panels.extent(0) == 2);
  CHECK(values(Exec{}, panels) == std::vector<typename P::real_type>{1, 2, 4, 5, 3, 0, 6, 0});
}

/// The blocks of devices on a host: a team that is smaller than wanted goes over its block many times.
template <class P>
void gives_the_same_bits_in_any_block() {
  using Real = typename P::real_type;
  constexpr int rows = 68, inner = 35, columns = 131;
  const Exec exec{};
  Random random(4);
  const auto a = random.uniform(std::size_t{rows * inner}, -1, 1);
  const auto b = random.uniform(std::size_t{inner * columns}, -1, 1);
  const auto a_view = upload_matrix<Matrix<const Real, P>>(exec, "a", a, rows, inner);
  const auto b_view = upload_matrix<Matrix<const Real, P>>(exec, "b", b, inner, columns);
  const auto c = allocate<Matrix<Real, P>>(exec, "c", rows, columns);
  const rvfit::detail::TiledGemm<P, Real, 8, 16> kernel{
      const_ref(a_view), const_ref(b_view), ref(c), {}};
  Kokkos::parallel_for("product", kernel.make_policy(exec), kernel);
  check_same_bits("large blocks", values(exec, c), product<P>(a, b, rows, inner, columns, true));
}

/// On devices rows past the end of a list are left as they are by whole blocks, and the others do not
/// feel it.
template <class P>
void leaves_out_rows_past_the_end() {
  using Real = typename P::real_type;
  using Kernel = rvfit::detail::TiledGemm<P, Real>;
  constexpr int lanes = 2, inner = 20, columns = 33, rows = 4 * Kernel::block_rows;
  const Exec exec{};
  Random random(3);
  const auto a = upload_matrix<Matrix<const Real, P>>(
      exec, "a", random.uniform(std::size_t{rows * inner}, -1, 1), rows, inner);
  const auto b = upload_matrix<Matrix<const Real, P>>(
      exec, "b", random.uniform(std::size_t{inner * columns}, -1, 1), inner, columns);
  const auto all = allocate<Matrix<Real, P>>(exec, "all", rows, columns);
  rvfit::detail::device_gemm<P>(exec, "product", const_ref(a), const_ref(b), ref(all));
  const auto wanted = values(exec, all);
  const auto count = allocate<Scalar<int, P>>(exec, "count");
  // Before the tile, none of it, within its first block, at the end of one, past the tile.
  for (const int length : {0, 100, 105, 100 + Kernel::block_rows / lanes, 1000}) {
    CAPTURE(length);
    Kokkos::deep_copy(exec, count, length);
    const Tile<P> tile{{}, count, 100, rows / lanes, 0};
    const auto some = allocate<Matrix<Real, P>>(exec, "some", rows, columns);
    rvfit::detail::device_gemm<P>(exec, "product", const_ref(a), const_ref(b), ref(some),
                                  RowsInUse<P>(tile, lanes));
    const int used = std::clamp((length - 100) * lanes, 0, rows);
    const int blocks = (used + Kernel::block_rows - 1) / Kernel::block_rows;
    const auto split = static_cast<std::ptrdiff_t>(blocks * Kernel::block_rows * columns);
    const auto got = values(exec, some);
    using Rows = std::vector<Real>;
    check_same_bits("in use", Rows(got.begin(), got.begin() + split),
                    Rows(wanted.begin(), wanted.begin() + split));
    CHECK(std::all_of(got.begin() + split, got.end(), [](Real x) { return x == Real(0); }));
  }
}

RVFIT_TEST("gemm: a matrix lies in panels of columns, the last filled up with 0", lies_in_panels);
RVFIT_TEST("gemm: the host's and the portable product agree with loops", agrees_with_loops);
RVFIT_TEST("gemm: a row has the same bits whatever its neighbours and however many they are",
           gives_a_row_the_same_bits);
RVFIT_TEST("gemm: the portable product has the same bits in blocks of any size",
           gives_the_same_bits_in_any_block);
RVFIT_TEST("gemm: devices leave out rows past the end of a list", leaves_out_rows_past_the_end);
RVFIT_TEST("gemm: hosts leave them out, too, but for those that fill up a group",
           fills_up_groups_of_rows);
RVFIT_TEST("gemm: a row of a product of few columns has the same bits too",
           gives_a_row_the_same_bits_in_small_products);

}  // namespace rvfit::test::gemm

// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Correlation of many rows with a few vectors at a range of shifts,
///
///   c(t, m, s) = sum_j a(t, j) v(m, j + s),   s = 0 .. S - 1,
///
/// through transforms of short blocks. A block is U elements of a row, filled up with zeros to L = U + S - 1 or more,
/// and L of a vector. Of their transforms A and V at odd frequencies (detail/odd_frequencies.hpp)
///
///   c(t, m, s) = 2 / L Re sum_k e^{-i w_k s} sum_n conj(A(t, n, k)) V(m, n, k)
///
/// over blocks n, as no shift passes the end of a block. Rows are transformed, and sums brought back, by products
/// with matrices of cosines and sines, so that all work is products. For the 7,400 bins, 75 shifts and 32 templates
/// of a scan they are a seventh of the multiply-adds of the sums themselves. Decision 28.

#include <rvfit/core/require.hpp>
#include <rvfit/core/views.hpp>
#include <rvfit/linalg/detail/correlation_kernels.hpp>
#include <rvfit/linalg/detail/odd_frequencies.hpp>
#include <rvfit/linalg/gemm.hpp>

#include <cmath>
#include <limits>

namespace rvfit {

/// Vectors of a `Correlation`, as it multiplies with them.
template <ExecutionPolicy P>
struct CorrelatedVectors {
  Vector<const typename P::real_type, P> transform;  ///< (groups, M, blocks, 2 w)
  int count = 0;                                     ///< M
  int elements = 0;                                  ///< J, of rows that they are correlated with
};

/// Plan of correlations with the same shifts.
template <ExecutionPolicy P>
class Correlation {
 public:
  using Exec = typename P::execution_space;
  using Real = typename P::real_type;

  /// The transforms of rows, of one call after another.
  struct Workspace {
    Vector<Real, P> transform;  ///< (T * blocks, L, on hosts and a group)
  };

  /// @param[in] shifts   S
  /// @param[in] vectors  M, for which L is best; any number may be correlated
  /// @throws InvalidArgument  a number below 1
  Correlation(const Exec& exec, int shifts, int vectors)
      : shifts_(shifts), length_(best_length(shifts, vectors)) {
    const detail::OddFrequencies waves(length_, abreast);
    const auto columns = static_cast<std::size_t>(length_);
    groups_of_vectors_ = upload_panels<P>(exec, "rvfit::Correlation::groups",
                                          waves.forward(length_), columns, 2 * abreast);
    forward_ =
        upload_panels<P>(exec, "rvfit::Correlation::forward", waves.forward(block()), columns);
    backward_ = upload_panels<P>(exec, "rvfit::Correlation::backward", waves.backward(shifts),
                                 static_cast<std::size_t>(shifts));
  }

  [[nodiscard]] int shifts() const { return shifts_; }
  /// L.
  [[nodiscard]] int length() const { return length_; }
  /// U.
  [[nodiscard]] int block() const { return length_ - shifts_ + 1; }
  /// Elements of a row of `elements` in memory: zeros fill up its last block.
  [[nodiscard]] int padded(int elements) const { return blocks(elements) * block(); }

  /// @param[in] rows      T, at most
  /// @param[in] elements  J, at most
  [[nodiscard]] Workspace workspace(const Exec& exec, int rows, int elements) const {
    return {allocate_raw<Vector<Real, P>>(exec, "rvfit::Correlation::transform",
                                          static_cast<std::size_t>(rows) *
                                              static_cast<std::size_t>(blocks(elements)) *
                                              static_cast<std::size_t>(pitch()))};
  }

  /// @param[in] v  (M, J + S - 1)
  /// @throws InvalidArgument  v has no column for every shift
  [[nodiscard]] CorrelatedVectors<P> transform(const Exec& exec,
                                               const Matrix<const Real, P>& v) const {
    const auto count = static_cast<int>(v.extent(0)), columns = static_cast<int>(v.extent(1));
    const int elements = columns - shifts_ + 1;
    RVFIT_REQUIRE(count >= 1 && elements >= 1, "Correlation: v is ", count, " x ", columns,
                  ", at least 1 x ", shifts_, " wanted");
    const auto out = allocate_raw<Vector<Real, P>>(exec, "rvfit::Correlation::vectors",
                                                   static_cast<std::size_t>(count) *
                                                       static_cast<std::size_t>(blocks(elements)) *
                                                       static_cast<std::size_t>(length_));
    const int rows = count * blocks(elements);
    const int frequencies = length_ / 2 / pack_size<detail::Frequencies<P>>;
    Kokkos::parallel_for("rvfit::Correlation::transform_vectors",
                         typename P::template grid_policy<2>(exec, {0, 0}, {rows, frequencies}),
                         detail::TransformVectors<P>{{v.data(), count, columns, columns},
                                                     groups_of_vectors_.data(),
                                                     block(),
                                                     blocks(elements),
                                                     length_,
                                                     out.data()});
    return {out, count, elements};
  }

  /// Set the sums over blocks, or add to them: sums of rows of other elements, by vectors of others.
  ///
  /// @param[in]     exec        instance the work is enqueued on; the call does not fence
  /// @param[in]     a           (T, padded(J))  zeros from J on; T a multiple of gemm_row_group
  /// @param[in]     v           of J elements
  /// @param[in,out] sums        (T * M, L)
  /// @param[in]     accumulate  add to sums instead of setting them
  /// @param[in]     in_use      rows of a that are needed, if not all; the others may be left out
  /// @throws InvalidArgument  extents differ
  void multiply(const Exec& exec, MatrixRef<const Real> a, const CorrelatedVectors<P>& v,
                MatrixRef<Real> sums, bool accumulate, const Workspace& workspace,
                const RowsInUse<P>& in_use = {}) const;

  /// c of the sums.
  ///
  /// @param[in]  sums  (T * M, L)
  /// @param[out] c     (T, M * S)
  /// @throws InvalidArgument  extents differ
  void shift(const Exec& exec, MatrixRef<const Real> sums, MatrixRef<Real> c,
             const RowsInUse<P>& in_use = {}) const;

 private:
  static constexpr int abreast = detail::frequencies_abreast<P>;

  [[nodiscard]] int blocks(int elements) const { return (elements + block() - 1) / block(); }
  /// From a row of a transform to the next. With L, most often a power of two, rows would be in each other's
  /// way in a host's cache.
  [[nodiscard]] int pitch() const { return P::on_host ? length_ + 2 * abreast : length_; }

  /// The multiple of 2 w with the fewest multiply-adds for rows of 50 S elements: that of the rows themselves would
  /// make bits depend on what is correlated together.
  [[nodiscard]] static int best_length(int shifts, int vectors) {
    RVFIT_REQUIRE(shifts >= 1 && vectors >= 1, "Correlation: ", shifts, " shifts, ", vectors,
                  " vectors, wanted 1 at least");
    const double elements = 50.0 * shifts;
    int best = 0;
    double least = std::numeric_limits<double>::infinity();
    const int first = (shifts + 2 * abreast - 1) / (2 * abreast) * 2 * abreast;
    for (int length = first; length <= 8 * first; length += 2 * abreast) {
      const double block = length - shifts + 1;
      const double blocks = std::ceil(elements / block);
      const double count =
          blocks * (block + 2.0 * vectors) * length + 1.0 * length * shifts * vectors;
      if (count < least) {
        least = count;
        best = length;
      }
    }
    return best;
  }

  /// C = A B with a matrix in panels, by our own product on devices, too: rows keep their bits (decision 4).
  void product(const Exec& exec, const char* label, MatrixRef<const Real> a,
               const Cube<const Real, P>& b, MatrixRef<Real> c, const RowsInUse<P>& in_use) const {
    if constexpr (P::on_host) {
      constexpr int block_rows = 64;
      detail::host_gemm<P>(exec, label, a, b, c, block_rows, detail::NoEpilogue{}, in_use);
    } else {
      const MatrixRef<const Real> whole{b.data(), a.columns, c.columns, c.columns};
      detail::device_gemm<P>(exec, label, a, whole, c, in_use);
    }
  }
  [[nodiscard]] static RowsInUse<P> times(RowsInUse<P> in_use, int rows_of_entry) {
    in_use.lanes *= rows_of_entry;
    return in_use;
  }

  int shifts_, length_;
  Cube<const Real, P> groups_of_vectors_;  ///< (groups, L, 2 w)
  Cube<const Real, P> forward_;            ///< (U, L) in panels
  Cube<const Real, P> backward_;           ///< (L, S) in panels
};

template <ExecutionPolicy P>
void Correlation<P>::multiply(const Exec& exec, MatrixRef<const Real> a,
                              const CorrelatedVectors<P>& v, MatrixRef<Real> sums, bool accumulate,
                              const Workspace& workspace, const RowsInUse<P>& in_use) const {
  const int count = blocks(v.elements);
  RVFIT_REQUIRE(a.columns == padded(v.elements) && a.stride == a.columns, "Correlation: a has ",
                a.columns, " columns, ", a.stride, " apart, ", padded(v.elements), " wanted");
  RVFIT_REQUIRE(v.transform.size() ==
                    static_cast<std::size_t>(v.count * count) * static_cast<std::size_t>(length_),
                "Correlation: transforms of ", v.count, " vectors have ", v.transform.size(),
                " numbers, ", v.count * count, " x ", length_, " wanted");
  RVFIT_REQUIRE(sums.rows == a.rows * v.count && sums.columns == length_, "Correlation: sums are ",
                sums.rows, " x ", sums.columns, ", ", a.rows * v.count, " x ", length_, " wanted");
  RVFIT_REQUIRE(a.rows % gemm_row_group == 0, "Correlation: ", a.rows, " rows, not a multiple of ",
                gemm_row_group);
  const MatrixRef<Real> transform{workspace.transform.data(), a.rows * count, length_, pitch()};
  RVFIT_REQUIRE(workspace.transform.size() >=
                    static_cast<std::size_t>(transform.rows) * static_cast<std::size_t>(pitch()),
                "Correlation: the workspace has ", workspace.transform.size(), " numbers, ",
                transform.rows, " x ", pitch(), " wanted");
  product(exec, "rvfit::Correlation::transform", {a.data, transform.rows, block(), block()},
          forward_, transform, times(in_use, count));
  const detail::MultiplyTransforms<P> kernel{
      {transform.data, transform.rows, length_, transform.stride},
      v.transform.data(),
      sums,
      v.count,
      count,
      accumulate,
      times(in_use, v.count)};
  Kokkos::parallel_for("rvfit::Correlation::multiply",
                       typename P::range_policy(exec, 0, kernel.size()), kernel);
}

template <ExecutionPolicy P>
void Correlation<P>::shift(const Exec& exec, MatrixRef<const Real> sums, MatrixRef<Real> c,
                           const RowsInUse<P>& in_use) const {
  RVFIT_REQUIRE(sums.columns == length_ && c.columns % shifts_ == 0 && c.stride == c.columns &&
                    c.rows * (c.columns / shifts_) == sums.rows,
                "Correlation: c is ", c.rows, " x ", c.columns, " of ", shifts_,
                " shifts, sums are ", sums.rows, " x ", sums.columns, ", ", length_, " wanted");
  RVFIT_REQUIRE(sums.rows % gemm_row_group == 0, "Correlation: ", sums.rows,
                " sums, not a multiple of ", gemm_row_group);
  const int vectors = c.columns / shifts_;
  product(exec, "rvfit::Correlation::shift", sums, backward_, {c.data, sums.rows, shifts_, shifts_},
          times(in_use, vectors));
}

}  // namespace rvfit

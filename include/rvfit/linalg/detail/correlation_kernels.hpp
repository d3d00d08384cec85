// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Kernels of linalg/correlation.hpp, on transforms that lie as detail/odd_frequencies.hpp says.

#include <rvfit/core/pack.hpp>
#include <rvfit/linalg/detail/host_gemm.hpp>
#include <rvfit/linalg/detail/odd_frequencies.hpp>
#include <rvfit/linalg/matrix_ref.hpp>

#include <type_traits>

namespace rvfit::detail {

/// Frequencies that a thread handles at once: a group on a host, one on devices.
template <ExecutionPolicy P>
using Frequencies =
    std::conditional_t<P::on_host, Pack<typename P::real_type, frequencies_abreast<P>>,
                       typename P::real_type>;

/// Place of the n-th `Frequencies` in a group, and the group.
template <ExecutionPolicy P>
struct FrequencyPlace {
  static constexpr int abreast = frequencies_abreast<P>;
  int group, within;

  KOKKOS_FUNCTION explicit FrequencyPlace(int n)
      : group(n * pack_size<Frequencies<P>> / abreast),
        within(n * pack_size<Frequencies<P>> % abreast) {}
};

/// Transforms of all blocks of vectors, which overlap: block n of vector m begins at n * block. Where the last
/// ones pass the end of a vector, zeros follow.
template <ExecutionPolicy P>
struct TransformVectors {
  using T = typename P::real_type;
  static constexpr int abreast = frequencies_abreast<P>;
  MatrixRef<const T> v;  ///< (M, J + S - 1)
  const T* forward;      ///< (groups, L, 2 w)
  int block, blocks, length;
  T* out;  ///< (groups, M, blocks, 2 w)

  KOKKOS_FUNCTION void operator()(int row, int n) const {
    const FrequencyPlace<P> place(n);
    const int begin = row % blocks * block;
    const T* from = v.row(row / blocks) + begin;
    const T* wave = forward + std::ptrdiff_t{place.group} * length * 2 * abreast + place.within;
    Frequencies<P> real(0), imaginary(0);
    for (int j = 0; j < Kokkos::min(length, v.columns - begin); ++j, wave += 2 * abreast) {
      real += from[j] * load<Frequencies<P>>(wave);
      imaginary += from[j] * load<Frequencies<P>>(wave + abreast);
    }
    T* to =
        out + (std::ptrdiff_t{place.group} * v.rows * blocks + row) * 2 * abreast + place.within;
    store(real, to);
    store(imaginary, to + abreast);
  }
};

/// Z(t, m, k) = sum_n conj(A(t, n, k)) V(m, n, k) over the blocks n, or added to Z. A thread has a few rows and
/// vectors, whose sums stay in registers.
template <ExecutionPolicy P>
struct MultiplyTransforms {
  using T = typename P::real_type;
  static constexpr int abreast = frequencies_abreast<P>;
  static constexpr int rows =
      P::on_host && host_registers < 32 ? 2 : 4;  ///< divides gemm_row_group
  static constexpr int vectors = P::on_host ? 2 : 4;
  MatrixRef<const T> a;  ///< (T * blocks, L)
  const T* v;            ///< (groups, M, blocks, 2 w)
  MatrixRef<T> sums;     ///< (T * M, L)
  int count;             ///< M
  int blocks;
  bool accumulate;
  RowsInUse<P> in_use;

  [[nodiscard]] KOKKOS_FUNCTION int row_groups() const { return sums.rows / count / rows; }
  [[nodiscard]] KOKKOS_FUNCTION int vector_groups() const {
    return (count + vectors - 1) / vectors;
  }
  [[nodiscard]] KOKKOS_FUNCTION int frequencies() const {
    return a.columns / 2 / pack_size<Frequencies<P>>;
  }
  [[nodiscard]] int size() const { return row_groups() * vector_groups() * frequencies(); }

  KOKKOS_FUNCTION void operator()(int n) const {
    if constexpr (P::on_host) {  // the vectors stay in cache while rows go by
      run(n % row_groups(), n / row_groups() % vector_groups(), n / row_groups() / vector_groups());
    } else {  // neighbours read neighbours
      const int place = n / frequencies();
      run(place % row_groups(), place / row_groups(), n % frequencies());
    }
  }

 private:
  KOKKOS_FUNCTION void run(int row_group, int vector_group, int frequency) const {
    const int t = row_group * rows;
    if (t * count >= in_use(sums.rows)) {
      return;
    }
    const FrequencyPlace<P> place(frequency);
    const int column = place.group * 2 * abreast + place.within;
    const T* a_at = a.row(t * blocks) + column;
    const std::ptrdiff_t row_step = blocks * a.stride;
    const T* v_at[vectors];
    for (int j = 0; j < vectors; ++j) {  // the last again where there are too few
      const int m = Kokkos::min(vector_group * vectors + j, count - 1);
      v_at[j] = v + (std::ptrdiff_t{place.group} * count + m) * blocks * 2 * abreast + place.within;
    }
    Frequencies<P> real[rows][vectors], imaginary[rows][vectors];
    for (int i = 0; i < rows; ++i) {
      for (int j = 0; j < vectors; ++j) {
        real[i][j] = imaginary[i][j] = Frequencies<P>(0);
      }
    }
    for (int n = 0; n < blocks; ++n) {
      Frequencies<P> v_real[vectors], v_imaginary[vectors];
      for (int j = 0; j < vectors; ++j) {
        v_real[j] = load<Frequencies<P>>(v_at[j] + n * 2 * abreast);
        v_imaginary[j] = load<Frequencies<P>>(v_at[j] + n * 2 * abreast + abreast);
      }
      for (int i = 0; i < rows; ++i) {
        const T* from = a_at + i * row_step + n * a.stride;
        const auto a_real = load<Frequencies<P>>(from);
        const auto a_imaginary = load<Frequencies<P>>(from + abreast);
        for (int j = 0; j < vectors; ++j) {
          real[i][j] += a_real * v_real[j];
          real[i][j] += a_imaginary * v_imaginary[j];
          imaginary[i][j] += a_real * v_imaginary[j];
          imaginary[i][j] -= a_imaginary * v_real[j];
        }
      }
    }
    for (int i = 0; i < rows; ++i) {
      for (int j = 0; j < vectors && vector_group * vectors + j < count; ++j) {
        T* to = sums.row((t + i) * count + vector_group * vectors + j) + column;
        add(real[i][j], to);
        add(imaginary[i][j], to + abreast);
      }
    }
  }

  KOKKOS_FUNCTION void add(const Frequencies<P>& sum, T* to) const {
    store(accumulate ? load<Frequencies<P>>(to) + sum : sum, to);
  }
};

}  // namespace rvfit::detail

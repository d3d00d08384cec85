// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// One block of a matrix product on the calling thread, by Eigen. Host code only.

// Eigen is for hosts here. Its own device code, which 3.4 turns on for any source that a HIP compiler
// reads, does not compile with HIP 6.
#if defined(__HIPCC__) && !defined(EIGEN_NO_HIP)
#define EIGEN_NO_HIP
#endif

#include <Eigen/Core>

#include <cstddef>

#if defined(_OPENMP)
#include <omp.h>
#endif

namespace rvfit::detail {

/// While it lives, Eigen starts no OpenMP threads of its own on this thread: a block belongs to one.
/// (Eigen asks for omp_get_max_threads(), unless it finds itself among several threads already, which
/// in a kernel on an instance of one thread it does not.)
class OneThread {
 public:
#if defined(_OPENMP)
  OneThread() { omp_set_num_threads(1); }
  ~OneThread() { omp_set_num_threads(before_); }
#else
  OneThread() {}
#endif
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
#if defined(_OPENMP)
  int before_ = omp_get_max_threads();
#endif
};

/// Products with fewer inner plus outer columns are left to plain loops, whatever the number of rows:
/// below a sum of 20 for all three extents Eigen takes another path, which rounds otherwise.
inline constexpr int smallest_eigen_product = 20;

/// C = A B or C += A B, row-major with the given row strides; B's rows may overlap.
template <class T>
void host_gemm(const T* a, std::ptrdiff_t a_stride, const T* b, std::ptrdiff_t b_stride, T* c,
               std::ptrdiff_t c_stride, int rows, int inner, int columns, bool accumulate) {
  if (inner + columns < smallest_eigen_product) {
    for (int i = 0; i < rows; ++i) {
      for (int j = 0; j < columns; ++j) {
        T sum = accumulate ? c[i * c_stride + j] : T(0);
        for (int k = 0; k < inner; ++k) {
          sum += a[i * a_stride + k] * b[k * b_stride + j];
        }
        c[i * c_stride + j] = sum;
      }
    }
    return;
  }
  const OneThread one_thread;
  using RowMajor = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using Stride = Eigen::OuterStride<Eigen::Dynamic>;
  const Eigen::Map<const RowMajor, 0, Stride> a_map(a, rows, inner, Stride(a_stride));
  const Eigen::Map<const RowMajor, 0, Stride> b_map(b, inner, columns, Stride(b_stride));
  Eigen::Map<RowMajor, 0, Stride> c_map(c, rows, columns, Stride(c_stride));
  if (accumulate) {
    c_map.noalias() += a_map * b_map;
  } else {
    c_map.noalias() = a_map * b_map;
  }
}

}  // namespace rvfit::detail

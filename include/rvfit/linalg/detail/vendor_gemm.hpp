// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// C = A B by the device vendor's library: cuBLAS (RVFIT_HAVE_CUBLAS) or rocBLAS (RVFIT_HAVE_ROCBLAS), which
/// CMake defines where it finds the one that belongs to Kokkos' device.
///
/// Both store matrices by columns, so they are asked for C^T = B^T A^T: the same memory. Compared with our
/// own product (device_gemm.hpp):
/// - all rows are multiplied, those past the end of a list too: its length is on the device;
/// - the kernel is chosen by the shape, so that the bits of a row may depend on how many there are.
///
/// With RVFIT_TF32_TANGENTS cuBLAS rounds the factors of tangents to tf32, 10 bits of mantissa, and adds
/// up in float: derivatives are good to about 1e-3 then, which changes the path of a fit and its errors,
/// not where it ends. Values stay float: of rows t * L + l, lane 0 is one product of every L-th row,
/// and the tangents are a batch of L - 1 such products.

#include <rvfit/linalg/matrix_ref.hpp>

#include <Kokkos_Core.hpp>
#include <Kokkos_Profiling_ScopedRegion.hpp>

#include <cstddef>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <type_traits>

#if defined(RVFIT_HAVE_CUBLAS)
#include <cublas_v2.h>
#elif defined(RVFIT_HAVE_ROCBLAS)
#include <rocblas/rocblas.h>
#endif

namespace rvfit::detail {

/// C_n = A_n B, n = 0 .. count - 1: A_n begins a_step elements after A_{n-1}, C_n likewise.
template <class T>
struct ProductBatch {
  MatrixRef<const T> a, b;
  MatrixRef<T> c;
  std::ptrdiff_t a_step = 0;
  std::ptrdiff_t c_step = 0;
  int count = 1;
};

/// The library of an execution space; none but for those below.
template <class Exec>
struct VendorBlas {
  static constexpr bool available = false;
};

#if defined(RVFIT_HAVE_CUBLAS)

template <>
struct VendorBlas<Kokkos::Cuda> {
  static constexpr bool available = true;
#if defined(RVFIT_TF32_TANGENTS)
  static constexpr bool reduces_tangents = true;
#else
  static constexpr bool reduces_tangents = false;
#endif
  using Handle = cublasHandle_t;
  using Stream = cudaStream_t;

  static Stream stream(const Kokkos::Cuda& exec) { return exec.cuda_stream(); }
  static Handle create(Stream stream) {
    Handle handle = nullptr;
    require(cublasCreate(&handle), "cublasCreate");
    require(cublasSetStream(handle, stream), "cublasSetStream");
    return handle;
  }
  static void destroy(Handle handle) { cublasDestroy(handle); }

  template <class T>
  static void multiply(Handle handle, const ProductBatch<T>& p, bool reduced) {
    constexpr bool is_float = std::is_same_v<T, float>;
    constexpr cudaDataType_t type = is_float ? CUDA_R_32F : CUDA_R_64F;
    const cublasComputeType_t compute = !is_float ? CUBLAS_COMPUTE_64F
                                        : reduced ? CUBLAS_COMPUTE_32F_FAST_TF32
                                                  : CUBLAS_COMPUTE_32F;
    const T one = 1, zero = 0;
    require(cublasGemmStridedBatchedEx(
                handle, CUBLAS_OP_N, CUBLAS_OP_N, p.c.columns, p.c.rows, p.a.columns, &one,
                p.b.data, type, static_cast<int>(p.b.stride), 0, p.a.data, type,
                static_cast<int>(p.a.stride), p.a_step, &zero, p.c.data, type,
                static_cast<int>(p.c.stride), p.c_step, p.count, compute, CUBLAS_GEMM_DEFAULT),
            "cublasGemmStridedBatchedEx");
  }

 private:
  static void require(cublasStatus_t status, const char* call) {
    if (status != CUBLAS_STATUS_SUCCESS) {
      throw std::runtime_error(std::string(call) + ": " + cublasGetStatusString(status));
    }
  }
};

#elif defined(RVFIT_HAVE_ROCBLAS)

template <>
struct VendorBlas<Kokkos::HIP> {
  static constexpr bool available = true;
  static constexpr bool reduces_tangents = false;
  using Handle = rocblas_handle;
  using Stream = hipStream_t;

  static Stream stream(const Kokkos::HIP& exec) { return exec.hip_stream(); }
  static Handle create(Stream stream) {
    Handle handle = nullptr;
    require(rocblas_create_handle(&handle), "rocblas_create_handle");
    require(rocblas_set_stream(handle, stream), "rocblas_set_stream");
    return handle;
  }
  static void destroy(Handle handle) { static_cast<void>(rocblas_destroy_handle(handle)); }

  template <class T>
  static void multiply(Handle handle, const ProductBatch<T>& p, bool /*reduced*/) {
    const T one = 1, zero = 0;
    const auto call = [&](auto gemm) {
      require(gemm(handle, rocblas_operation_none, rocblas_operation_none, p.c.columns, p.c.rows,
                   p.a.columns, &one, p.b.data, static_cast<rocblas_int>(p.b.stride), 0, p.a.data,
                   static_cast<rocblas_int>(p.a.stride), p.a_step, &zero, p.c.data,
                   static_cast<rocblas_int>(p.c.stride), p.c_step, p.count),
              "rocblas_gemm_strided_batched");
    };
    if constexpr (std::is_same_v<T, float>) {
      call(rocblas_sgemm_strided_batched);
    } else {
      call(rocblas_dgemm_strided_batched);
    }
  }

 private:
  static void require(rocblas_status status, const char* call) {
    if (status != rocblas_status_success) {
      throw std::runtime_error(std::string(call) + ": " + rocblas_status_to_string(status));
    }
  }
};

#endif

/// The library's handle of an instance's stream: made at the first product on it, with the library's own
/// workspace, and freed when Kokkos is finalized.
template <class Exec>
class VendorHandles {
  using Blas = VendorBlas<Exec>;

 public:
  [[nodiscard]] static typename Blas::Handle of(const Exec& exec) {
    static VendorHandles all;
    const std::lock_guard lock(all.mutex_);
    const auto stream = Blas::stream(exec);
    auto found = all.handles_.find(stream);
    if (found == all.handles_.end()) {
      if (all.handles_.empty()) {
        Kokkos::push_finalize_hook([]() { all.clear(); });
      }
      found = all.handles_.emplace(stream, Blas::create(stream)).first;
    }
    return found->second;
  }

 private:
  void clear() {
    for (const auto& [stream, handle] : handles_) {
      Blas::destroy(handle);
    }
    handles_.clear();
  }

  std::mutex mutex_;
  std::map<typename Blas::Stream, typename Blas::Handle> handles_;
};

/// C = A B; row t * lanes + l of A and C is lane l of entry t.
template <class Exec, class T>
void vendor_gemm(const Exec& exec, const std::string& label, MatrixRef<const T> a,
                 MatrixRef<const T> b, MatrixRef<T> c, int lanes) {
  using Blas = VendorBlas<Exec>;
  const Kokkos::Profiling::ScopedRegion region(label);
  const auto handle = VendorHandles<Exec>::of(exec);
  if (!Blas::reduces_tangents || lanes == 1) {
    Blas::multiply(handle, ProductBatch<T>{.a = a, .b = b, .c = c}, false);
    return;
  }
  const int entries = c.rows / lanes;
  const MatrixRef<const T> a_lane{a.data, entries, a.columns, lanes * a.stride};
  const MatrixRef<T> c_lane{c.data, entries, c.columns, lanes * c.stride};
  Blas::multiply(handle, ProductBatch<T>{.a = a_lane, .b = b, .c = c_lane}, false);
  ProductBatch<T> tangents{a_lane, b, c_lane, a.stride, c.stride, lanes - 1};
  tangents.a.data += a.stride;
  tangents.c.data += c.stride;
  Blas::multiply(handle, tangents, true);
}

}  // namespace rvfit::detail

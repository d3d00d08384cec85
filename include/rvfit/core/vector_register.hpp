// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Vector registers of the processor compiled for. RVFIT_VECTOR_TYPES is 1 where the compiler has vector
/// types (GCC, Clang); it is 0 in code for GPUs, where arrays stand in for registers.

#include <Kokkos_Core.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

#if (defined(__GNUC__) || defined(__clang__)) && !defined(KOKKOS_ENABLE_CUDA) && \
    !defined(KOKKOS_ENABLE_HIP) && !defined(KOKKOS_ENABLE_SYCL)
#define RVFIT_VECTOR_TYPES 1
#else
#define RVFIT_VECTOR_TYPES 0
#endif

namespace rvfit {

namespace detail {

#if defined(__AVX512F__)
inline constexpr int register_bytes = 64;
#elif defined(__AVX__)
inline constexpr int register_bytes = 32;
#else
inline constexpr int register_bytes = 16;
#endif

/// W numbers of type T in one register.
#if RVFIT_VECTOR_TYPES
template <class T, int W>
struct VectorRegister {
  using type __attribute__((vector_size(W * sizeof(T)))) = T;
};
#else
template <class T, int W>
struct VectorRegister {
  struct alignas(W * sizeof(T)) type {
    T v[W];
    KOKKOS_FORCEINLINE_FUNCTION T& operator[](int w) { return v[w]; }
    KOKKOS_FORCEINLINE_FUNCTION const T& operator[](int w) const { return v[w]; }
  };
};
#endif

/// The signed integer of this many bytes.
template <std::size_t Bytes>
using BitsOf = std::conditional_t<Bytes == 4, std::int32_t, std::int64_t>;

}  // namespace detail

/// Numbers of type T that fill a register.
template <class T>
inline constexpr int native_pack_size = detail::register_bytes / static_cast<int>(sizeof(T));

}  // namespace rvfit

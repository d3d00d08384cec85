// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Device memory that one batch of spectra after another goes through, so that a stream of them
/// allocates nothing.

#include <rvfit/core/require.hpp>
#include <rvfit/core/views.hpp>

#include <cstddef>

namespace rvfit {

/// Device arrays of one arm of up to `capacity` spectra: allocated once, filled batch after batch. What
/// is made of it shares its memory, so fill it again when the results of the batch before are read.
template <ExecutionPolicy P>
struct SpectrumBuffer {
  using Real = typename P::real_type;
  using Accum = typename P::accum_type;

  Matrix<Real, P> flux, weight;       ///< (capacity, N)
  Vector<Accum, P> log_norm, signal;  ///< (capacity)
  Vector<int, P> good;                ///< (capacity)
  Cube<Real, P> resolution;           ///< (capacity, D, N)

  SpectrumBuffer() = default;
  /// @param[in] diagonals  D, 0 without resolution matrices
  SpectrumBuffer(const typename P::execution_space& exec, std::size_t capacity, std::size_t pixels,
                 std::size_t diagonals = 0)
      : flux(allocate_raw<Matrix<Real, P>>(exec, "rvfit::SpectrumBuffer::flux", capacity, pixels)),
        weight(
            allocate_raw<Matrix<Real, P>>(exec, "rvfit::SpectrumBuffer::weight", capacity, pixels)),
        log_norm(allocate_raw<Vector<Accum, P>>(exec, "rvfit::SpectrumBuffer::log_norm", capacity)),
        signal(allocate_raw<Vector<Accum, P>>(exec, "rvfit::SpectrumBuffer::signal", capacity)),
        good(allocate_raw<Vector<int, P>>(exec, "rvfit::SpectrumBuffer::good", capacity)),
        resolution(allocate_raw<Cube<Real, P>>(exec, "rvfit::SpectrumBuffer::resolution",
                                               diagonals > 0 ? capacity : 0, diagonals,
                                               diagonals > 0 ? pixels : 0)) {}

  [[nodiscard]] std::size_t capacity() const { return flux.extent(0); }

  /// That of the first `rows` spectra. @throws InvalidArgument  more than its capacity
  [[nodiscard]] SpectrumBuffer first(std::size_t rows) const {
    RVFIT_REQUIRE(rows <= capacity(), "SpectrumBuffer: ", rows, " spectra, capacity ", capacity());
    SpectrumBuffer part;
    part.flux = first_rows(flux, rows);
    part.weight = first_rows(weight, rows);
    part.log_norm = first_rows(log_norm, rows);
    part.signal = first_rows(signal, rows);
    part.good = first_rows(good, rows);
    part.resolution = resolution.extent(1) > 0 ? first_rows(resolution, rows) : resolution;
    return part;
  }
};

/// Device memory for host arrays of (rows, columns), kept from one to the next.
template <class T, ExecutionPolicy P>
class UploadBuffer {
 public:
  /// Host values as kernels see them: where these read the host's memory the values themselves, else a
  /// copy. They must stay as they are until the work that reads them is done. Allocates only what is
  /// larger than everything before.
  [[nodiscard]] Matrix<const T, P> upload(const typename P::execution_space& exec, const T* values,
                                          std::size_t rows, std::size_t columns) {
    if constexpr (P::on_host) {
      return Matrix<const T, P>(values, rows, columns);
    } else {
      const std::size_t count = rows * columns;
      if (memory_.size() < count) {
        memory_ = {};
        memory_ = allocate_raw<Vector<T, P>>(exec, "rvfit::UploadBuffer", count);
      }
      Kokkos::deep_copy(
          exec, first_rows(memory_, count),
          Kokkos::View<const T*, Kokkos::HostSpace, Kokkos::MemoryUnmanaged>(values, count));
      return Matrix<const T, P>(memory_.data(), rows, columns);
    }
  }

 private:
  Vector<T, P> memory_;
};

}  // namespace rvfit

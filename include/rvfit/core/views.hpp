// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Named views. Every array is LayoutRight with the batch axis first; index letters are global:
/// `b` spectrum, `t` entry of a tile, `l` lane, `i` pixel, `p` parameter, `k` continuum column.

#include <rvfit/core/policy.hpp>
#include <rvfit/core/require.hpp>

#include <Kokkos_Core.hpp>

#include <algorithm>
#include <string>

namespace rvfit {

template <class T, class P>
using Scalar = Kokkos::View<T, Kokkos::LayoutRight, typename P::memory_space>;
template <class T, class P>
using Vector = Kokkos::View<T*, Kokkos::LayoutRight, typename P::memory_space>;
template <class T, class P>
using Matrix = Kokkos::View<T**, Kokkos::LayoutRight, typename P::memory_space>;
template <class T, class P>
using Cube = Kokkos::View<T***, Kokkos::LayoutRight, typename P::memory_space>;

/// Spectra of a tile with their tangents, (t, l, i): lane 0 is the value, lane 1+p the derivative
/// with respect to parameter p.
template <class P>
using Jets = Cube<typename P::real_type, P>;

/// Allocate a zeroed view; the zeroing is enqueued on `exec`.
template <class View, class Exec, class... Extents>
[[nodiscard]] View allocate(const Exec& exec, const std::string& label, Extents... extents) {
  return View(Kokkos::view_alloc(exec, label), static_cast<std::size_t>(extents)...);
}

/// Allocate a view whose first use writes it.
template <class View, class Exec, class... Extents>
[[nodiscard]] View allocate_raw(const Exec& exec, const std::string& label, Extents... extents) {
  return View(Kokkos::view_alloc(exec, Kokkos::WithoutInitializing, label),
              static_cast<std::size_t>(extents)...);
}

/// Copy host values, converted to the view's type, into a new view on the device.
/// The call returns when the host array may be reused.
template <class View, class Exec, class Container>
[[nodiscard]] View upload(const Exec& exec, const std::string& label, const Container& values) {
  static_assert(View::rank() == 1, "upload: the view must be of rank 1");
  const auto size = static_cast<std::size_t>(values.size());
  using Value = typename View::non_const_value_type;
  Kokkos::View<Value*, Kokkos::LayoutRight, typename View::memory_space> out(
      Kokkos::view_alloc(exec, Kokkos::WithoutInitializing, label), size);
  auto host = Kokkos::create_mirror_view(out);
  for (std::size_t i = 0; i < size; ++i) {
    host(i) = static_cast<Value>(values[i]);
  }
  Kokkos::deep_copy(exec, out, host);
  exec.fence("rvfit::upload: host array is free");
  return out;
}

/// The same for a row-major host matrix of `rows` x `columns`.
/// @throws InvalidArgument  another number of values
template <class View, class Exec, class Container>
[[nodiscard]] View upload_matrix(const Exec& exec, const std::string& label,
                                 const Container& values, std::size_t rows, std::size_t columns) {
  static_assert(View::rank() == 2, "upload_matrix: the view must be of rank 2");
  RVFIT_REQUIRE(static_cast<std::size_t>(values.size()) == rows * columns, "upload_matrix: ", label,
                " has ", values.size(), " values, wanted ", rows, " x ", columns);
  using Value = typename View::non_const_value_type;
  Kokkos::View<Value**, Kokkos::LayoutRight, typename View::memory_space> out(
      Kokkos::view_alloc(exec, Kokkos::WithoutInitializing, label), rows, columns);
  auto host = Kokkos::create_mirror_view(out);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      host(i, j) = static_cast<Value>(values[i * columns + j]);
    }
  }
  Kokkos::deep_copy(exec, out, host);
  exec.fence("rvfit::upload_matrix: host array is free");
  return out;
}

/// The same for row-major host values of extents n0 x n1 x n2.
/// @throws InvalidArgument  another number of values
template <class View, class Exec, class Container>
[[nodiscard]] View upload_cube(const Exec& exec, const std::string& label, const Container& values,
                               std::size_t n0, std::size_t n1, std::size_t n2) {
  static_assert(View::rank() == 3, "upload_cube: the view must be of rank 3");
  RVFIT_REQUIRE(static_cast<std::size_t>(values.size()) == n0 * n1 * n2, "upload_cube: ", label,
                " has ", values.size(), " values, wanted ", n0, " x ", n1, " x ", n2);
  using Value = typename View::non_const_value_type;
  Kokkos::View<Value***, Kokkos::LayoutRight, typename View::memory_space> out(
      Kokkos::view_alloc(exec, Kokkos::WithoutInitializing, label), n0, n1, n2);
  auto host = Kokkos::create_mirror_view(out);
  std::transform(values.begin(), values.end(), host.data(),
                 [](auto value) { return static_cast<Value>(value); });
  Kokkos::deep_copy(exec, out, host);
  exec.fence("rvfit::upload_cube: host array is free");
  return out;
}

/// A copy of a view in host memory; returns when it is there.
template <class Exec, class View>
[[nodiscard]] auto download(const Exec& exec, const View& view) {
  auto host = Kokkos::create_mirror(Kokkos::HostSpace{}, view);
  Kokkos::deep_copy(exec, host, view);
  exec.fence("rvfit::download: values are on the host");
  return host;
}

}  // namespace rvfit

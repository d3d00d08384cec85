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
#include <type_traits>
#include <vector>

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
  auto host = Kokkos::create_mirror_view(Kokkos::WithoutInitializing, out);
  for (std::size_t i = 0; i < size; ++i) {
    host(i) = static_cast<Value>(values[i]);
  }
  Kokkos::deep_copy(exec, out, host);
  exec.fence("rvfit::upload: host array is free");
  return out;
}

/// Upload a row-major host matrix of `rows` x `columns`, likewise.
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
  auto host = Kokkos::create_mirror_view(Kokkos::WithoutInitializing, out);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      host(i, j) = static_cast<Value>(values[i * columns + j]);
    }
  }
  Kokkos::deep_copy(exec, out, host);
  exec.fence("rvfit::upload_matrix: host array is free");
  return out;
}

/// Upload row-major host values of extents n0 x n1 x n2, likewise.
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
  auto host = Kokkos::create_mirror_view(Kokkos::WithoutInitializing, out);
  std::transform(values.begin(), values.end(), host.data(),
                 [](auto value) { return static_cast<Value>(value); });
  Kokkos::deep_copy(exec, out, host);
  exec.fence("rvfit::upload_cube: host array is free");
  return out;
}

/// The first `rows` rows of a view, which shares its memory.
template <class View>
[[nodiscard]] View first_rows(const View& view, std::size_t rows) {
  static_assert(View::rank() >= 1 && View::rank() <= 3,
                "first_rows: the view must be of rank 1 to 3");
  const Kokkos::pair<std::size_t, std::size_t> range(0, rows);
  if constexpr (View::rank() == 1) {
    return Kokkos::subview(view, range);
  } else if constexpr (View::rank() == 2) {
    return Kokkos::subview(view, range, Kokkos::ALL);
  } else {
    return Kokkos::subview(view, range, Kokkos::ALL, Kokkos::ALL);
  }
}

/// The first `rows` rows of a view, row-major and converted to T; returns when they are there. Kokkos
/// allocates and frees nothing for it: that would make every instance of the space wait for all others.
template <class T, class Exec, class View>
[[nodiscard]] std::vector<T> download_rows(const Exec& exec, const View& view, std::size_t rows) {
  RVFIT_REQUIRE(rows <= view.extent(0) && view.span() == view.size(),
                "download_rows: ", view.label(), " has ", view.extent(0), " rows, wanted ", rows,
                ", without gaps");
  using Value = typename View::non_const_value_type;
  const std::size_t count = view.extent(0) == 0 ? 0 : rows * (view.size() / view.extent(0));
  std::vector<Value> values(count);
  Kokkos::deep_copy(
      exec, Kokkos::View<Value*, Kokkos::HostSpace, Kokkos::MemoryUnmanaged>(values.data(), count),
      Kokkos::View<const Value*, typename View::memory_space, Kokkos::MemoryUnmanaged>(view.data(),
                                                                                       count));
  exec.fence("rvfit::download_rows: values are on the host");
  if constexpr (std::is_same_v<T, Value>) {
    return values;
  } else {
    return std::vector<T>(values.begin(), values.end());
  }
}

/// A copy of a view in host memory; returns when it is there.
template <class Exec, class View>
[[nodiscard]] auto download(const Exec& exec, const View& view) {
  auto host = Kokkos::create_mirror(Kokkos::WithoutInitializing, Kokkos::HostSpace{}, view);
  Kokkos::deep_copy(exec, host, view);
  exec.fence("rvfit::download: values are on the host");
  return host;
}

}  // namespace rvfit

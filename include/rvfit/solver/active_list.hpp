// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Lists of the fits still worked on, compacted on the device in their original order.

#include <rvfit/core/tile.hpp>
#include <rvfit/linalg/matrix_ref.hpp>

#include <algorithm>

namespace rvfit {

/// Predicate of `ActiveList::select` that keeps every entry.
struct KeepAll {
  KOKKOS_FUNCTION bool operator()(int) const { return true; }
};

namespace detail {

/// Exclusive scan over 0 .. size that stores the entries kept, and at the end their number.
template <ExecutionPolicy P, class Keep>
struct SelectEntries {
  int size;
  Keep keep;
  Vector<int, P> index;
  Scalar<int, P> count;

  KOKKOS_FUNCTION void operator()(int b, int& position, bool last) const {
    const bool kept = b < size && keep(b);
    if (last && kept) {
      index(position) = b;
    }
    position += kept ? 1 : 0;
    if (last && b + 1 >= size) {
      count() = position;
    }
  }
};

}  // namespace detail

/// Indices of some of B fits. The length lives on the device; the host keeps an upper bound, exact
/// after `refresh`, and always exact where the host can read the device's memory.
template <ExecutionPolicy P>
class ActiveList {
 public:
  using Exec = typename P::execution_space;

  ActiveList(const Exec& exec, int capacity)
      : index_(allocate_raw<Vector<int, P>>(exec, "rvfit::ActiveList::index", capacity)),
        count_(allocate<Scalar<int, P>>(exec, "rvfit::ActiveList::count")),
        host_count_("rvfit::ActiveList::host_count") {}

  [[nodiscard]] int bound() const { return bound_; }
  [[nodiscard]] Vector<const int, P> index() const { return index_; }
  [[nodiscard]] Scalar<const int, P> count() const { return count_; }

  /// Entries begin .. begin + size as a tile; sizes are padded to whole row groups by the caller.
  [[nodiscard]] Tile<P> tile(int begin, int size) const {
    return {index_, count_, begin, size, spectra_};
  }

  /// Call `body(tile)` for the whole list in tiles of `most` entries, a multiple of gemm_row_group, the
  /// last padded to whole row groups.
  template <class Body>
  void for_each_tile(int most, const Body& body) const {
    for (int begin = 0; begin < bound_; begin += most) {
      const int rest = bound_ - begin;
      const int padded = (rest + gemm_row_group - 1) / gemm_row_group * gemm_row_group;
      body(tile(begin, std::min(most, padded)));
    }
  }

  /// From now on fits b, b + spectra, b + 2 spectra .. share a spectrum (0: each has its own).
  void share_spectra(int spectra) { spectra_ = spectra; }

  /// All b in 0 .. size with keep(b), in order; at most `limit` are known to qualify.
  template <class Keep>
  void select(const Exec& exec, int size, int limit, const Keep& keep) {
    Kokkos::parallel_scan("rvfit::ActiveList::select",
                          typename P::range_policy(exec, 0, std::max(size, 1)),
                          detail::SelectEntries<P, Keep>{size, keep, index_, count_});
    bound_ = limit;
    if constexpr (P::on_host) {
      refresh(exec);
    }
  }

  /// Read the length: one integer to the host, and the only fence of the solver's loop.
  int refresh(const Exec& exec) {
    Kokkos::deep_copy(exec, host_count_, count_);
    exec.fence("rvfit::ActiveList::refresh: one integer to the host");
    bound_ = host_count_();
    return bound_;
  }

 private:
  Vector<int, P> index_;
  Scalar<int, P> count_;
  Kokkos::View<int, Kokkos::HostSpace> host_count_;
  int bound_ = 0;
  int spectra_ = 0;
};

}  // namespace rvfit

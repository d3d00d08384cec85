// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/policies.hpp"
#include <rvfit/solver/active_list.hpp>

#include <utility>
#include <vector>

namespace rvfit::test::active_list {

/// Keeps every third entry, from the second on.
struct EveryThird {
  KOKKOS_FUNCTION bool operator()(int b) const { return b % 3 == 1; }
};
struct KeepNone {
  KOKKOS_FUNCTION bool operator()(int) const { return false; }
};

/// The listed fits, as kernels read them through tiles.
template <class P>
struct ReadTile {
  Tile<P> tile;
  Vector<int, P> fits;      ///< in the order of the list
  Vector<int, P> spectrum;  ///< of each
  KOKKOS_FUNCTION void operator()(int t) const {
    const int b = tile.fit(t);
    if (b >= 0) {
      fits(tile.begin + t) = b;
      spectrum(tile.begin + t) = tile.spectrum_of(b);
    }
  }
};

template <class P>
struct Lists {
  Exec exec;
  ActiveList<P> list{exec, 20};
  std::vector<std::pair<int, int>> tiles;  ///< begin and size, of the last `read`
  std::vector<int> spectra;

  std::vector<int> read(int most) {
    const Vector<int, P> fits("fits", 20), spectrum("spectrum", 20);
    Kokkos::deep_copy(fits, -1);
    tiles.clear();
    list.for_each_tile(most, [&](const Tile<P>& tile) {
      tiles.emplace_back(tile.begin, tile.size);
      Kokkos::parallel_for("test", typename P::range_policy(exec, 0, tile.size),
                           ReadTile<P>{tile, fits, spectrum});
    });
    spectra = values(exec, spectrum);
    std::vector<int> result = values(exec, fits);
    std::erase(result, -1);
    return result;
  }
};

template <class P>
void selects_in_order() {
  Lists<P> lists;
  lists.list.select(lists.exec, 20, 20, EveryThird{});
  CHECK(lists.list.refresh(lists.exec) == 7);
  CHECK(lists.list.bound() == 7);
  CHECK(lists.read(20) == std::vector<int>{1, 4, 7, 10, 13, 16, 19});
  // A second selection starts from all entries again, not from those of the first.
  lists.list.select(lists.exec, 5, 5, KeepAll{});
  CHECK(lists.list.refresh(lists.exec) == 5);
  CHECK(lists.read(20) == std::vector<int>{0, 1, 2, 3, 4});
  lists.list.select(lists.exec, 20, 20, KeepNone{});
  CHECK(lists.list.refresh(lists.exec) == 0);
  CHECK(lists.read(20).empty());
  lists.list.select(lists.exec, 20, 20, KeepAll{});
  lists.list.select(lists.exec, 0, 0, KeepAll{});
  CHECK(lists.list.refresh(lists.exec) == 0);
}

RVFIT_TEST_DOUBLE("active_list: entries kept are listed in their order, and counted",
                  selects_in_order);

template <class P>
void bounds_the_length() {
  Lists<P> lists;
  lists.list.select(lists.exec, 20, 12, EveryThird{});
  // A host reads the length at once; elsewhere the bound is the caller's until `refresh`.
  CHECK(lists.list.bound() == (P::on_host ? 7 : 12));
  CHECK(lists.read(20) == std::vector<int>{1, 4, 7, 10, 13, 16, 19});
}

RVFIT_TEST_DOUBLE("active_list: the host's bound is exact after a refresh, before it the caller's",
                  bounds_the_length);

template <class P>
void cuts_into_tiles() {
  Lists<P> lists;
  lists.list.select(lists.exec, 20, 20, EveryThird{});
  lists.list.refresh(lists.exec);
  CHECK(lists.read(4) == std::vector<int>{1, 4, 7, 10, 13, 16, 19});
  // Seven entries: four, and three padded to a whole row group.
  static_assert(gemm_row_group == 4);
  CHECK(lists.tiles == std::vector<std::pair<int, int>>{{0, 4}, {4, 4}});
  CHECK(lists.read(16).size() == 7);
  CHECK(lists.tiles == std::vector<std::pair<int, int>>{{0, 8}});
}

RVFIT_TEST_DOUBLE("active_list: tiles cover the list, the last padded to whole row groups",
                  cuts_into_tiles);

template <class P>
void shares_spectra() {
  Lists<P> lists;
  lists.list.select(lists.exec, 20, 20, EveryThird{});
  lists.read(20);
  CHECK(std::vector(lists.spectra.begin(), lists.spectra.begin() + 3) == std::vector<int>{1, 4, 7});
  lists.list.share_spectra(5);
  lists.read(20);
  CHECK(std::vector(lists.spectra.begin(), lists.spectra.begin() + 3) == std::vector<int>{1, 4, 2});
}

RVFIT_TEST_DOUBLE("active_list: fits k B + b share spectrum b when told so", shares_spectra);

}  // namespace rvfit::test::active_list

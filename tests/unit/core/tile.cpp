// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/policies.hpp"
#include "support/synthetic.hpp"
#include <rvfit/core/tile.hpp>

#include <vector>

namespace rvfit::test::tile {

template <class P>
struct FitsOf {
  Tile<P> tile;
  Vector<int, P> out;
  KOKKOS_FUNCTION void operator()(int t) const { out(t) = tile.fit(t); }
};

template <class P>
void looks_up_the_list() {
  const Exec exec{};
  Tile<P> tile = tile_of<P>(exec, {7, 3, 9, 11, 2}, 8);
  tile.begin = 2;
  tile.size = 6;
  const auto out = allocate<Vector<int, P>>(exec, "fits", 6);
  Kokkos::parallel_for("fits", typename P::range_policy(exec, 0, 6), FitsOf<P>{tile, out});
  CHECK(values(exec, out) == std::vector<int>{9, 11, 2, -1, -1, -1});
  CHECK(tile.spectrum_of(11) == 11);
  tile.spectra = 4;  // fits 3, 7, 11 are three starts of one spectrum
  CHECK(tile.spectrum_of(11) == 3);
}

RVFIT_TEST_DOUBLE("tile: an entry is a fit of the list, or -1 past its end", looks_up_the_list);

}  // namespace rvfit::test::tile

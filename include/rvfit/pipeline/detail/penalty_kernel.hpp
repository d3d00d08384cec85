// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Kernel of the penalty outside a library's domain (pipeline/forward_model.hpp).

#include <rvfit/core/tile.hpp>
#include <rvfit/data/linearization.hpp>

#include <Kokkos_Core.hpp>

namespace rvfit::detail {

/// Penalty of one arm's domain for a tile.
template <ExecutionPolicy P, class Domain>
struct AddPenalty {
  Tile<P> tile;
  Matrix<const double, P> theta;
  Domain domain;
  Vector<const double, P> weight;
  Linearization<P> out;
  bool derivatives;

  KOKKOS_FUNCTION void operator()(int t) const {
    const int b = tile.fit(t);
    if (b < 0) {
      return;
    }
    double value = 0.0;
    double* gradient = derivatives ? &out.gradient(b, 0) : nullptr;
    double* hessian = derivatives ? &out.hessian(b, 0, 0) : nullptr;
    domain.add_penalty(&theta(b, 0), weight(tile.spectrum_of(b)), value, gradient, hessian,
                       static_cast<int>(out.hessian.extent(2)));
    out.value(b) += value;
  }
};

}  // namespace rvfit::detail

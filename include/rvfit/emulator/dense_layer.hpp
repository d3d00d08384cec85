// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// One dense layer for the jets of a whole tile.
///
///   z(t,l,:) = in(t,l,:) W,      out(t,0,j) = f(z(t,0,j) + bias_j),
///                                out(t,l,j) = f'(z(t,0,j) + bias_j) z(t,l,j),   l > 0
///
/// On hosts the activation follows each block of the product while it is in cache; on devices it is
/// a kernel of its own, so that the product can be a vendor's.

#include <rvfit/core/require.hpp>
#include <rvfit/core/views.hpp>
#include <rvfit/emulator/activation.hpp>
#include <rvfit/linalg/gemm.hpp>

#include <algorithm>

namespace rvfit {

/// A layer on the device.
template <ExecutionPolicy P>
struct DenseLayer {
  using Real = typename P::real_type;
  Cube<const Real, P> weight;  ///< (panels, inputs, panel width), see `upload_panels`
  Vector<const Real, P> bias;  ///< (outputs)
  Activation activation = Activation::identity;
  double slope = 0.01;

  [[nodiscard]] int inputs() const { return static_cast<int>(weight.extent(1)); }
  [[nodiscard]] int outputs() const { return static_cast<int>(bias.extent(0)); }
};

namespace detail {

/// Bias and activation of `columns` columns of the rows of whole spectra, L rows each.
/// @tparam Chunk  columns handled abreast
template <class Real, int Chunk>
struct ActivateBlock {
  const Real* bias;
  Activation activation;
  double slope;
  int lanes;

  KOKKOS_FUNCTION void operator()(MatrixRef<Real> c, int row, int rows, int column,
                                  int columns) const {
    visit_activation(activation, slope, [&](const auto& f) {
      for (int r = row; r < row + rows; r += lanes) {
        for (int j = column; j < column + columns; j += Chunk) {
          activate(f, c, r, j, Kokkos::min(Chunk, column + columns - j));
        }
      }
    });
  }

 private:
  template <class F>
  KOKKOS_FUNCTION void activate(const F& f, MatrixRef<Real> c, int r, int column, int width) const {
    Real slopes[Chunk];
    Real* value = c.row(r) + column;
    for (int j = 0; j < width; ++j) {
      const ActivationJet<Real> jet = f(value[j] + bias[column + j]);
      value[j] = jet.value;
      slopes[j] = jet.slope;
    }
    for (int l = 1; l < lanes; ++l) {
      Real* tangent = c.row(r + l) + column;
      for (int j = 0; j < width; ++j) {
        tangent[j] *= slopes[j];
      }
    }
  }
};

/// The same, one thread for one column of one spectrum.
template <ExecutionPolicy P>
struct ActivateKernel {
  using Real = typename P::real_type;
  MatrixRef<Real> c;
  ActivateBlock<Real, 1> block;
  RowsInUse<P> in_use;

  KOKKOS_FUNCTION void operator()(int t, int j) const {
    if (t * block.lanes >= in_use(c.rows)) {
      return;
    }
    block(c, t * block.lanes, block.lanes, j, 1);
  }
};

/// The portable layer, also on hosts: what devices run. Its weights are one panel.
template <ExecutionPolicy P>
void device_dense_layer(const typename P::execution_space& exec,
                        MatrixRef<const typename P::real_type> in, const DenseLayer<P>& layer,
                        int lanes, MatrixRef<typename P::real_type> out,
                        const RowsInUse<P>& in_use = {}) {
  using Real = typename P::real_type;
  using Range = typename P::template grid_policy<2>;
  // Kokkos' own choice on a CUDA device is 2 x 16, of which a processor of it can hold too few.
  const typename Range::tile_type threads =
      P::on_host ? typename Range::tile_type{} : typename Range::tile_type{1, 128};
  const MatrixRef<const Real> weight{layer.weight.data(), layer.inputs(), layer.outputs(),
                                     layer.outputs()};
  product_on_device<P>(exec, "rvfit::DenseLayer::product", in, weight, out, lanes, in_use);
  Kokkos::parallel_for(
      "rvfit::DenseLayer::activate", Range(exec, {0, 0}, {out.rows / lanes, out.columns}, threads),
      ActivateKernel<P>{out, {layer.bias.data(), layer.activation, layer.slope, lanes}, in_use});
}

}  // namespace detail

/// Apply a layer to a tile.
///
/// @param[in]  exec   instance the work is enqueued on; the call does not fence
/// @param[in]  in     (T * L, inputs)   row t * L + l is lane l of spectrum t; T a multiple of
///                                      gemm_row_group
/// @param[in]  lanes  L, 1 for values only
/// @param[out] out    (T * L, outputs)  must not alias `in`
/// @param[in]  in_use rows that are needed, if not all; the others may be left out
/// @throws InvalidArgument  extents differ
template <ExecutionPolicy P>
void dense_layer(const typename P::execution_space& exec, MatrixRef<const typename P::real_type> in,
                 const DenseLayer<P>& layer, int lanes, MatrixRef<typename P::real_type> out,
                 const RowsInUse<P>& in_use = {}) {
  using Real = typename P::real_type;
  RVFIT_REQUIRE(in.columns == layer.inputs(), "dense_layer: in has ", in.columns,
                " columns, the layer takes ", layer.inputs());
  RVFIT_REQUIRE(out.columns == layer.outputs(), "dense_layer: out has ", out.columns,
                " columns, the layer gives ", layer.outputs());
  RVFIT_REQUIRE(static_cast<int>(layer.weight.extent(2)) == panel_width<P>(layer.outputs()),
                "dense_layer: the weights are in panels of ", layer.weight.extent(2), " columns, ",
                panel_width<P>(layer.outputs()), " wanted");
  RVFIT_REQUIRE(in.rows == out.rows && in.rows % (lanes * gemm_row_group) == 0,
                "dense_layer: in has ", in.rows, " rows, out has ", out.rows,
                ", both must be the same multiple of ", lanes * gemm_row_group);
  if constexpr (P::on_host) {
    // Blocks of whole spectra, about 64 rows: a multiple of gemm_row_group spectra, and of the rows that
    // registers take at once, of which a rest runs at half the speed.
    const int fewest = lanes * gemm_row_group;
    const int full = 64 / fewest * fewest;
    const int groups =
        full % detail::rows_in_registers == 0 ? std::max(1, full / fewest) : full / fewest + 1;
    using Activate = detail::ActivateBlock<Real, detail::panel_columns<Real>>;
    detail::host_gemm<P>(exec, "rvfit::DenseLayer::product", in, layer.weight, out,
                         groups * gemm_row_group * lanes,
                         Activate{layer.bias.data(), layer.activation, layer.slope, lanes}, in_use);
  } else {
    detail::device_dense_layer(exec, in, layer, lanes, out, in_use);
  }
}

}  // namespace rvfit

// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The multi-layer perceptron of one arm: template and its derivatives with respect to the labels,
/// for a whole tile at once, by forward-mode differentiation.
///
///   x_j = (q_j - offset_j) / scale_j,  q_j = theta_j or log10(theta_j),  T = f_n(W_n ... f_1(W_1 x))
///
/// Agrees with rvspecfit's RVSInterpolator to the rounding of its float32 network.

#include <rvfit/core/tile.hpp>
#include <rvfit/emulator/dense_layer.hpp>
#include <rvfit/emulator/emulator_data.hpp>
#include <rvfit/emulator/input_scaling.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace rvfit {

namespace detail {

/// Network inputs of a tile and their tangents; entries past the end repeat the scaling's centre.
template <ExecutionPolicy P>
struct FillInputs {
  using Real = typename P::real_type;
  Tile<P> tile;
  Matrix<const double, P> theta;
  InputScaling<P> scaling;
  MatrixRef<Real> in;
  int lanes;

  KOKKOS_FUNCTION void operator()(int t) const {
    const int b = tile.fit(t);
    for (int j = 0; j < in.columns; ++j) {
      typename InputScaling<P>::Input x{0.0, 0.0};
      if (b >= 0) {
        x = scaling(j, theta(b, j));
      }
      in.row(t * lanes)[j] = static_cast<Real>(x.value);
      for (int l = 1; l < lanes; ++l) {
        in.row(t * lanes + l)[j] = l == j + 1 ? static_cast<Real>(x.slope) : Real(0);
      }
    }
  }
};

}  // namespace detail

/// The network of one arm on the device.
template <ExecutionPolicy P>
class Mlp {
 public:
  using Exec = typename P::execution_space;
  using Real = typename P::real_type;

  /// Upload a network. @throws InvalidArgument  see require_consistent
  Mlp(const Exec& exec, const ArmData& arm);

  [[nodiscard]] int labels() const { return layers_.front().inputs(); }
  [[nodiscard]] int pixels() const { return layers_.back().outputs(); }
  [[nodiscard]] const InputScaling<P>& scaling() const { return scaling_; }

  /// Widest input of a layer.
  [[nodiscard]] int width() const {
    int widest = 0;
    for (const auto& layer : layers_) {
      widest = std::max(widest, layer.inputs());
    }
    return widest;
  }

  /// The network of some of the pixels, whole panels of them that hold first .. last; it shares the weights.
  struct Stretch {
    Mlp network;
    int first;  ///< pixel that is its pixel 0
  };
  [[nodiscard]] Stretch stretch(int first, int last) const {
    const DenseLayer<P>& whole = layers_.back();
    const auto width = static_cast<int>(whole.weight.extent(2));
    const int begin = first / width, end = last / width + 1;
    const std::pair panels(begin, end);
    const std::pair columns(begin * width, std::min(end * width, whole.outputs()));
    Stretch part{*this, columns.first};
    DenseLayer<P>& layer = part.network.layers_.back();
    layer.weight = Kokkos::subview(whole.weight, panels, Kokkos::ALL, Kokkos::ALL);
    layer.bias = Kokkos::subview(whole.bias, columns);
    return part;
  }

  /// Two buffers that consecutive layers read and write in turn.
  struct Workspace {
    Vector<Real, P> buffer[2];

    /// @param[in] rows   spectra of a tile times lanes
    /// @param[in] width  the largest `Mlp::width` it serves
    Workspace(const Exec& exec, std::size_t rows, int width) {
      for (auto& b : buffer) {
        b = allocate_raw<Vector<Real, P>>(exec, "rvfit::Mlp::Workspace::buffer",
                                          rows * static_cast<std::size_t>(width));
      }
    }
  };

  /// Templates of a tile.
  ///
  /// @param[in]  exec   instance the work is enqueued on; the call does not fence
  /// @param[in]  tile   T entries, T a multiple of gemm_row_group
  /// @param[in]  theta  (B, P >= labels)  labels first, in their own units
  /// @param[in]  lanes  1, or 1 + labels
  /// @param[out] out    (T, lanes, pixels)  rows contiguous          [template flux]
  void evaluate(const Exec& exec, const Tile<P>& tile, const Matrix<const double, P>& theta,
                int lanes, MatrixRef<Real> out, const Workspace& workspace) const;

 private:
  [[nodiscard]] static DenseLayer<P> upload_layer(const Exec& exec, const LayerData& layer) {
    const auto in = static_cast<std::size_t>(layer.inputs);
    const auto out = static_cast<std::size_t>(layer.outputs);
    std::vector<float> transposed(in * out);
    for (std::size_t o = 0; o < out; ++o) {
      for (std::size_t i = 0; i < in; ++i) {
        transposed[i * out + o] = layer.weight[o * in + i];
      }
    }
    return {upload_panels<P>(exec, "rvfit::Mlp::weight", transposed, out),
            upload<Vector<const Real, P>>(exec, "rvfit::Mlp::bias", layer.bias), layer.activation,
            layer.slope};
  }

  InputScaling<P> scaling_;
  std::vector<DenseLayer<P>> layers_;
};

template <ExecutionPolicy P>
Mlp<P>::Mlp(const Exec& exec, const ArmData& arm) {
  scaling_ = upload_scaling<P>(exec, arm.inputs);
  for (const LayerData& layer : arm.layers) {
    layers_.push_back(upload_layer(exec, layer));
  }
  if (arm.exponential_output) {
    RVFIT_REQUIRE(layers_.back().activation == Activation::identity, "Mlp: arm ", arm.name,
                  " has an activation after its last layer and an exponential output");
    layers_.back().activation = Activation::exponential;
  }
}

template <ExecutionPolicy P>
void Mlp<P>::evaluate(const Exec& exec, const Tile<P>& tile, const Matrix<const double, P>& theta,
                      int lanes, MatrixRef<Real> out, const Workspace& workspace) const {
  const int rows = tile.size * lanes;
  MatrixRef<Real> in{workspace.buffer[0].data(), rows, labels(), labels()};
  Kokkos::parallel_for("rvfit::Mlp::inputs", typename P::range_policy(exec, 0, tile.size),
                       detail::FillInputs<P>{tile, theta, scaling_, in, lanes});
  int next = 1;
  for (std::size_t n = 0; n < layers_.size(); ++n) {
    const bool last = n + 1 == layers_.size();
    const int width = layers_[n].outputs();
    const MatrixRef<Real> result =
        last ? out : MatrixRef<Real>{workspace.buffer[next].data(), rows, width, width};
    dense_layer(exec, {in.data, in.rows, in.columns, in.stride}, layers_[n], lanes, result,
                RowsInUse<P>(tile, lanes));
    in = result;
    next = 1 - next;
  }
}

}  // namespace rvfit

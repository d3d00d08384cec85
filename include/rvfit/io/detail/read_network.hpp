// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Reads the network of an arm of an emulator file: `<ARM>_DOMAIN`, `<ARM>_W<n>`, `<ARM>_B<n>`.

#include <rvfit/emulator/emulator_data.hpp>
#include <rvfit/io/detail/expected_numbers.hpp>
#include <rvfit/io/fits/fits_input.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

namespace rvfit::io::detail {

/// Half-spaces, rows of `columns` numbers.
[[nodiscard]] inline std::vector<double> read_domain(FitsInput& file, const std::string& hdu,
                                                     std::size_t columns) {
  const ArrayShape shape = file.image_shape(hdu);
  if (shape.size() != 2 || shape[0] < 1 || shape[1] != columns) {
    file.fail(hdu, "has " + shape_text(shape) +
                       " numbers, expected rows of NPAR + 1 = " + std::to_string(columns));
  }
  auto values = file.read_image<double>(hdu, shape);
  require_finite(file, hdu, "half-spaces", values);
  return values;
}

inline void read_activation(FitsInput& file, const std::string& hdu, LayerData& layer) {
  constexpr std::array<std::pair<const char*, Activation>, 6> known{
      {{"SILU", Activation::silu},
       {"RELU", Activation::relu},
       {"LEAKYRELU", Activation::leaky_relu},
       {"SIGMOID", Activation::sigmoid},
       {"TANH", Activation::tanh},
       {"IDENTITY", Activation::identity}}};
  const auto name = file.require_keyword<std::string>(hdu, "ACTIV");
  const auto* const found = std::find_if(known.begin(), known.end(),
                                         [&](const auto& entry) { return name == entry.first; });
  if (found == known.end()) {
    file.fail(hdu,
              "ACTIV is '" + name + "', expected SILU, RELU, LEAKYRELU, SIGMOID, TANH or IDENTITY");
  }
  layer.activation = found->second;
  if (layer.activation == Activation::leaky_relu) {
    layer.slope = file.require_keyword<double>(hdu, "SLOPE");
    require_finite<double>(file, hdu, "SLOPE", {layer.slope});
  }
}

/// Weights, biases and activation of layer `n`, which has `inputs` inputs.
[[nodiscard]] inline LayerData read_layer(FitsInput& file, const std::string& prefix,
                                          const std::string& n, std::size_t inputs) {
  const std::string hdu = prefix + "_W" + n;
  const std::string bias = prefix + "_B" + n;
  const ArrayShape shape = file.image_shape(hdu);
  if (shape.size() != 2 || shape[0] < 1 || shape[1] != inputs) {
    file.fail(hdu, "is " + shape_text(shape) + ", expected outputs x " + std::to_string(inputs) +
                       " inputs");
  }
  LayerData layer;
  layer.inputs = static_cast<int>(inputs);
  layer.outputs = static_cast<int>(shape[0]);
  layer.weight = file.read_image<float>(hdu, shape);
  layer.bias = file.read_image<float>(bias, {shape[0]});
  require_finite(file, hdu, "weights", layer.weight);
  require_finite(file, bias, "biases", layer.bias);
  read_activation(file, hdu, layer);
  return layer;
}

/// Domain and layers of the arm `prefix`, whose pixels are known already.
/// @throws IoError  shapes that do not chain
inline void read_network(FitsInput& file, const std::string& prefix, std::size_t labels,
                         ArmData& arm) {
  arm.domain = read_domain(file, prefix + "_DOMAIN", labels + 1);
  const std::size_t layers = require_count(file, prefix + "_INPUT", "NLAYER");
  std::size_t width = labels;
  for (std::size_t n = 0; n < layers; ++n) {
    arm.layers.push_back(read_layer(file, prefix, std::to_string(n), width));
    width = static_cast<std::size_t>(arm.layers.back().outputs);
  }
  if (width != static_cast<std::size_t>(arm.grid.size)) {
    file.fail(prefix + "_W" + std::to_string(layers - 1),
              "has " + std::to_string(width) +
                  " outputs, expected GRIDSIZE = " + std::to_string(arm.grid.size));
  }
}

}  // namespace rvfit::io::detail

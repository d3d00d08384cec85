// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// An emulator as plain host data: what an emulator file holds and what `Mlp` or `GridLibrary` is
/// uploaded from. The file format is in docs/emulator_file.md.

#include <rvfit/core/medium.hpp>
#include <rvfit/core/require.hpp>
#include <rvfit/data/template_grid.hpp>
#include <rvfit/emulator/activation.hpp>
#include <rvfit/emulator/grid_data.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace rvfit {

/// Upper limit on the labels of a library.
inline constexpr int max_labels = 10;

/// One dense layer, out = activation(weight * in + bias).
struct LayerData {
  int inputs = 0;
  int outputs = 0;
  std::vector<float> weight;  ///< (outputs, inputs), row-major
  std::vector<float> bias;    ///< (outputs)
  Activation activation = Activation::identity;
  double slope = 0.01;  ///< of Activation::leaky_relu below zero
};

/// One input of a library: x = (q - offset) / scale, q the parameter or its log10.
struct InputData {
  std::string name;
  bool log10 = false;
  double offset = 0.0;
  double scale = 1.0;
};

/// A point of a line spread that changes with wavelength.
struct SpreadPoint {
  double wave;   ///< [Angstrom]
  double sigma;  ///< [Angstrom]
};

/// The library of one arm: a network, or templates on a grid.
struct ArmData {
  std::string name;  ///< setup, e.g. desi_b
  TemplateGrid grid;
  std::vector<InputData> inputs;   ///< one per label, in the order of EmulatorData::labels
  std::vector<LayerData> layers;   ///< of a network
  GridData label_grid;             ///< without axes: the arm is a network
  bool exponential_output = true;  ///< the last layer, or the grid, gives ln(template)
  /// Half-spaces of a network's domain, (n, labels + 1) row-major: outside where
  /// sum_j domain(n, j) x_j + domain(n, labels) > 0.
  std::vector<double> domain;
  std::string revision;
  std::string software_version;
  /// Gaussian line spread of the templates, NaN if not known   [Angstrom]
  double lsf_sigma = std::numeric_limits<double>::quiet_NaN();
  std::vector<SpreadPoint>
      spread;  ///< the same where it changes, of increasing wavelength; empty: `lsf_sigma`
  Medium medium = Medium::unknown;  ///< of the wavelengths

  /// Gaussian line spread of the templates at a wavelength, linear between the points and constant beyond them; NaN if not
  /// known [Angstrom].
  [[nodiscard]] double lsf_at(double wave) const {
    if (spread.empty()) {
      return lsf_sigma;
    }
    const auto after = std::find_if(spread.begin(), spread.end(),
                                    [&](const SpreadPoint& point) { return point.wave > wave; });
    if (after == spread.begin() || after == spread.end()) {
      return after == spread.begin() ? spread.front().sigma : spread.back().sigma;
    }
    const SpreadPoint& before = *(after - 1);
    const double part = (wave - before.wave) / (after->wave - before.wave);
    return before.sigma + part * (after->sigma - before.sigma);
  }

  [[nodiscard]] bool is_grid() const { return !label_grid.axes.empty(); }

  /// Whether the arm's domain has a point, given as labels in their own units.
  [[nodiscard]] bool is_inside(const std::vector<double>& label) const {
    const std::size_t n = inputs.size();
    std::vector<double> x(n);
    for (std::size_t j = 0; j < n; ++j) {
      const double q = inputs[j].log10 ? std::log10(label[j]) : label[j];
      x[j] = (q - inputs[j].offset) / inputs[j].scale;
    }
    if (is_grid()) {
      return label_grid.is_inside(x);
    }
    for (std::size_t row = 0; row + n < domain.size(); row += n + 1) {
      double distance = domain[row + n];
      for (std::size_t j = 0; j < n; ++j) {
        distance += domain[row + j] * x[j];
      }
      if (distance > 0.0) {
        return false;
      }
    }
    return true;
  }
};

/// One label of the library with the box its domain fills.
struct LabelData {
  std::string name;
  std::string unit;
  double lower = 0.0;
  double upper = 0.0;
};

/// A template library: the labels, and a network or a grid for each arm.
struct EmulatorData {
  std::vector<LabelData> labels;
  std::vector<ArmData> arms;
  std::string library;
  std::string creator;
  bool synthetic = false;  ///< not for science

  /// Position of a setup. @throws InvalidArgument  no such arm; the message lists them
  [[nodiscard]] int arm_index(const std::string& name) const {
    std::string known;
    for (std::size_t a = 0; a < arms.size(); ++a) {
      if (arms[a].name == name) {
        return static_cast<int>(a);
      }
      known += (a == 0 ? "" : ", ") + arms[a].name;
    }
    throw InvalidArgument("EmulatorData: no arm '" + name + "', there are: " + known);
  }
};

namespace detail {

/// @throws InvalidArgument  naming the arm and the layer, with both extents
inline void require_consistent_network(const ArmData& arm, std::size_t labels) {
  RVFIT_REQUIRE(!arm.layers.empty(), "EmulatorData: arm ", arm.name, " has no layers");
  auto width = static_cast<int>(labels);
  for (std::size_t n = 0; n < arm.layers.size(); ++n) {
    const LayerData& layer = arm.layers[n];
    RVFIT_REQUIRE(layer.inputs == width, "EmulatorData: layer ", n, " of arm ", arm.name, " takes ",
                  layer.inputs, " inputs, the layer before gives ", width);
    const auto in = static_cast<std::size_t>(layer.inputs);
    const auto out = static_cast<std::size_t>(layer.outputs);
    RVFIT_REQUIRE(layer.weight.size() == in * out && layer.bias.size() == out,
                  "EmulatorData: layer ", n, " of arm ", arm.name, " has ", layer.weight.size(),
                  " weights and ", layer.bias.size(), " biases, wants ", in * out, " and ", out);
    width = layer.outputs;
  }
  RVFIT_REQUIRE(width == arm.grid.size, "EmulatorData: arm ", arm.name, " gives ", width,
                " pixels, its grid has ", arm.grid.size);
  RVFIT_REQUIRE(arm.domain.size() % (labels + 1) == 0, "EmulatorData: domain of arm ", arm.name,
                " has ", arm.domain.size(), " numbers, not a multiple of ", labels + 1);
}

}  // namespace detail

/// Check that sizes fit together, so that kernels need not.
/// @throws InvalidArgument  naming the arm and the layer, with both extents
inline void require_consistent(const EmulatorData& data) {
  const auto labels = data.labels.size();
  RVFIT_REQUIRE(labels <= max_labels, "EmulatorData: ", labels, " labels, at most ", max_labels,
                " are supported");
  RVFIT_REQUIRE(labels > 0, "EmulatorData: no labels");
  RVFIT_REQUIRE(!data.arms.empty(), "EmulatorData: no arms");
  for (const ArmData& arm : data.arms) {
    RVFIT_REQUIRE(arm.inputs.size() == labels, "EmulatorData: arm ", arm.name, " has ",
                  arm.inputs.size(), " inputs, the library has ", labels, " labels");
    for (std::size_t j = 0; j < labels; ++j) {
      RVFIT_REQUIRE(arm.inputs[j].name == data.labels[j].name, "EmulatorData: input ", j,
                    " of arm ", arm.name, " is ", arm.inputs[j].name, ", label ", j, " is ",
                    data.labels[j].name);
      RVFIT_REQUIRE(!arm.inputs[j].log10 || data.labels[j].lower > 0, "EmulatorData: input ",
                    arm.inputs[j].name, " of arm ", arm.name, " is a logarithm, label from ",
                    data.labels[j].lower);
      RVFIT_REQUIRE(arm.inputs[j].scale > 0 && std::isfinite(arm.inputs[j].scale),
                    "EmulatorData: scale of input ", arm.inputs[j].name, " of arm ", arm.name,
                    " is ", arm.inputs[j].scale, ", must be positive");
    }
    RVFIT_REQUIRE(arm.grid.size >= 8 && arm.grid.step > 0, "EmulatorData: grid of arm ", arm.name,
                  " has ", arm.grid.size, " pixels of step ", arm.grid.step);
    if (arm.is_grid()) {
      require_consistent(arm.label_grid, arm.name, labels);
    } else {
      detail::require_consistent_network(arm, labels);
    }
  }
}

}  // namespace rvfit

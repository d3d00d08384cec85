// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Reads an emulator file, format version 1 of docs/emulator_file.md, and refuses what that page
/// says a reader must refuse.

#include <rvfit/core/require.hpp>
#include <rvfit/emulator/emulator_data.hpp>
#include <rvfit/io/fits/fits_input.hpp>
#include <rvfit/io/fits/io_error.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace rvfit::io {
namespace detail {

/// Reads one emulator file; each function reads one kind of HDU.
class EmulatorReader {
 public:
  explicit EmulatorReader(const std::string& path) : file_(path) {}

  [[nodiscard]] EmulatorData read() {
    const std::string primary = "PRIMARY";
    const auto kind = file_.keyword<std::string>(primary, "RVFITFMT");
    if (kind != "EMULATOR") {
      file_.fail(primary, "RVFITFMT is '" + kind.value_or("") + "', expected 'EMULATOR'");
    }
    const auto version = file_.require_keyword<std::int64_t>(primary, "RVFITVER");
    if (version != 1) {
      file_.fail(primary, "RVFITVER is " + std::to_string(version) + ", expected 1");
    }
    file_.verify_checksums();

    EmulatorData data;
    data.creator = file_.require_keyword<std::string>(primary, "CREATOR");
    data.library = file_.require_keyword<std::string>(primary, "LIBRARY");
    data.synthetic = file_.keyword<bool>(primary, "SYNTH").value_or(false);
    data.labels = read_labels(require_count(primary, "NPAR"));
    const std::size_t arms = require_count(primary, "NARM");
    for (std::size_t a = 0; a < arms; ++a) {
      const std::string name =
          file_.require_keyword<std::string>(primary, "ARM" + std::to_string(a));
      for (const ArmData& other : data.arms) {
        if (upper_case(other.name) == upper_case(name)) {
          file_.fail(primary, "arm '" + name + "' is named twice");
        }
      }
      data.arms.push_back(read_arm(name, data.labels));
    }
    try {
      require_consistent(data);
    } catch (const InvalidArgument& error) {
      throw IoError(file_.path() + ": " + error.what());
    }
    return data;
  }

 private:
  /// A keyword that counts something. @throws IoError  less than one
  [[nodiscard]] std::size_t require_count(const std::string& hdu, const std::string& keyword) {
    const auto count = file_.require_keyword<std::int64_t>(hdu, keyword);
    if (count < 1) {
      file_.fail(hdu, keyword + " is " + std::to_string(count) + ", expected at least 1");
    }
    return static_cast<std::size_t>(count);
  }

  template <class T>
  void require_finite(const std::string& hdu, const std::string& what,
                      const std::vector<T>& values) const {
    if (!std::all_of(values.begin(), values.end(), [](T x) { return std::isfinite(x); })) {
      file_.fail(hdu, what + ": a finite number was expected");
    }
  }

  [[nodiscard]] std::vector<LabelData> read_labels(std::size_t count) {
    const std::string hdu = "PARAMETERS";
    require_rows(hdu, count);
    const auto names = file_.read_column<std::string>(hdu, "NAME");
    const auto units = file_.read_column<std::string>(hdu, "UNIT");
    const auto lower = file_.read_column<double>(hdu, "LOWER");
    const auto upper = file_.read_column<double>(hdu, "UPPER");
    require_finite(hdu, "LOWER", lower);
    require_finite(hdu, "UPPER", upper);
    std::vector<LabelData> labels;
    for (std::size_t j = 0; j < count; ++j) {
      if (std::count(names.begin(), names.end(), names[j]) != 1) {
        file_.fail(hdu, "label '" + names[j] + "' is named twice");
      }
      if (lower[j] >= upper[j]) {
        file_.fail(hdu, "box of " + names[j] + " is [" + std::to_string(lower[j]) + ", " +
                            std::to_string(upper[j]) + "], expected LOWER < UPPER");
      }
      labels.push_back({names[j], units[j], lower[j], upper[j]});
    }
    return labels;
  }

  void require_rows(const std::string& hdu, std::size_t count) {
    const std::size_t rows = file_.row_count(hdu);
    if (rows != count) {
      file_.fail(hdu,
                 "has " + std::to_string(rows) + " rows, expected NPAR = " + std::to_string(count));
    }
  }

  [[nodiscard]] ArmData read_arm(const std::string& name, const std::vector<LabelData>& labels) {
    const std::string prefix = upper_case(name);
    const std::string hdu = prefix + "_INPUT";
    ArmData arm;
    arm.name = name;
    arm.revision = file_.require_keyword<std::string>(hdu, "REVISION");
    arm.software_version = file_.require_keyword<std::string>(hdu, "SOFTVER");
    arm.lsf_sigma = file_.keyword<double>(hdu, "LSFSIGMA").value_or(0.0);
    if (!(arm.lsf_sigma >= 0.0) || !std::isfinite(arm.lsf_sigma)) {
      file_.fail(hdu, "has LSFSIGMA = " + std::to_string(arm.lsf_sigma) +
                          ", expected a width in Angstrom");
    }
    arm.exponential_output = choose(hdu, "OUTPUT", "LINEAR", "EXP");
    arm.grid = read_grid(hdu);
    arm.inputs = read_inputs(hdu, labels);
    const auto kind = file_.keyword<std::string>(hdu, "LIBTYPE").value_or("NETWORK");
    if (kind == "GRID") {
      arm.label_grid = read_label_grid(prefix, labels.size(), arm.grid.size);
    } else if (kind == "NETWORK") {
      read_network(prefix, labels.size(), arm);
    } else {
      file_.fail(hdu, "LIBTYPE is '" + kind + "', expected 'NETWORK' or 'GRID'");
    }
    return arm;
  }

  void read_network(const std::string& prefix, std::size_t labels, ArmData& arm) {
    arm.domain = read_domain(prefix + "_DOMAIN", labels + 1);
    const std::size_t layers = require_count(prefix + "_INPUT", "NLAYER");
    std::size_t width = labels;
    for (std::size_t n = 0; n < layers; ++n) {
      arm.layers.push_back(read_layer(prefix, std::to_string(n), width));
      width = static_cast<std::size_t>(arm.layers.back().outputs);
    }
    if (width != static_cast<std::size_t>(arm.grid.size)) {
      file_.fail(prefix + "_W" + std::to_string(layers - 1),
                 "has " + std::to_string(width) +
                     " outputs, expected GRIDSIZE = " + std::to_string(arm.grid.size));
    }
  }

  /// Axes and nodes; the templates stay in the file until they are uploaded.
  [[nodiscard]] GridData read_label_grid(const std::string& prefix, std::size_t labels,
                                         int pixels) {
    GridData grid;
    const std::string nodes = prefix + "_NODES", templates = prefix + "_TEMPLATES";
    if (labels > static_cast<std::size_t>(max_grid_axes)) {
      file_.fail(nodes, "the library has " + std::to_string(labels) +
                            " labels, a grid of at most " + std::to_string(max_grid_axes) +
                            " was expected");
    }
    ArrayShape extents;
    for (std::size_t j = 0; j < labels; ++j) {
      const std::string hdu = prefix + "_AXIS" + std::to_string(j);
      const ArrayShape shape = file_.image_shape(hdu);
      if (shape.size() != 1 || shape[0] < 2) {
        file_.fail(hdu, "has " + shape_text(shape) + " numbers, expected a row of at least 2");
      }
      grid.axes.push_back(file_.read_image<double>(hdu, shape));
      const auto& axis = grid.axes.back();
      require_finite(hdu, "nodes", axis);
      if (std::adjacent_find(axis.begin(), axis.end(), std::greater_equal<>()) != axis.end()) {
        file_.fail(hdu, "numbers that increase were expected");
      }
      extents.push_back(shape[0]);
    }
    grid.row = file_.read_image<std::int32_t>(nodes, extents);
    const ArrayShape shape = file_.image_shape(templates);
    if (shape.size() != 2 || shape[0] < 1 || shape[1] != static_cast<std::size_t>(pixels)) {
      file_.fail(templates, "is " + shape_text(shape) +
                                ", expected templates x GRIDSIZE = " + std::to_string(pixels));
    }
    grid.templates = shape[0];
    require_each_once(nodes, grid);
    grid.read = [path = file_.path(), templates, shape](std::size_t first, std::size_t count,
                                                        float* out) {
      read_templates(path, templates, shape, first, count, out);
    };
    return grid;
  }

  /// Each template belongs to one node.
  void require_each_once(const std::string& hdu, const GridData& grid) const {
    std::vector<int> uses(grid.templates, 0);
    for (const std::int32_t row : grid.row) {
      if (row < -1 || row >= static_cast<std::int64_t>(grid.templates)) {
        file_.fail(hdu, "names template " + std::to_string(row) +
                            ", expected -1 for none, or 0 .. " +
                            std::to_string(grid.templates - 1));
      }
      if (row >= 0 && ++uses[static_cast<std::size_t>(row)] > 1) {
        file_.fail(hdu, "template " + std::to_string(row) + " is at two nodes, expected at one");
      }
    }
    const auto unused = std::find(uses.begin(), uses.end(), 0);
    if (unused != uses.end()) {
      file_.fail(hdu, "template " + std::to_string(unused - uses.begin()) +
                          " is at no node, expected at one");
    }
  }

  /// Read rows of the templates straight to where they stay.
  static void read_templates(const std::string& path, const std::string& hdu,
                             const ArrayShape& shape, std::size_t first, std::size_t count,
                             float* out) {
    FitsInput file(path);
    if (file.image_shape(hdu) != shape) {
      file.fail(hdu, "has changed since the file was opened");
    }
    const std::size_t size = count * shape[1];
    file.read_image_part(hdu, first * shape[1], size, out);
    if (!std::all_of(out, out + size, [](float x) { return std::isfinite(x); })) {
      file.fail(hdu, "templates: a finite number was expected");
    }
  }

  /// True if a keyword is `yes`, false if it is `no`. @throws IoError  something else
  [[nodiscard]] bool choose(const std::string& hdu, const std::string& keyword,
                            const std::string& no, const std::string& yes) {
    const auto value = file_.require_keyword<std::string>(hdu, keyword);
    if (value != yes && value != no) {
      file_.fail(hdu, keyword + " is '" + value + "', expected '" + yes + "' or '" + no + "'");
    }
    return value == yes;
  }

  [[nodiscard]] TemplateGrid read_grid(const std::string& hdu) {
    TemplateGrid grid;
    const auto type = file_.require_keyword<std::string>(hdu, "GRIDTYPE");
    if (type != "LOG") {
      file_.fail(
          hdu, "GRIDTYPE is '" + type + "', expected 'LOG': wavelengths uniform in ln(wavelength)");
    }
    grid.origin = file_.require_keyword<double>(hdu, "GRID0");
    grid.step = file_.require_keyword<double>(hdu, "GRIDSTEP");
    grid.size = static_cast<int>(std::min<std::size_t>(require_count(hdu, "GRIDSIZE"), 1U << 30U));
    require_finite<double>(hdu, "GRID0, GRIDSTEP", {grid.origin, grid.step});
    if (grid.step <= 0) {
      file_.fail(hdu, "GRIDSTEP is " + std::to_string(grid.step) + ", expected a positive one");
    }
    return grid;
  }

  [[nodiscard]] std::vector<InputData> read_inputs(const std::string& hdu,
                                                   const std::vector<LabelData>& labels) {
    require_rows(hdu, labels.size());
    const auto names = file_.read_column<std::string>(hdu, "NAME");
    const auto logs = file_.read_column<bool>(hdu, "LOG10");
    const auto offset = file_.read_column<double>(hdu, "OFFSET");
    const auto scale = file_.read_column<double>(hdu, "SCALE");
    require_finite(hdu, "OFFSET", offset);
    require_finite(hdu, "SCALE", scale);
    std::vector<InputData> inputs;
    for (std::size_t j = 0; j < labels.size(); ++j) {
      if (logs[j] && labels[j].lower <= 0) {
        file_.fail(hdu, "LOG10 of " + names[j] + ", whose LOWER in PARAMETERS is " +
                            std::to_string(labels[j].lower) + ", expected a positive one");
      }
      inputs.push_back({names[j], logs[j], offset[j], scale[j]});
    }
    return inputs;
  }

  [[nodiscard]] std::vector<double> read_domain(const std::string& hdu, std::size_t columns) {
    const ArrayShape shape = file_.image_shape(hdu);
    if (shape.size() != 2 || shape[0] < 1 || shape[1] != columns) {
      file_.fail(hdu, "has " + shape_text(shape) +
                          " numbers, expected rows of NPAR + 1 = " + std::to_string(columns));
    }
    auto values = file_.read_image<double>(hdu, shape);
    require_finite(hdu, "half-spaces", values);
    return values;
  }

  [[nodiscard]] LayerData read_layer(const std::string& prefix, const std::string& n,
                                     std::size_t inputs) {
    const std::string hdu = prefix + "_W" + n;
    const std::string bias = prefix + "_B" + n;
    const ArrayShape shape = file_.image_shape(hdu);
    if (shape.size() != 2 || shape[0] < 1 || shape[1] != inputs) {
      file_.fail(hdu, "is " + shape_text(shape) + ", expected outputs x " + std::to_string(inputs) +
                          " inputs");
    }
    LayerData layer;
    layer.inputs = static_cast<int>(inputs);
    layer.outputs = static_cast<int>(shape[0]);
    layer.weight = file_.read_image<float>(hdu, shape);
    layer.bias = file_.read_image<float>(bias, {shape[0]});
    require_finite(hdu, "weights", layer.weight);
    require_finite(bias, "biases", layer.bias);
    read_activation(hdu, layer);
    return layer;
  }

  void read_activation(const std::string& hdu, LayerData& layer) {
    constexpr std::array<std::pair<const char*, Activation>, 6> known{
        {{"SILU", Activation::silu},
         {"RELU", Activation::relu},
         {"LEAKYRELU", Activation::leaky_relu},
         {"SIGMOID", Activation::sigmoid},
         {"TANH", Activation::tanh},
         {"IDENTITY", Activation::identity}}};
    const auto name = file_.require_keyword<std::string>(hdu, "ACTIV");
    const auto* const found = std::find_if(known.begin(), known.end(),
                                           [&](const auto& entry) { return name == entry.first; });
    if (found == known.end()) {
      file_.fail(hdu, "ACTIV is '" + name +
                          "', expected SILU, RELU, LEAKYRELU, SIGMOID, TANH or IDENTITY");
    }
    layer.activation = found->second;
    if (layer.activation == Activation::leaky_relu) {
      layer.slope = file_.require_keyword<double>(hdu, "SLOPE");
      require_finite<double>(hdu, "SLOPE", {layer.slope});
    }
  }

  FitsInput file_;
};

}  // namespace detail

/// Read an emulator file. Templates of a grid are read when a model is made of it: until then the file
/// must stay, and that they are finite is checked then.
/// @throws IoError  naming the file, the HDU, and what was expected there
[[nodiscard]] inline EmulatorData read_emulator(const std::string& path) {
  return detail::EmulatorReader(path).read();
}

}  // namespace rvfit::io

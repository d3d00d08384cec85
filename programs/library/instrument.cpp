// SPDX-License-Identifier: MIT

#include "instrument.hpp"

#include <rvfit/core/require.hpp>
#include <rvfit/core/units.hpp>
#include <rvfit/io/fits/io_error.hpp>

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

namespace rvfit_library {
namespace {

constexpr double pixels_per_sigma = 1.8;

/// Keys of a description are few: one that is misspelt must not be passed over.
void require_known(const YAML::Node& node, const std::set<std::string>& known) {
  for (const auto& entry : node) {
    const auto key = entry.first.as<std::string>();
    if (!known.contains(key)) {
      throw YAML::Exception(entry.first.Mark(), "unknown key '" + key + "'");
    }
  }
}

[[nodiscard]] YAML::Node require(const YAML::Node& node, const char* key) {
  const YAML::Node value = node[key];
  if (!value) {
    throw YAML::Exception(node.Mark(), std::string("expected the key '") + key + "'");
  }
  return value;
}

/// A resolution that is one. @throws YAML::Exception  with its line
[[nodiscard]] LineSpread read_spread(const YAML::Node& node) try {
  LineSpread spread;
  if (node.IsScalar() && node.as<std::string>() == "none") {
    return spread;
  }
  if (!node.IsMap() || node.size() != 1) {
    throw YAML::Exception(node.Mark(), "expected none, or one of R, fwhm and sigma");
  }
  const auto entry = *node.begin();
  spread.kind = line_spread_kind(entry.first.as<std::string>());
  if (entry.second.IsScalar()) {
    spread.points = {{0.0, entry.second.as<double>()}};
  } else {
    for (const YAML::Node& point : entry.second) {
      spread.points.push_back({point[0].as<double>(), point[1].as<double>()});
    }
  }
  if (spread.points.empty()) {
    throw YAML::Exception(entry.second.Mark(),
                          "expected a number, or a table of [wavelength, number]");
  }
  require_valid(spread);
  return spread;
} catch (const rvfit::InvalidArgument& error) {
  throw YAML::Exception(node.Mark(), error.what());
}

[[nodiscard]] InstrumentArm read_arm(const YAML::Node& node) {
  require_known(node, {"name", "range", "resolution", "step"});
  const YAML::Node range = require(node, "range");
  InstrumentArm arm{require(node, "name").as<std::string>(), range[0].as<double>(),
                    range[1].as<double>(), read_spread(require(node, "resolution")), 0.0};
  if (node["step"]) {
    arm.step = node["step"].as<double>();
  }
  if (!(arm.first > 0.0) || !(arm.last > arm.first)) {
    throw YAML::Exception(range.Mark(), "expected a range of wavelengths in Angstrom");
  }
  if (node["step"] && !(arm.step > 0.0)) {
    throw YAML::Exception(node["step"].Mark(), "expected a positive step in km/s");
  }
  return arm;
}

[[nodiscard]] std::string find_description(const std::string& name) {
  if (std::filesystem::exists(name)) {
    return name;
  }
  for (const std::filesystem::path folder : {RVFIT_INSTRUMENT_FOLDERS}) {
    const auto path = folder / (name + ".yaml");
    if (std::filesystem::exists(path)) {
      return path.string();
    }
  }
  throw rvfit::io::IoError(name + ": no such file, and no installed instrument of that name");
}

}  // namespace

Instrument read_instrument(const std::string& name) {
  const std::string path = find_description(name);
  try {
    const YAML::Node root = YAML::LoadFile(path);
    require_known(root, {"name", "source", "medium", "margin", "arms"});
    Instrument instrument;
    instrument.name = require(root, "name").as<std::string>();
    instrument.source = root["source"] ? root["source"].as<std::string>() : "";
    const auto medium = require(root, "medium").as<std::string>();
    if (medium != "vacuum" && medium != "air") {
      throw YAML::Exception(root["medium"].Mark(), "expected vacuum or air");
    }
    instrument.medium = medium == "air" ? rvfit::Medium::air : rvfit::Medium::vacuum;
    if (root["margin"]) {
      instrument.margin = root["margin"].as<double>();
    }
    for (const YAML::Node& arm : require(root, "arms")) {
      instrument.arms.push_back(read_arm(arm));
    }
    if (instrument.arms.empty()) {
      throw YAML::Exception(root["arms"].Mark(), "expected at least one arm");
    }
    return instrument;
  } catch (const YAML::Exception& error) {
    const std::string line =
        error.mark.is_null() ? "" : "line " + std::to_string(error.mark.line + 1) + ": ";
    throw rvfit::io::IoError(path + ": " + line + error.msg);
  }
}

rvfit::TemplateGrid template_grid(const Instrument& instrument, const InstrumentArm& arm) {
  double step = arm.step / rvfit::speed_of_light;
  if (!(step > 0.0)) {
    RVFIT_REQUIRE(arm.spread.kind != LineSpread::Kind::none, "arm ", arm.name,
                  " has no resolution, from which a step could be chosen: give it one, in km/s");
    double least = arm.spread.sigma(arm.first) / arm.first;
    constexpr int samples = 1000;
    for (int n = 0; n <= samples; ++n) {
      const double wave = arm.first + (arm.last - arm.first) * n / samples;
      least = std::min(least, arm.spread.sigma(wave) / wave);
    }
    step = least / pixels_per_sigma;
  }
  const double margin = std::atanh(instrument.margin / rvfit::speed_of_light);
  rvfit::TemplateGrid grid;
  grid.origin = std::log(arm.first) - margin;
  grid.step = step;
  grid.size = static_cast<int>(std::ceil((std::log(arm.last) + margin - grid.origin) / step)) + 1;
  return grid;
}

}  // namespace rvfit_library

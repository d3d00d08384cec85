// SPDX-License-Identifier: MIT

/// @file
/// An emulator file, a network or a grid with its templates.

#include "memory_file.hpp"
#include "targets.hpp"
#include <rvfit/io/read_emulator.hpp>

void rvfit::fuzz::emulator(const std::uint8_t* bytes, std::size_t count) {
  rvfit::fuzz::read_or_refuse(bytes, count, [](const std::string& path) {
    const rvfit::EmulatorData data = rvfit::io::read_emulator(path);
    for (const rvfit::ArmData& arm : data.arms) {
      if (arm.is_grid()) {
        const std::size_t count = arm.label_grid.templates;
        std::vector<float> templates(count * static_cast<std::size_t>(arm.grid.size));
        arm.label_grid.read(0, count, templates.data());
      }
    }
  });
}

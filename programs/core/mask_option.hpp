// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The option that says which bits of a survey's mask make a pixel bad. For sources that declare options.

#include "command_line.hpp"
#include <rvfit/io/mask_bits.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace rvfit_programs {

/// Declare --mask-bits: names of `bits`, or their places; `none` for no bit at all.
inline CLI::Option* add_mask_bits(CLI::App& app, std::int64_t& target,
                                  std::span<const rvfit::io::MaskBit> bits) {
  std::string initial;
  std::vector<std::string> names{"none"};
  for (const rvfit::io::MaskBit& bit : bits) {
    names.emplace_back(bit.name);
    initial += bit.matters ? (initial.empty() ? "" : ",") + std::string(bit.name) : "";
  }
  const auto set = [&target, bits, names](const std::vector<std::string>& asked) {
    target = 0;
    for (const std::string& name : asked) {
      const auto bit = name == "none" ? 0 : rvfit::io::bit_named(bits, name);
      if (!bit) {
        throw CLI::ValidationError("--mask-bits",
                                   "'" + name + "' is no bit" + did_you_mean(name, names));
      }
      target |= *bit;
    }
  };
  return add_list(app, "--mask-bits", set,
                  "Bits of the mask that make a pixel bad, by name or place")
      ->default_str(initial)
      ->type_name("BIT,...");
}

}  // namespace rvfit_programs

// SPDX-License-Identifier: MIT

/// @file
/// Words that select targets, comma-separated, as expressions for names of target bits.

#include "desi/target_bits.hpp"

#include "desi/name_pattern.hpp"
#include "targets.hpp"

#include <cstdint>
#include <sstream>

void rvfit::fuzz::target_bits(const std::uint8_t* bytes, std::size_t count) {
  std::istringstream stream(std::string(reinterpret_cast<const char*>(bytes), count));
  std::vector<std::string> words;
  for (std::string word; std::getline(stream, word, ',');) {
    words.push_back(word);
  }
  try {
    static_cast<void>(rvfit_desi::without_match(words));
    static_cast<void>(rvfit_desi::target_bits("DESI_TARGET", words));
  } catch (const rvfit_desi::BadPattern&) {
    // The option refuses what is no expression.
  }
}

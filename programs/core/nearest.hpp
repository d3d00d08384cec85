// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The word that somebody may have meant.

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rvfit_programs {

/// Least number of letters to insert, delete, replace or swap with their neighbour that turns one word
/// into the other (optimal string alignment), whatever their case.
[[nodiscard]] inline std::size_t edit_distance(std::string_view a, std::string_view b) {
  const auto same = [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  };
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = last[j - 1] + (same(a[i - 1], b[j - 1]) ? 0 : 1);
      row[j] = std::min({replace, last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1])) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

/// The nearest of some words, or nothing if none is near: more than a third of its letters differ.
[[nodiscard]] inline std::string nearest(std::string_view word,
                                         const std::vector<std::string>& words) {
  std::string best;
  std::size_t least = word.size();
  for (const std::string& candidate : words) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < least && 3 * distance <= candidate.size() + 1) {
      best = candidate;
      least = distance;
    }
  }
  return best;
}

/// "; did you mean WORD?", or nothing.
[[nodiscard]] inline std::string did_you_mean(std::string_view word,
                                              const std::vector<std::string>& words) {
  const std::string best = nearest(word, words);
  return best.empty() ? "" : "; did you mean " + best + "?";
}

}  // namespace rvfit_programs

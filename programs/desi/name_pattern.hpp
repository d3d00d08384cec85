// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Regular expressions for names of target bits, in time and memory that are linear in the expression: whoever runs
/// a program for strangers need not fear their expressions. They are simulated as a set of states (Thompson, CACM 11,
/// 419, 1968), never by trying one way after another.
///
/// Understood, with the meaning that Python gives them: letters, digits, `_` and other plain characters; `.`; `[AB]`,
/// `[A-Z]`, `[^A]`; `\d`, `\w`, and `\` before a character that is to be taken as it is; `*`, `+` and `?` (also followed
/// by `?`, which changes nothing here); `|`; `( )` and `(?: )`; `^` and `$`.

#include <bitset>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace rvfit_desi {

/// An expression that is none, and why.
class BadPattern : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

class NamePattern {
 public:
  /// @throws BadPattern  not an expression, or longer than 200 characters
  explicit NamePattern(std::string_view text);

  /// Whether a name begins with a match, as Python's re.match has it.
  [[nodiscard]] bool matches(std::string_view name) const;

  /// One step of the expression; steps lead to others by their distance.
  struct Step {
    enum class Kind { character, fork, begin, end };
    Kind kind = Kind::fork;
    std::bitset<256> characters{};  ///< of a character
    std::ptrdiff_t next = 1;        ///< where it goes on
    std::ptrdiff_t other = 1;       ///< of a fork: where else
  };

 private:
  std::vector<Step> steps_;  ///< a match is behind the last
};

}  // namespace rvfit_desi

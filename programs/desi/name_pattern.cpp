// SPDX-License-Identifier: MIT

#include "name_pattern.hpp"

#include <utility>

namespace rvfit_desi {
namespace {

using Step = NamePattern::Step;
using Steps = std::vector<Step>;
using Characters = std::bitset<256>;

constexpr std::size_t longest = 200;

[[nodiscard]] std::size_t code_of(char c) { return static_cast<unsigned char>(c); }

[[nodiscard]] std::ptrdiff_t size_of(const Steps& steps) {
  return static_cast<std::ptrdiff_t>(steps.size());
}

[[nodiscard]] Step fork(std::ptrdiff_t next, std::ptrdiff_t other) {
  return {Step::Kind::fork, {}, next, other};
}

void append(Steps& to, const Steps& steps) { to.insert(to.end(), steps.begin(), steps.end()); }

/// Recursive descent: alternatives of sequences of repeated atoms.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {
    if (text.size() > longest) {
      throw BadPattern("it has " + std::to_string(text.size()) + " characters, at most " +
                       std::to_string(longest) + " are taken");
    }
  }

  [[nodiscard]] Steps parse() {
    Steps steps = alternatives();
    if (place_ < text_.size()) {
      throw BadPattern("a ')' without its '('");
    }
    return steps;
  }

 private:
  [[nodiscard]] bool take(char c) {
    const bool found = place_ < text_.size() && text_[place_] == c;
    place_ += found ? 1 : 0;
    return found;
  }

  [[nodiscard]] char take_any(const char* missing) {
    if (place_ == text_.size()) {
      throw BadPattern(missing);
    }
    return text_[place_++];
  }

  [[nodiscard]] Steps alternatives() {
    Steps steps = sequence();
    while (take('|')) {
      const Steps second = sequence();
      Steps both{fork(1, size_of(steps) + 2)};
      append(both, steps);
      both.push_back(fork(size_of(second) + 1, size_of(second) + 1));
      append(both, second);
      steps = std::move(both);
    }
    return steps;
  }

  [[nodiscard]] Steps sequence() {
    Steps steps;
    while (place_ < text_.size() && text_[place_] != '|' && text_[place_] != ')') {
      append(steps, repeated());
    }
    return steps;
  }

  [[nodiscard]] Steps repeated() {
    const Steps once = atom();
    const std::ptrdiff_t size = size_of(once);
    Steps steps;
    if (take('*')) {
      steps.push_back(fork(1, size + 2));
      append(steps, once);
      steps.push_back(fork(-size - 1, -size - 1));
    } else if (take('+')) {
      steps = once;
      steps.push_back(fork(-size, 1));
    } else if (take('?')) {
      steps.push_back(fork(1, size + 1));
      append(steps, once);
    } else {
      return once;
    }
    static_cast<void>(take('?'));  // shortest first: the same names
    return steps;
  }

  [[nodiscard]] Steps atom() {
    const char c = take_any("it is empty");
    switch (c) {
      case '(':
        return group();
      case '[':
        return {{Step::Kind::character, set()}};
      case '.':
        return {{Step::Kind::character, Characters().set()}};
      case '^':
        return {{Step::Kind::begin}};
      case '$':
        return {{Step::Kind::end}};
      case '\\':
        return {{Step::Kind::character, escaped()}};
      case '*':
      case '+':
      case '?':
        throw BadPattern(std::string("nothing to repeat before '") + c + "'");
      case '{':
      case '}':
        throw BadPattern(std::string("'") + c + "' is not understood");
      default:
        return {{Step::Kind::character, Characters().set(code_of(c))}};
    }
  }

  [[nodiscard]] Steps group() {
    if (take('?') && !take(':')) {
      throw BadPattern("'(?' is understood as '(?:' only");
    }
    Steps steps = alternatives();
    if (!take(')')) {
      throw BadPattern("a '(' without its ')'");
    }
    return steps;
  }

  [[nodiscard]] Characters escaped() {
    const char c = take_any("a '\\' at the end");
    Characters characters;
    if (c == 'd' || c == 'w') {
      add_range(characters, '0', '9');
    }
    if (c == 'w') {
      add_range(characters, 'A', 'Z');
      add_range(characters, 'a', 'z');
      characters.set(code_of('_'));
    }
    if (characters.any()) {
      return characters;
    }
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) {
      throw BadPattern(std::string("'\\") + c + "' is not understood");
    }
    return characters.set(code_of(c));
  }

  /// A set of characters, behind its '['.
  [[nodiscard]] Characters set() {
    const char* missing = "a '[' without its ']'";
    const bool inverse = take('^');
    Characters characters;
    bool first = true;
    for (char c = take_any(missing); c != ']' || first; c = take_any(missing)) {
      first = false;
      if (c == '\\') {
        characters |= escaped();
      } else if (place_ + 1 < text_.size() && text_[place_] == '-' && text_[place_ + 1] != ']') {
        ++place_;
        add_range(characters, c, take_any(missing));
      } else {
        characters.set(code_of(c));
      }
    }
    return inverse ? ~characters : characters;
  }

  static void add_range(Characters& characters, char from, char to) {
    if (code_of(from) > code_of(to)) {
      throw BadPattern(std::string("the range ") + from + "-" + to + " is empty");
    }
    for (std::size_t code = code_of(from); code <= code_of(to); ++code) {
      characters.set(code);
    }
  }

  std::string_view text_;
  std::size_t place_ = 0;
};

}  // namespace

NamePattern::NamePattern(std::string_view text) : steps_(Parser(text).parse()) {}

bool NamePattern::matches(std::string_view name) const {
  const std::size_t match = steps_.size();
  std::vector<std::size_t> now{0}, next;
  for (std::size_t place = 0;; ++place) {
    // All steps that can be come to without another character.
    std::vector<char> seen(match + 1, 0);
    for (std::size_t n = 0; n < now.size(); ++n) {
      const std::size_t at = now[n];
      if (seen[at] != 0) {
        continue;
      }
      seen[at] = 1;
      if (at == match) {
        return true;
      }
      const Step& step = steps_[at];
      const auto go = [&](std::vector<std::size_t>& to, std::ptrdiff_t distance) {
        to.push_back(static_cast<std::size_t>(static_cast<std::ptrdiff_t>(at) + distance));
      };
      switch (step.kind) {
        case Step::Kind::fork:
          go(now, step.next);
          go(now, step.other);
          break;
        case Step::Kind::begin:
          if (place == 0) {
            go(now, 1);
          }
          break;
        case Step::Kind::end:
          if (place == name.size()) {
            go(now, 1);
          }
          break;
        case Step::Kind::character:
          if (place < name.size() && step.characters[code_of(name[place])]) {
            go(next, 1);
          }
          break;
      }
    }
    if (place == name.size() || next.empty()) {
      return false;
    }
    now = std::exchange(next, {});
  }
}

}  // namespace rvfit_desi

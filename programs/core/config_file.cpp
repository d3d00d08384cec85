// SPDX-License-Identifier: MIT

#include "config_file.hpp"

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <string_view>

namespace rvfit_programs {
namespace {

[[nodiscard]] std::string_view trimmed(std::string_view text) {
  constexpr const char* blank = " \t\r";
  const std::size_t first = text.find_first_not_of(blank);
  return first == std::string_view::npos
             ? std::string_view{}
             : text.substr(first, text.find_last_not_of(blank) - first + 1);
}

/// Position of the first of `marks` outside quotes and brackets, or npos.
[[nodiscard]] std::size_t find_outside(std::string_view text, std::string_view marks) {
  char quote = '\0';
  int depth = 0;
  for (std::size_t n = 0; n < text.size(); ++n) {
    const char c = text[n];
    if (quote != '\0') {
      quote = c == quote ? '\0' : quote;
    } else if (depth == 0 && marks.find(c) != std::string_view::npos) {
      return n;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return std::string_view::npos;
}

/// A word without its quotes.
[[nodiscard]] std::string unquoted(std::string_view text) {
  text = trimmed(text);
  const bool quoted = text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
                      text.back() == text.front();
  return std::string(quoted ? text.substr(1, text.size() - 2) : text);
}

/// Key and value of "key: value" or "key = value".
struct Pair {
  std::string key;
  std::string_view value;
};

[[nodiscard]] Pair split(std::string_view text, int line) {
  const std::size_t mark = find_outside(text, ":=");
  if (mark == std::string_view::npos || trimmed(text.substr(0, mark)).empty()) {
    throw std::invalid_argument("line " + std::to_string(line) + ": '" + std::string(text) +
                                "', expected KEY: VALUE");
  }
  return {unquoted(text.substr(0, mark)), trimmed(text.substr(mark + 1))};
}

/// The values of a word, a list or a map.
[[nodiscard]] std::vector<std::string> values_of(std::string_view text, int line) {
  std::vector<std::string> values;
  const bool list = text.starts_with('[') && text.ends_with(']');
  const bool map = text.starts_with('{') && text.ends_with('}');
  if (!list && !map) {
    if (!text.empty()) {
      values.push_back(unquoted(text));
    }
    return values;
  }
  text = trimmed(text.substr(1, text.size() - 2));
  while (!text.empty()) {
    const std::size_t comma = find_outside(text, ",");
    const std::string_view item = trimmed(text.substr(0, comma));
    if (map) {
      const Pair pair = split(item, line);
      values.push_back(pair.key + "=" + unquoted(pair.value));
    } else {
      values.push_back(unquoted(item));
    }
    text = comma == std::string_view::npos ? std::string_view{} : trimmed(text.substr(comma + 1));
  }
  return values;
}

}  // namespace

std::vector<Setting> read_settings(std::istream& stream) {
  std::vector<Setting> settings;
  std::string text;
  for (int line = 1; std::getline(stream, text); ++line) {
    const bool binary = std::any_of(text.begin(), text.end(), [](unsigned char c) {
      return c < ' ' && c != '\t' && c != '\r' && c != '\f';
    });
    constexpr std::size_t longest = 10000;
    if (binary || text.size() > longest) {
      throw std::invalid_argument("line " + std::to_string(line) +
                                  ": no text, expected KEY: VALUE");
    }
    const std::string_view content =
        trimmed(std::string_view(text).substr(0, find_outside(text, "#")));
    if (content.empty() || content == "---") {
      continue;
    }
    const bool indented = std::isspace(static_cast<unsigned char>(text.front())) != 0;
    const Pair pair = split(content, line);
    if (indented && !settings.empty()) {
      settings.back().values.push_back(pair.key + "=" + unquoted(pair.value));
    } else {
      settings.push_back({pair.key, values_of(pair.value, line), line});
    }
  }
  return settings;
}

}  // namespace rvfit_programs

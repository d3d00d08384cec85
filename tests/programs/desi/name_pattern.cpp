// SPDX-License-Identifier: MIT

#include "desi/name_pattern.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace rvfit::test {
namespace {

using rvfit_desi::BadPattern;
using rvfit_desi::NamePattern;

TEST_CASE("NamePattern: what Python's re.match says") {
  struct Case {
    const char* expression;
    std::vector<const char*> match, others;
  };
  const std::vector<Case> cases{
      {"STD_*", {"STD", "STD_FAINT", "STD__X"}, {"ST", "XSTD_"}},
      {"MWS_ANY", {"MWS_ANY", "MWS_ANYTHING"}, {"MWS_AN", ""}},
      {".*ANY$", {"ANY", "BGS_ANY"}, {"ANY_", "AN"}},
      {"^(A|BC)+$", {"A", "BC", "ABCA"}, {"", "B", "AB"}},
      {"(?:A|)B?C", {"C", "BC", "AC", "ABC"}, {"AABC", "B"}},
      {"[A-CX_]-?[^0-9]", {"A-Z", "X_", "_A", "A--"}, {"D-Z", "A1"}},
      {"[]a]", {"]", "a"}, {"b"}},
      {"[a-]", {"-", "a"}, {"b"}},
      {"\\w\\d\\.", {"a1.", "_9."}, {"a1x", ".1."}},
      {"A|B$", {"A", "AX", "B"}, {"BX"}},
      {"(A*)*B", {"B", "AAB"}, {"A"}},
      {"()", {"", "A"}, {}},
      {"A+?B", {"AB", "AAB"}, {"B"}},
      {"A$B|C^", {}, {"AB", "C"}},
  };
  for (const Case& each : cases) {
    CAPTURE(std::string(each.expression));
    const NamePattern pattern(each.expression);
    for (const char* name : each.match) {
      CAPTURE(std::string(name));
      CHECK(pattern.matches(name));
    }
    for (const char* name : each.others) {
      CAPTURE(std::string(name));
      CHECK_FALSE(pattern.matches(name));
    }
  }
}

TEST_CASE("NamePattern: nested repetitions take no longer than their length") {
  // Trying one way after another would take 2^60 steps.
  const std::string name(60, 'A');
  CHECK_FALSE(NamePattern("(((A*)*)*)*B").matches(name));
  CHECK_FALSE(NamePattern("(A|A|A?)+$B").matches(name));
  CHECK(NamePattern("((A+)+)+$").matches(name));
}

TEST_CASE("NamePattern: what is no expression is refused with the reason") {
  const auto complaint = [](const std::string& text) -> std::string {
    try {
      (void)NamePattern(text);
      return "";
    } catch (const BadPattern& error) {
      return error.what();
    }
  };
  CHECK(complaint("[A") == "a '[' without its ']'");
  CHECK(complaint("(A") == "a '(' without its ')'");
  CHECK(complaint("A)") == "a ')' without its '('");
  CHECK(complaint("*A") == "nothing to repeat before '*'");
  CHECK(complaint("A{2}") == "'{' is not understood");
  CHECK(complaint("(?!A)B") == "'(?' is understood as '(?:' only");
  CHECK(complaint("A\\") == "a '\\' at the end");
  CHECK(complaint("A\\b") == "'\\b' is not understood");
  CHECK(complaint("[Z-A]") == "the range Z-A is empty");
  CHECK(complaint(std::string(201, '(')) == "it has 201 characters, at most 200 are taken");
  CHECK(complaint(std::string(100, '(') + std::string(100, ')')).empty());
}

}  // namespace
}  // namespace rvfit::test

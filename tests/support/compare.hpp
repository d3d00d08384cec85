// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Comparison of arrays: one check an array, which on failure prints the worst three elements, and
/// with --success how much of the tolerance the worst element takes.

#include <rvfit/core/views.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

namespace rvfit::test {

/// |got - want| <= absolute + relative |want|.
struct Tolerance {
  double absolute = 0.0;
  double relative = 0.0;
};

/// Elements of a view in LayoutRight order.
template <class Exec, class View>
[[nodiscard]] std::vector<typename View::non_const_value_type> values(const Exec& exec,
                                                                      const View& view) {
  const auto host = download(exec, view);
  return {host.data(), host.data() + host.size()};
}

/// Check an array against its oracle. NaN agrees with NaN alone.
template <class Got, class Want = std::vector<double>>
requires(!std::is_arithmetic_v<Got>) void check_close(const std::string& label, const Got& got,
                                                      const Want& want, Tolerance tolerance) {
  REQUIRE_MESSAGE(got.size() == want.size(), label, ": ", got.size(), " elements, wanted ",
                  want.size());
  struct Offence {
    double excess;
    std::size_t index;
  };
  std::vector<Offence> offences;
  double worst = 0.0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const auto g = static_cast<double>(got[i]);
    const auto w = static_cast<double>(want[i]);
    if (g == w || (std::isnan(g) && std::isnan(w))) {
      continue;
    }
    const double allowed = tolerance.absolute + tolerance.relative * std::abs(w);
    const double difference = std::abs(g - w);
    worst = std::max(worst, difference / allowed);
    if (!(difference <= allowed)) {
      offences.push_back({std::isnan(difference) ? HUGE_VAL : difference - allowed, i});
    }
  }
  std::ostringstream text;
  text << label << ": " << offences.size() << " of " << got.size()
       << " differ, the worst difference is " << worst << " of its tolerance";
  text.precision(17);
  const std::size_t shown = std::min<std::size_t>(offences.size(), 3);
  std::partial_sort(offences.begin(), offences.begin() + static_cast<std::ptrdiff_t>(shown),
                    offences.end(),
                    [](const Offence& a, const Offence& b) { return a.excess > b.excess; });
  for (std::size_t n = 0; n < shown; ++n) {
    const std::size_t i = offences[n].index;
    text << "\n  [" << i << "] got " << got[i] << ", want " << want[i] << ", allowed "
         << tolerance.absolute + tolerance.relative * std::abs(static_cast<double>(want[i]));
  }
  CHECK_MESSAGE(offences.empty(), text.str());
}

/// The same for one number.
template <class Got>
requires std::is_arithmetic_v<Got>
void check_close(const std::string& label, Got got, double want, Tolerance tolerance) {
  check_close(label, std::vector<Got>{got}, std::vector<double>{want}, tolerance);
}

/// Check that two arrays are the same bit for bit.
template <class T>
void check_same_bits(const std::string& label, const std::vector<T>& got,
                     const std::vector<T>& want) {
  REQUIRE_MESSAGE(got.size() == want.size(), label, ": ", got.size(), " elements, wanted ",
                  want.size());
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  std::size_t differing = 0, first = 0;
  for (std::size_t i = got.size(); i-- > 0;) {
    if (std::bit_cast<Bits>(got[i]) != std::bit_cast<Bits>(want[i])) {
      ++differing;
      first = i;
    }
  }
  std::ostringstream text;
  text.precision(17);
  text << label << ": " << differing << " of " << got.size() << " differ";
  if (differing > 0) {
    text << ", first [" << first << "] got " << got[first] << ", want " << want[first];
  }
  CHECK_MESSAGE(differing == 0, text.str());
}

/// Message of the exception `Error` that a call throws, or "no error".
template <class Error, class Call>
[[nodiscard]] std::string message_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace rvfit::test

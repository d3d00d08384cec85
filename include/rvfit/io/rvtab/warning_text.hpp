// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The bits of RVS_WARN in words.

#include <rvfit/io/rvtab/rvs_warn.hpp>

#include <string>
#include <utility>

namespace rvfit::io {

/// Every bit with its words.
inline constexpr std::pair<warn::Bits, const char*> warning_words[] = {
    {warn::chisq, "hardly better than the continuum alone"},
    {warn::rv, "rv at the edge of its range"},
    {warn::rv_error, "error of rv above 100 km/s"},
    {warn::parameter, "a label at the edge of the library"},
    {warn::vsini, "vsini above 100 km/s"},
    {warn::bad_spectrum, "nothing could be fitted"},
    {warn::bad_hessian, "no error: curvature not positive"},
    {warn::not_converged, "not converged"},
    {warn::poor_fit, "the model does not describe an arm"}};

/// The words of all bits that are set, "A; B"; empty without any.
[[nodiscard]] inline std::string warning_text(warn::Bits bits) {
  std::string text;
  const auto add = [&](const std::string& words) { text += (text.empty() ? "" : "; ") + words; };
  for (const auto& [bit, words] : warning_words) {
    if ((bits & bit) != 0) {
      add(words);
      bits &= ~bit;
    }
  }
  if (bits != 0) {
    add("bits " + std::to_string(bits));
  }
  return text;
}

}  // namespace rvfit::io

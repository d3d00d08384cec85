// SPDX-License-Identifier: MIT

#include "compiled_curves.hpp"

#include "curve_model.hpp"
#include <rvfit/core/require.hpp>

#include <dlfcn.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace rvfit_python {

namespace {

template <int N>
[[nodiscard]] std::shared_ptr<const CurveModel> sum_of(const std::vector<CurveTerm>& terms,
                                                       int parameters) {
  if constexpr (N <= most_curve_parameters) {
    if (parameters != N) {
      return sum_of<N + 1>(terms, parameters);
    }
    CurveSum<N> sum{};
    std::copy(terms.begin(), terms.end(), sum.term);
    sum.terms = static_cast<int>(terms.size());
    return std::make_shared<FittedCurve<CurveSum<N>>>(sum);
  }
  return nullptr;
}

}  // namespace

std::shared_ptr<const CurveModel> compiled_curve(const std::vector<CurveTerm>& terms) {
  int parameters = 0;
  for (const CurveTerm& term : terms) {
    parameters += term.parameters;
  }
  RVFIT_REQUIRE(parameters > 0 && parameters <= most_curve_parameters, "a sum of curves has ",
                parameters, " parameters, at most ", most_curve_parameters, " are compiled in");
  return sum_of<1>(terms, parameters);
}

std::shared_ptr<const CurveModel> loaded_curve(const std::string& path) {
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    throw std::runtime_error(dlerror());
  }
  using Make = CurveModel*();
  auto* const make = reinterpret_cast<Make*>(dlsym(library, "rvfit_curve_model"));
  if (make == nullptr) {
    throw std::runtime_error(path + " holds no model of a curve");
  }
  return std::shared_ptr<const CurveModel>(make());  // whose code stays loaded
}

}  // namespace rvfit_python

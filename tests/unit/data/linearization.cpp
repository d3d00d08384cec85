// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/policies.hpp"
#include <rvfit/data/linearization.hpp>

#include <vector>

namespace rvfit::test::linearization {

template <class P>
void starts_from_zero() {
  const Exec exec{};
  const Linearization<P> out(exec, 3, 2);
  CHECK(values(exec, out.value) == std::vector<double>(3, 0.0));
  CHECK(values(exec, out.gradient) == std::vector<double>(6, 0.0));
  CHECK(values(exec, out.hessian) == std::vector<double>(12, 0.0));
  CHECK(out.hessian.extent(2) == 2);
}

RVFIT_TEST("linearization: starts as a sum of no terms", starts_from_zero);

}  // namespace rvfit::test::linearization

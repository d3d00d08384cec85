// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/policies.hpp"
#include <rvfit/core/views.hpp>

#include <type_traits>
#include <vector>

namespace rvfit::test::views {

static_assert(std::is_same_v<typename Jets<FloatPolicy>::array_layout, Kokkos::LayoutRight>);
static_assert(Jets<FloatPolicy>::rank() == 3);

template <class P>
void copies_to_the_device_and_back() {
  using Real = typename P::real_type;
  const Exec exec{};
  const std::vector<double> numbers{1.0, -2.5, 3.25, 4.0, 5.0, 6.5};
  const std::vector<Real> stored(numbers.begin(), numbers.end());
  CHECK(values(exec, upload<Vector<const Real, P>>(exec, "v", numbers)) == stored);
  const auto matrix = upload_matrix<Matrix<const Real, P>>(exec, "m", numbers, 2, 3);
  const auto host = download(exec, matrix);
  CHECK(host(1, 0) == Real(4));
  CHECK(host(0, 2) == Real(3.25));
  CHECK(matrix.label() == "m");
}

template <class P>
void refuses_other_numbers_of_values() {
  const std::vector<double> numbers(6);
  CHECK(message_of<InvalidArgument>([&] {
          (void)upload_matrix<Matrix<const double, P>>(Exec{}, "m", numbers, 2, 4);
        }) == "upload_matrix: m has 6 values, wanted 2 x 4");
}

template <class P>
void starts_from_zero() {
  const Exec exec{};
  const auto cube = allocate<Cube<double, P>>(exec, "cube", 2, 3, 5);
  CHECK(values(exec, cube) == std::vector<double>(30, 0.0));
  CHECK(allocate_raw<Matrix<int, P>>(exec, "raw", 4, 0).extent(0) == 4);
}

template <class P>
void copies_nothing() {
  const Exec exec{};
  CHECK(upload<Vector<const double, P>>(exec, "v", std::vector<double>{}).size() == 0);
}

RVFIT_TEST("views: host numbers come back from the device, rows first",
           copies_to_the_device_and_back);
RVFIT_TEST_DOUBLE("views: a matrix of other values than its extents is refused",
                  refuses_other_numbers_of_values);
RVFIT_TEST_DOUBLE("views: allocated numbers are zero", starts_from_zero);
RVFIT_TEST_DOUBLE("views: an empty array is no special case", copies_nothing);

}  // namespace rvfit::test::views

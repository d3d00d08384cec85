// SPDX-License-Identifier: MIT

#include "support/good_result.hpp"
#include <rvfit/io/rvtab/rvs_warn.hpp>

#include <doctest/doctest.h>

#include <cmath>

namespace rvfit::test {
namespace {

TEST_CASE("rvs_warn: each bit of the reference, and ours") {
  const auto warn_of = [](auto change) {
    FitResult result = good_result(1);
    change(result);
    return io::rvs_warn(result, 0);
  };
  CHECK(warn_of([](FitResult&) {}) == 0);
  CHECK(warn_of([](FitResult& r) { r.continuum_chi2 = {1020, 1020}; }) == io::warn::chisq);
  CHECK(warn_of([](FitResult& r) { theta_of(r, "rv") = 896; }) == io::warn::rv);
  CHECK(warn_of([](FitResult& r) { theta_of(r, "rv") = -896; }) == io::warn::rv);
  CHECK(warn_of([](FitResult& r) { error_of(r, "rv") = 101; }) == io::warn::rv_error);
  CHECK(warn_of([](FitResult& r) { error_of(r, "rv") = std::nan(""); }) == 0);
  CHECK(warn_of([](FitResult& r) { theta_of(r, "teff") = 2305; }) == io::warn::parameter);
  CHECK(warn_of([](FitResult& r) { theta_of(r, "logg") = 6.495; }) == io::warn::parameter);
  CHECK(warn_of([](FitResult& r) { r.bound_flags = {1}; }) == io::warn::parameter);  // teff
  CHECK(warn_of([](FitResult& r) { r.bound_flags = {8}; }) == io::warn::parameter);  // alpha
  CHECK(warn_of([](FitResult& r) { r.bound_flags = {16 + 32}; }) == 0);  // vsini, rv: bits 16 and 2
  CHECK(warn_of([](FitResult& r) { r.outside = {1}; }) == io::warn::parameter);
  CHECK(warn_of([](FitResult& r) { r.outside = {0}; }) == 0);
  CHECK(warn_of([](FitResult& r) {
          r.chi2 = {9900, 1000};
          r.continuum_chi2 = {1e5, 1e5};
        }) == 0);
  CHECK(warn_of([](FitResult& r) {
          r.chi2 = {1000, 9901};
          r.continuum_chi2 = {1e5, 1e5};
        }) == io::warn::poor_fit);
  CHECK(io::warn::poor_fit == 131072);
  CHECK(warn_of([](FitResult& r) { theta_of(r, "vsini") = 101; }) == io::warn::vsini);
  CHECK(warn_of([](FitResult& r) { r.bad_hessian[0] = 1; }) == io::warn::bad_hessian);
  CHECK(warn_of([](FitResult& r) { r.status[0] = FitStatus::stalled; }) == io::warn::not_converged);
  CHECK(warn_of([](FitResult& r) { r.status[0] = FitStatus::max_iterations; }) == 65536);
  CHECK(warn_of([](FitResult& r) { r.status[0] = FitStatus::non_finite; }) ==
        io::warn::bad_spectrum);
}

}  // namespace
}  // namespace rvfit::test

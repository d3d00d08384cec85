// SPDX-License-Identifier: MIT

#include <support/fitters.hpp>

template class rvfit::Objective<rvfit::test::Double, rvfit::ForwardModel<rvfit::test::Double>>;
template class rvfit::Fitter<rvfit::ForwardModel<rvfit::test::Double>>;

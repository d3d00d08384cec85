// SPDX-License-Identifier: MIT

#include <support/fitters.hpp>

template class rvfit::Objective<rvfit::test::Float, rvfit::ForwardModel<rvfit::test::Float>>;
template class rvfit::Fitter<rvfit::ForwardModel<rvfit::test::Float>>;

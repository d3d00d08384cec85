// SPDX-License-Identifier: MIT

#include <compiled/fitters.hpp>

template class rvfit::GridLibrary<rvfit::compiled::Float>;
template class rvfit::Mlp<rvfit::compiled::Float>;
template class rvfit::ForwardModel<rvfit::compiled::Float>;
template class rvfit::Scan<rvfit::compiled::Float, rvfit::ForwardModel<rvfit::compiled::Float>>;
template class rvfit::Objective<rvfit::compiled::Float,
                                rvfit::ForwardModel<rvfit::compiled::Float>>;
template class rvfit::Fitter<rvfit::ForwardModel<rvfit::compiled::Float>>;

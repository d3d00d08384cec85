// SPDX-License-Identifier: MIT

#include <compiled/fitters.hpp>

template class rvfit::ForwardModel<rvfit::compiled::Float>;
template class rvfit::Objective<rvfit::compiled::Float,
                                rvfit::ForwardModel<rvfit::compiled::Float>>;
template class rvfit::Fitter<rvfit::ForwardModel<rvfit::compiled::Float>>;

// SPDX-License-Identifier: MIT

#include <compiled/fitters.hpp>

template class rvfit::GridLibrary<rvfit::compiled::Double>;
template class rvfit::Mlp<rvfit::compiled::Double>;
template class rvfit::ForwardModel<rvfit::compiled::Double>;
template class rvfit::Scan<rvfit::compiled::Double, rvfit::ForwardModel<rvfit::compiled::Double>>;
template class rvfit::Objective<rvfit::compiled::Double,
                                rvfit::ForwardModel<rvfit::compiled::Double>>;
template class rvfit::Fitter<rvfit::ForwardModel<rvfit::compiled::Double>>;

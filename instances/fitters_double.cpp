// SPDX-License-Identifier: MIT

#include <instances/fitters.hpp>

template class rvfit::ForwardModel<rvfit::instances::Double>;
template class rvfit::Objective<rvfit::instances::Double,
                                rvfit::ForwardModel<rvfit::instances::Double>>;
template class rvfit::Fitter<rvfit::ForwardModel<rvfit::instances::Double>>;

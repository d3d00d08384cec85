// SPDX-License-Identifier: MIT

#include <instances/fitters.hpp>

template class rvfit::ForwardModel<rvfit::instances::Float>;
template class rvfit::Objective<rvfit::instances::Float,
                                rvfit::ForwardModel<rvfit::instances::Float>>;
template class rvfit::Fitter<rvfit::ForwardModel<rvfit::instances::Float>>;

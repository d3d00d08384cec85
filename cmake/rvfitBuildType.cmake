# SPDX-License-Identifier: MIT
#
# Says so where a user's project would be compiled without optimisation, which CMake does unless it is told: fits
# take tens of times as long then. Also installed, for rvfitConfig.cmake.
get_property(rvfit_multi_config GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
if(NOT rvfit_multi_config AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CXX_FLAGS MATCHES "-O[1-3sf]")
  message(WARNING "rvfit: CMAKE_BUILD_TYPE is empty, nothing is optimised: configure with -DCMAKE_BUILD_TYPE=Release")
endif()

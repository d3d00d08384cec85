# SPDX-License-Identifier: MIT
#
# Defines PkgConfig::CFITSIO. Also installed, for rvfitConfig.cmake.
if(NOT TARGET PkgConfig::CFITSIO)
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(CFITSIO REQUIRED IMPORTED_TARGET GLOBAL cfitsio>=4.0)
endif()

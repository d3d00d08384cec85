# SPDX-License-Identifier: MIT
#
# Installs the headers and a CMake package: find_package(rvfit) gives rvfit::rvfit, its component fits
# rvfit::fits.
include(CMakePackageConfigHelpers)

set(rvfit_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/rvfit")

install(TARGETS rvfit EXPORT rvfitTargets FILE_SET HEADERS)
if(RVFIT_ENABLE_FITS)
  install(TARGETS rvfit_fits EXPORT rvfitFitsTargets FILE_SET HEADERS)
  install(EXPORT rvfitFitsTargets NAMESPACE rvfit:: DESTINATION "${rvfit_package_dir}")
  install(FILES "${PROJECT_SOURCE_DIR}/cmake/rvfitCfitsio.cmake" DESTINATION "${rvfit_package_dir}")
endif()
install(EXPORT rvfitTargets NAMESPACE rvfit:: DESTINATION "${rvfit_package_dir}")

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/rvfitConfig.cmake.in" rvfitConfig.cmake
                              INSTALL_DESTINATION "${rvfit_package_dir}")
write_basic_package_version_file(rvfitConfigVersion.cmake COMPATIBILITY SameMinorVersion
                                 ARCH_INDEPENDENT)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/rvfitConfig.cmake"
              "${CMAKE_CURRENT_BINARY_DIR}/rvfitConfigVersion.cmake"
              "${PROJECT_SOURCE_DIR}/cmake/rvfitBuildType.cmake"
              "${PROJECT_SOURCE_DIR}/cmake/rvfitVendorBlas.cmake"
        DESTINATION "${rvfit_package_dir}")

# SPDX-License-Identifier: MIT
#
# Ends the configuration of the Python package in one line that names all that it lacks: who installs from a source
# distribution sees little else. `rvfit_missing` has what was found out before.

find_package(Python 3.11 QUIET COMPONENTS Interpreter Development.Module OPTIONAL_COMPONENTS Development.SABIModule)
if(Python_FOUND)
  execute_process(
    COMMAND ${Python_EXECUTABLE} -m nanobind --cmake_dir
    OUTPUT_STRIP_TRAILING_WHITESPACE OUTPUT_VARIABLE nanobind_ROOT ERROR_QUIET)
  find_package(nanobind CONFIG QUIET)
  if(NOT nanobind_FOUND OR nanobind_VERSION VERSION_LESS 2.10.1)
    list(APPEND rvfit_missing "nanobind 2.10.1 or newer (${Python_EXECUTABLE} -m pip install nanobind)")
  endif()
else()
  list(APPEND rvfit_missing "Python 3.11 or newer with its headers (Debian: python3-dev)")
endif()

find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(rvfit_cfitsio QUIET cfitsio>=4.0)
endif()
if(NOT PkgConfig_FOUND)
  list(APPEND rvfit_missing "pkg-config (Debian: pkg-config)")
elseif(NOT rvfit_cfitsio_FOUND)
  list(APPEND rvfit_missing "CFITSIO 4.0 or newer (Debian: libcfitsio-dev)")
endif()

find_package(CLI11 QUIET)
if(NOT CLI11_FOUND)
  list(APPEND rvfit_missing "CLI11 (Debian: libcli11-dev)")
endif()
find_package(nlohmann_json 3.11 QUIET)
if(NOT nlohmann_json_FOUND)
  list(APPEND rvfit_missing "nlohmann_json 3.11 or newer (Debian: nlohmann-json3-dev)")
endif()

if(rvfit_missing)
  list(JOIN rvfit_missing "; " rvfit_missing)
  # A message that begins with a space is not broken into lines.
  message(FATAL_ERROR " rvfit's Python package wants what is not here: ${rvfit_missing}")
endif()

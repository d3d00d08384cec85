# SPDX-License-Identifier: MIT
#
# Defines Kokkos::kokkos, from the first of:
#   1. a target that the enclosing project already has;
#   2. find_package: Kokkos_ROOT, CMAKE_PREFIX_PATH, a module, Spack, the system;
#   3. RVFIT_KOKKOS_PREFIX, where tools/get_kokkos.sh unpacks Debian's newer package;
#   4. a download, if RVFIT_FETCH_KOKKOS is on.
# Debian 12's own Kokkos is 3.4 and is never taken.

set(rvfit_kokkos_oldest 4.6)
set(rvfit_kokkos_below 6)

if(NOT TARGET Kokkos::kokkos)
  find_package(Kokkos ${rvfit_kokkos_oldest}...<${rvfit_kokkos_below} QUIET)
  if(NOT Kokkos_FOUND AND RVFIT_KOKKOS_PREFIX)
    find_package(Kokkos ${rvfit_kokkos_oldest}...<${rvfit_kokkos_below} QUIET
                 PATHS "${RVFIT_KOKKOS_PREFIX}/usr" NO_DEFAULT_PATH)
  endif()
  if(Kokkos_FOUND)
    message(STATUS "Kokkos ${Kokkos_VERSION} (${Kokkos_DEVICES}): ${Kokkos_DIR}")
  elseif(RVFIT_FETCH_KOKKOS)
    include(FetchContent)
    set(RVFIT_FETCH_KOKKOS_TAG 4.6.01 CACHE STRING "The Kokkos release to download")
    option(Kokkos_ENABLE_OPENMP "Kokkos: OpenMP back end" ON)
    FetchContent_Declare(kokkos SYSTEM GIT_REPOSITORY https://github.com/kokkos/kokkos.git
                         GIT_TAG ${RVFIT_FETCH_KOKKOS_TAG} GIT_SHALLOW ON)
    FetchContent_MakeAvailable(kokkos)
  elseif(RVFIT_ENABLE_PYTHON)
    # The folder of a source distribution is gone when pip ends: nothing can be unpacked into it.
    set(rvfit_missing
        "Kokkos ${rvfit_kokkos_oldest} or newer, below ${rvfit_kokkos_below} (tools/get_kokkos.sh PREFIX unpacks one on Debian, which Kokkos_ROOT=PREFIX/usr names)")
  else()
    list(REMOVE_DUPLICATES Kokkos_CONSIDERED_CONFIGS)
    set(found "None was found.")
    if(Kokkos_CONSIDERED_CONFIGS)
      set(found "Found, but refused: ${Kokkos_CONSIDERED_CONFIGS}.")
    endif()
    message(
      FATAL_ERROR
        "rvfit needs Kokkos ${rvfit_kokkos_oldest} or newer, below ${rvfit_kokkos_below}."
        " ${found}"
        " Set Kokkos_ROOT, or run tools/get_kokkos.sh ${RVFIT_KOKKOS_PREFIX} on Debian,"
        " or configure with -DRVFIT_FETCH_KOKKOS=ON.")
  endif()
endif()

# A target of the enclosing project, or a version file that ignores ranges, is checked here.
if(Kokkos_VERSION AND (Kokkos_VERSION VERSION_LESS rvfit_kokkos_oldest
                       OR Kokkos_VERSION VERSION_GREATER_EQUAL rvfit_kokkos_below))
  message(FATAL_ERROR "rvfit needs Kokkos ${rvfit_kokkos_oldest} or newer, below"
                      " ${rvfit_kokkos_below}; this one is ${Kokkos_VERSION}.")
endif()

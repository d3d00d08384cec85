# SPDX-License-Identifier: MIT
#
# Defines rvfit_vendor_blas, empty or the matrix products of the vendor of Kokkos' device: cuBLAS or rocBLAS.
# Used by the project and by its installed package. Needs Kokkos::kokkos.
#
# rvfit_find_vendor_blas(ENABLE TF32): ENABLE is AUTO (where found), ON (an error if not) or OFF.

function(rvfit_find_vendor_blas enable tf32)
  if(TARGET rvfit_vendor_blas)
    return()
  endif()
  add_library(rvfit_vendor_blas INTERFACE IMPORTED GLOBAL)
  if(enable STREQUAL OFF)
    return()
  endif()
  set(library "no library for this Kokkos")
  set(target)
  if(Kokkos_ENABLE_CUDA)
    set(library cuBLAS)
    find_package(CUDAToolkit QUIET)
    set(target CUDA::cublas)
    set(definitions RVFIT_HAVE_CUBLAS $<$<BOOL:${tf32}>:RVFIT_TF32_TANGENTS>)
  elseif(Kokkos_ENABLE_HIP)
    set(library rocBLAS)
    find_package(rocblas QUIET)
    set(target roc::rocblas)
    set(definitions RVFIT_HAVE_ROCBLAS)
  endif()
  if(target AND TARGET ${target})
    message(STATUS "Products on the device: ${library}")
    set_target_properties(rvfit_vendor_blas PROPERTIES INTERFACE_LINK_LIBRARIES "${target}"
                                                       INTERFACE_COMPILE_DEFINITIONS "${definitions}")
  elseif(NOT enable STREQUAL AUTO)
    message(FATAL_ERROR "RVFIT_ENABLE_VENDOR_BLAS is ${enable}: ${library} was not found")
  endif()
endfunction()

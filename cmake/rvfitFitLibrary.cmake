# SPDX-License-Identifier: MIT
#
# rvfit_add_fit_library(NAME FITTERS): a static library of the part of programs/core/ that fits batches of
# spectra and reads options, and knows neither files nor processes. Programs have one, and the Python
# package one for each instruction set. FITTERS is a library of programs/compiled/. Who links it has a
# function rvfit_programs::log.

set(rvfit_fit_sources command_line.cpp config_file.cpp cores.cpp fitter_double.cpp fitter_float.cpp
                      match_library.cpp options.cpp parse.cpp spectra_options.cpp)

function(rvfit_add_fit_library name fitters)
  list(TRANSFORM rvfit_fit_sources PREPEND ${PROJECT_SOURCE_DIR}/programs/core/ OUTPUT_VARIABLE sources)
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/programs)
  target_link_libraries(${name} PUBLIC rvfit::fits ${fitters} CLI11::CLI11 nlohmann_json::nlohmann_json)
  rvfit_make_embeddable(${name})
endfunction()

# rvfit_make_embeddable(NAME): a static library that programs and Python modules link, with the code of programs.
function(rvfit_make_embeddable name)
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU,Clang>:-fno-semantic-interposition>)
endfunction()

# SPDX-License-Identifier: MIT
#
# The target docs: pages of the interface in BUILD/docs/html. A warning of Doxygen is a failure.
find_package(Doxygen 1.9.4 QUIET)
if(DOXYGEN_FOUND)
  configure_file("${PROJECT_SOURCE_DIR}/docs/Doxyfile.in" "${PROJECT_BINARY_DIR}/Doxyfile" @ONLY)
  add_custom_target(docs COMMAND Doxygen::doxygen "${PROJECT_BINARY_DIR}/Doxyfile"
                    COMMENT "Pages of the interface" VERBATIM)
endif()

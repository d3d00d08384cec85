// SPDX-License-Identifier: MIT

/// @file
/// main() of a program of surveys.hpp: RVFIT_RUN is its function there.

#include "surveys.hpp"

int main(int argc, char** argv) { return rvfit_programs::RVFIT_RUN(argc, argv); }

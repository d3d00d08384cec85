// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The whole library but for its file formats (rvfit/io), in the order of its layers.

// Vocabulary
#include <rvfit/core/dual.hpp>
#include <rvfit/core/dual_math.hpp>
#include <rvfit/core/math.hpp>
#include <rvfit/core/medium.hpp>
#include <rvfit/core/number_bits.hpp>
#include <rvfit/core/pack.hpp>
#include <rvfit/core/pack_exp_log.hpp>
#include <rvfit/core/pack_mask.hpp>
#include <rvfit/core/pack_math.hpp>
#include <rvfit/core/pack_sine.hpp>
#include <rvfit/core/policy.hpp>
#include <rvfit/core/require.hpp>
#include <rvfit/core/team.hpp>
#include <rvfit/core/tile.hpp>
#include <rvfit/core/units.hpp>
#include <rvfit/core/value_of.hpp>
#include <rvfit/core/vector_register.hpp>
#include <rvfit/core/views.hpp>

// Spectra, parameters and results
#include <rvfit/data/clip_outliers.hpp>
#include <rvfit/data/fill_empty_columns.hpp>
#include <rvfit/data/fit_result.hpp>
#include <rvfit/data/flux_unit.hpp>
#include <rvfit/data/host_spectra.hpp>
#include <rvfit/data/linearization.hpp>
#include <rvfit/data/parameter_layout.hpp>
#include <rvfit/data/parameters.hpp>
#include <rvfit/data/prepare_options.hpp>
#include <rvfit/data/prepare_spectra.hpp>
#include <rvfit/data/spectrum_batch.hpp>
#include <rvfit/data/spectrum_buffer.hpp>
#include <rvfit/data/template_grid.hpp>

// Linear algebra of small and of many
#include <rvfit/linalg/cholesky.hpp>
#include <rvfit/linalg/correlation.hpp>
#include <rvfit/linalg/gemm.hpp>
#include <rvfit/linalg/ldlt.hpp>
#include <rvfit/linalg/pivoted_cholesky.hpp>

// Templates
#include <rvfit/emulator/activation.hpp>
#include <rvfit/emulator/dense_layer.hpp>
#include <rvfit/emulator/domain.hpp>
#include <rvfit/emulator/emulator_data.hpp>
#include <rvfit/emulator/grid.hpp>
#include <rvfit/emulator/grid_axes.hpp>
#include <rvfit/emulator/grid_data.hpp>
#include <rvfit/emulator/grid_slopes.hpp>
#include <rvfit/emulator/grid_stencil.hpp>
#include <rvfit/emulator/input_scaling.hpp>
#include <rvfit/emulator/mlp.hpp>

// Physical effects, linear in the spectrum
#include <rvfit/stages/broadening.hpp>
#include <rvfit/stages/broadening_stages.hpp>
#include <rvfit/stages/doppler.hpp>
#include <rvfit/stages/exact_rotation.hpp>
#include <rvfit/stages/gaussian_band.hpp>
#include <rvfit/stages/gaussian_broadening.hpp>
#include <rvfit/stages/gaussian_resolution.hpp>
#include <rvfit/stages/linear_stage.hpp>
#include <rvfit/stages/resolution.hpp>
#include <rvfit/stages/resolution_matrix.hpp>
#include <rvfit/stages/rotation.hpp>
#include <rvfit/stages/spline.hpp>
#include <rvfit/stages/spline_convolution.hpp>
#include <rvfit/stages/spline_taps.hpp>
#include <rvfit/stages/symmetric_filter.hpp>

// Continuum, eliminated
#include <rvfit/continuum/basis.hpp>
#include <rvfit/continuum/continuum_nodes.hpp>
#include <rvfit/continuum/fit_continuum.hpp>
#include <rvfit/continuum/projection.hpp>
#include <rvfit/continuum/projection_outputs.hpp>

// Batched least squares
#include <rvfit/solver/active_list.hpp>
#include <rvfit/solver/covariance.hpp>
#include <rvfit/solver/determined_covariance.hpp>
#include <rvfit/solver/device_parameters.hpp>
#include <rvfit/solver/lm.hpp>
#include <rvfit/solver/lm_fit.hpp>
#include <rvfit/solver/lm_options.hpp>
#include <rvfit/solver/lm_state.hpp>
#include <rvfit/solver/lm_step.hpp>
#include <rvfit/solver/parameter_capacity.hpp>

// Least squares of a user's own functions
#include <rvfit/residual/check_derivatives.hpp>
#include <rvfit/residual/correlated_data.hpp>
#include <rvfit/residual/draw_starts.hpp>
#include <rvfit/residual/estimator.hpp>
#include <rvfit/residual/fit_stream.hpp>
#include <rvfit/residual/many_starts.hpp>
#include <rvfit/residual/profile_contours.hpp>
#include <rvfit/residual/profile_intervals.hpp>
#include <rvfit/residual/report.hpp>
#include <rvfit/residual/residual_data.hpp>
#include <rvfit/residual/residual_fitter.hpp>
#include <rvfit/residual/residual_model.hpp>
#include <rvfit/residual/robust_fits.hpp>
#include <rvfit/residual/shared_fits.hpp>
#include <rvfit/residual/shared_fitter.hpp>

// Fits of spectra
#include <rvfit/pipeline/fit_options.hpp>
#include <rvfit/pipeline/fit_spectra.hpp>
#include <rvfit/pipeline/fitter.hpp>
#include <rvfit/pipeline/forward_model.hpp>
#include <rvfit/pipeline/objective.hpp>
#include <rvfit/pipeline/predict.hpp>
#include <rvfit/pipeline/rv_moments.hpp>
#include <rvfit/pipeline/rv_profile.hpp>
#include <rvfit/pipeline/rv_profile_options.hpp>
#include <rvfit/pipeline/scan.hpp>
#include <rvfit/pipeline/scan_options.hpp>
#include <rvfit/pipeline/scan_velocities.hpp>
#include <rvfit/pipeline/side_by_side.hpp>
#include <rvfit/pipeline/template_model.hpp>

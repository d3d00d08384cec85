// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Convolution of spectra with a short symmetric kernel, the form that rotation and the cubic
/// spline share on a uniform grid:
///
///   out_i = h_0 in_i + sum_{k=1..K} h_k (in_{i-k} + in_{i+k})
///
/// Beyond its ends a spectrum is continued by point reflection, in_{-k} = 2 in_0 - in_k, which keeps
/// straight lines straight and is the exact continuation of a natural spline. (rvspecfit pads with
/// zeros; the two differ within K pixels of the ends, which no observed pixel may see.)

#include <rvfit/core/policy.hpp>

#include <Kokkos_Core.hpp>

namespace rvfit {

namespace detail {

/// in_i continued by point reflection.
template <class Real>
KOKKOS_INLINE_FUNCTION Real reflected(const Real* in, int size, int i) {
  if (i < 0) {
    return Real(2) * in[0] - in[Kokkos::min(-i, size - 1)];
  }
  if (i >= size) {
    return Real(2) * in[size - 1] - in[Kokkos::max(2 * (size - 1) - i, 0)];
  }
  return in[i];
}

/// `Width` neighbouring pixels whose neighbourhood lies inside the spectrum.
template <int Width, class Real>
KOKKOS_INLINE_FUNCTION void filter_interior(const Real* taps, int reach, const Real* in,
                                            Real* out) {
  Real sum[Width];
  for (int w = 0; w < Width; ++w) {
    sum[w] = taps[0] * in[w];
  }
  for (int k = 1; k <= reach; ++k) {
    const Real tap = taps[k];
    const Real* left = in - k;
    const Real* right = in + k;
    for (int w = 0; w < Width; ++w) {
      sum[w] += tap * (left[w] + right[w]);
    }
  }
  for (int w = 0; w < Width; ++w) {
    out[w] = sum[w];
  }
}

}  // namespace detail

/// Filter one spectrum with a team.
///
/// @param[in]  member  the team
/// @param[in]  taps    (reach + 1)  h_0 .. h_reach, readable by the whole team
/// @param[in]  in      (size)
/// @param[out] out     (size)       must not alias `in`
template <ExecutionPolicy P>
KOKKOS_INLINE_FUNCTION void symmetric_filter(const typename P::member_type& member,
                                             const typename P::real_type* taps, int reach,
                                             const typename P::real_type* in, int size,
                                             typename P::real_type* out) {
  using Real = typename P::real_type;
  constexpr int width = P::pixels_abreast;
  const int blocks = (size + width - 1) / width;
  Kokkos::parallel_for(Kokkos::TeamThreadRange(member, blocks), [&](int block) {
    const int begin = block * width;
    if (begin >= reach && begin + width + reach <= size) {
      detail::filter_interior<width>(taps, reach, in + begin, out + begin);
      return;
    }
    const int end = Kokkos::min(begin + width, size);
    for (int i = begin; i < end; ++i) {
      Real sum = taps[0] * in[i];
      for (int k = 1; k <= reach; ++k) {
        sum += taps[k] * (detail::reflected(in, size, i - k) + detail::reflected(in, size, i + k));
      }
      out[i] = sum;
    }
  });
}

}  // namespace rvfit

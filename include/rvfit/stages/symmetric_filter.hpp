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

#include <rvfit/core/pack.hpp>
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
  constexpr int native = Width % native_pack_size<Real> == 0 ? native_pack_size<Real> : 1;
  constexpr int registers = Width / native;
  using Abreast = Pack<Real, native>;
  Abreast sum[registers];
  for (int n = 0; n < registers; ++n) {
    sum[n] = Abreast(taps[0]) * load<Abreast>(in + n * native);
  }
  for (int k = 1; k <= reach; ++k) {
    const Abreast tap(taps[k]);
    for (int n = 0; n < registers; ++n) {
      sum[n] += tap * (load<Abreast>(in + n * native - k) + load<Abreast>(in + n * native + k));
    }
  }
  for (int n = 0; n < registers; ++n) {
    store(sum[n], out + n * native);
  }
}

/// `count` <= Width pixels from `begin` on, near an end of the spectrum.
template <int Width, class Real>
KOKKOS_INLINE_FUNCTION void filter_end(const Real* taps, int reach, const Real* in, int size,
                                       int begin, int count, Real* out) {
  constexpr int largest = Width > 1 ? 64 : -1;
  if (reach <= largest) {
    // The pixels around, continued: few kernels reach further than a vector kernel's copy of them.
    Real around[Width + 2 * Kokkos::max(largest, 0)];
    Real result[Width];
    for (int n = 0; n < Width + 2 * reach; ++n) {
      around[n] = reflected(in, size, begin - reach + n);
    }
    filter_interior<Width>(taps, reach, around + reach, result);
    for (int w = 0; w < count; ++w) {
      out[begin + w] = result[w];
    }
    return;
  }
  for (int i = begin; i < begin + count; ++i) {
    Real sum = taps[0] * in[i];
    for (int k = 1; k <= reach; ++k) {
      sum += taps[k] * (reflected(in, size, i - k) + reflected(in, size, i + k));
    }
    out[i] = sum;
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
  constexpr int width = P::pixels_abreast;
  const int blocks = (size + width - 1) / width;
  Kokkos::parallel_for(Kokkos::TeamThreadRange(member, blocks), [&](int block) {
    const int begin = block * width;
    if (begin >= reach && begin + width + reach <= size) {
      detail::filter_interior<width>(taps, reach, in + begin, out + begin);
    } else {
      const int count = Kokkos::min(int{width}, size - begin);
      detail::filter_end<width>(taps, reach, in, size, begin, count, out);
    }
  });
}

}  // namespace rvfit

// SPDX-License-Identifier: MIT

/// @file
/// Products by the vendor's library, for the checks that compile for GPUs: only where its headers are.

#if defined(__CUDACC__) && __has_include(<cublas_v2.h>)
#define RVFIT_HAVE_CUBLAS
#define RVFIT_TF32_TANGENTS
#elif defined(__HIPCC__) && __has_include(<rocblas/rocblas.h>)
#define RVFIT_HAVE_ROCBLAS
#endif

#include <rvfit/emulator/dense_layer.hpp>

namespace rvfit {

namespace test::vendor_products {
template <class Real>
using P = Policy<Kokkos::DefaultExecutionSpace, Real, double>;
using Exec = Kokkos::DefaultExecutionSpace;
}  // namespace test::vendor_products

using test::vendor_products::Exec, test::vendor_products::P;

template void dense_layer<P<float>>(const Exec&, MatrixRef<const float>,
                                    const DenseLayer<P<float>>&, int, MatrixRef<float>,
                                    const RowsInUse<P<float>>&);
template void dense_layer<P<double>>(const Exec&, MatrixRef<const double>,
                                     const DenseLayer<P<double>>&, int, MatrixRef<double>,
                                     const RowsInUse<P<double>>&);

}  // namespace rvfit

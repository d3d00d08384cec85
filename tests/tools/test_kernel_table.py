# SPDX-License-Identifier: MIT
"""tools/kernel_table.py on made-up compiler output: both formats, names, and which spills are refused."""
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "tools"))
import kernel_table  # noqa: E402

# ParallelFor<rvfit::detail::Kernel<rvfit::Policy<Kokkos::Cuda, float, double, false>, N>, ...>, mangled.
LAUNCH = ("_ZN6Kokkos4Impl33cuda_parallel_launch_local_memoryINS0_11ParallelForIN5rvfit6detail{name}INS3_6PolicyINS_4Cuda"
          "EfdLb0EEELi{size}EEENS_11RangePolicyIJS7_EEES7_EEEEvT_")
FILL = ("_ZN6Kokkos4Impl33cuda_parallel_launch_local_memoryINS0_11ParallelForINS0_16ViewValueFunctorINS_6DeviceINS_4Cuda"
        "ENS_9CudaSpaceEEEjEENS_11RangePolicyIJS5_NS_9IndexTypeImEENS8_10DestroyTagEEEES5_EEEEvT_")


def mangled(name, size):
    return LAUNCH.format(name=f"{len(name)}{name}", size=size)


def nvcc(name, stores):
    return (f"ptxas info    : Compiling entry function '{name}' for 'sm_90'\n"
            f"ptxas info    : Function properties for {name}\n"
            f"    {stores} bytes stack frame, {stores} bytes spill stores, {stores} bytes spill loads\n"
            "ptxas info    : Used 40 registers, used 1 barriers, 16 bytes smem\n")


def clang(name, spills):
    values = {"Function Name": name, "SGPRs": 9, "VGPRs": 40, "AGPRs": 0, "ScratchSize [bytes/lane]": 0,
              "Dynamic Stack": "False", "Occupancy [waves/SIMD]": 8, "SGPRs Spill": 3, "VGPRs Spill": spills,
              "LDS Size [bytes/block]": 16}
    return "".join(f"x.hpp:59:1: remark: {key}: {value} [-Rpass-analysis=kernel-resource-usage]\n"
                   for key, value in values.items())


@pytest.mark.parametrize("kernel", [nvcc, clang])
def test_a_spill_fails_for_main_kernels_only(tmp_path, capsys, kernel):
    log = tmp_path / "log"
    log.write_text(kernel(FILL, 8) + kernel(mangled("ProposeStep", 16), 8) + kernel(mangled("ProposeStep", 8), 0))
    assert kernel_table.main([str(log)]) == 0
    printed = capsys.readouterr().out
    assert "ProposeStep<float, 16>" in printed and "2 kernels of ours, 1 of Kokkos'" in printed
    log.write_text(log.read_text() + kernel(mangled("Observe", 32), 4))
    assert kernel_table.main([str(log)]) == 1
    assert "Observe<float, 32> spills: " in capsys.readouterr().out


def test_output_without_kernels_is_an_error(tmp_path):
    (tmp_path / "log").write_text("ptxas info    : 0 bytes gmem\n")
    with pytest.raises(SystemExit, match="no kernel"):
        kernel_table.main([str(tmp_path / "log")])

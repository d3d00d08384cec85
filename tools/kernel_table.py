#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""kernel_table.py LOG...: what each kernel needs of a GPU, from the output of its compiler.

LOG is the output of `nvcc -Xptxas -v` or of `clang++ -Rpass-analysis=kernel-resource-usage`. Prints a row for
each kernel, the functor that a Kokkos launch runs; Kokkos' own are only counted.

Exit code 1, with a line for each, if a kernel spills: keeps in memory what should be in (vector) registers.
Allowed to are LM steps and covariances for more than MAIN_PARAMETERS parameters, whose matrices no register
file holds, and the kernels of MAY_SPILL. Stack is not a spill: an array with a variable index lives there. Nor
are AMD's scalar registers, which move to a lane of a vector register.
"""
import re
import subprocess
import sys

MAIN_PARAMETERS = 8
SIZED = re.compile(r"(?:ProposeStep|JudgeStep|InvertHessian)<.*, (\d+)>$")
# An example's model: a complex function and its five derivatives in double, for which NVIDIA's 255 registers are
# just too few (sm_90: 208 bytes).
MAY_SPILL = {"FitByThread<double, line_profiles::Voigt, LeastSquares>"}

NVCC_KERNEL = re.compile(
    r"Compiling entry function '(?P<name>\w+)'.*?"
    r"(?P<stack>\d+) bytes stack frame, (?P<stores>\d+) bytes spill stores, (?P<loads>\d+) bytes spill loads\n"
    r".*?Used (?P<registers>\d+) registers(?:.*?, (?P<shared>\d+) bytes smem)?", re.S)
NVCC_COLUMNS = {"registers": "registers", "stack": "stack [B]", "shared": "shared [B]", "stores": "spill stores [B]",
                "loads": "spill loads [B]"}
CLANG_COLUMNS = {"VGPRs": "VGPRs", "AGPRs": "AGPRs", "SGPRs": "SGPRs", "ScratchSize": "stack [B]", "LDS Size": "LDS [B]",
                 "VGPRs Spill": "VGPR spills", "SGPRs Spill": "SGPR spills", "Occupancy": "waves/SIMD"}
SPILLS = {"stores", "loads", "VGPRs Spill"}


def read_nvcc(text):
    """Yield (mangled name, {column: number}) of each kernel."""
    # One kernel at a time, so that no field of the next one is taken for its own.
    for part in re.split(r"(?=^ptxas info\s+: Compiling entry function)", text, flags=re.M):
        found = NVCC_KERNEL.search(part)
        if found:
            yield found["name"], {key: int(found[key] or 0) for key in NVCC_COLUMNS}


def read_clang(text):
    name, numbers = None, {}
    for key, value in re.findall(r"remark:\s+(\w[\w ]*?)(?: \[[^]]*\])?: (\S+) \[-Rpass", text):
        if key == "Function Name":
            name, numbers = value, {}
        elif key in CLANG_COLUMNS:
            numbers[key] = int(value)
            if len(numbers) == len(CLANG_COLUMNS):
                yield name, numbers


def first_argument(name, template):
    """The first template argument of `template<...>` in a demangled name."""
    start = name.index(template + "<") + len(template) + 1
    depth = 0
    for i in range(start, len(name)):
        if depth == 0 and name[i] in ",>":
            return name[start:i].strip()
        depth += {"<": 1, "(": 1, ">": -1, ")": -1}.get(name[i], 0)
    return name[start:]


def functor(name):
    """The functor of a Kokkos launch, in short; None for a kernel of Kokkos' own."""
    launch = re.search(r"Parallel(?:ForMDRange|For|Reduce|ScanWithTotal|Scan)(?=<)", name)
    if not launch:
        return None
    functor_name = first_argument(name, launch[0])
    if functor_name.startswith("Kokkos::Impl::CombinedFunctorReducer<"):
        functor_name = first_argument(functor_name, "CombinedFunctorReducer")
    if functor_name.startswith("Kokkos::"):
        return None
    functor_name = functor_name.replace(" >", ">")
    functor_name = re.sub(r"rvfit::Policy<Kokkos::\w+, (\w+), double(, \w+)?>", r"\1", functor_name)
    functor_name = re.sub(r"\brvfit::(detail::|test::(\w+::)?)?", "", functor_name)
    return re.sub(r"^(FitBy\w+)<ResidualProblem<(.*?)>, .*>$", r"\1<\2>", functor_name)


def may_spill(kernel):
    size = SIZED.match(kernel)
    return kernel in MAY_SPILL or (size is not None and int(size[1]) > MAIN_PARAMETERS)


def shortened(text, width=72):
    return text if len(text) <= width else text[:width - 3] + "..."


def main(paths):
    found, columns = [], {}
    for path in paths:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
        nvcc = "ptxas info" in text
        columns = NVCC_COLUMNS if nvcc else CLANG_COLUMNS
        found += (read_nvcc if nvcc else read_clang)(text)
    if not found:
        sys.exit(f"kernel_table: no kernel in {' '.join(paths)}")
    names = subprocess.run(["c++filt"], input="\n".join(name for name, _ in found), text=True, check=True,
                           capture_output=True).stdout.splitlines()
    rows, own, spills = set(), 0, []
    for name, (_, numbers) in zip(names, found):
        kernel = functor(name)
        if kernel is None:
            own += 1
            continue
        rows.add((kernel, tuple(numbers[key] for key in columns)))
        if any(numbers[key] for key in SPILLS & numbers.keys()) and not may_spill(kernel):
            spills.append(f"{shortened(kernel)} spills: " +
                          ", ".join(f"{title} {numbers[key]}" for key, title in columns.items() if key in SPILLS))

    width = max(len(shortened(kernel)) for kernel, _ in rows)
    print("kernel".ljust(width), *columns.values(), sep="  ")
    for kernel, numbers in sorted(rows):
        print(shortened(kernel).ljust(width),
              *(str(n).rjust(len(title)) for n, title in zip(numbers, columns.values())), sep="  ")
    print(f"{len(rows)} kernels of ours, {own} of Kokkos'")
    print(*sorted(set(spills)), sep="\n", end="\n" if spills else "")
    return 1 if spills else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))

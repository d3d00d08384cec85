# SPDX-License-Identifier: MIT
"""Models that are given as text: compiled with the user's compiler, kept in the user's cache."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

from . import _core

#: Names that the generated source and its functions have.
_TAKEN = {"T", "X", "theta", "Model", "pi", "sq", "select", "double", "float", "int", "long", "char", "bool", "const", "auto",
          "template", "this", "new", "delete", "operator", "struct", "union", "enum", "short", "signed", "unsigned", "static",
          "exp", "log", "sqrt", "pow", "sin", "cos", "tan", "abs", "min", "max", "erf", "erfc", "default", "switch", "case",
          "do", "goto", "using", "namespace", "public", "private", "friend", "inline", "typename", "void", "sizeof", "true",
          "false", "and_eq", "xor", "bitor", "bitand", "compl", "not_eq", "or_eq", "export", "extern", "register", "volatile"}

_EXPRESSION = """struct Model {{
  static constexpr int parameters = {count};
  template <class T, class X>
  KOKKOS_FUNCTION T operator()(const T* theta, {arguments}) const {{
{names}
    return T(
#line 1 "model"
{text}
    );
  }}
}};
"""

_SOURCE = """#include <rvfit_python/user_curve.hpp>

namespace rvfit_python::user {{

{model}
static_assert(Model::parameters == {count}, "the model has not the {count} parameters that are named");

}}  // namespace rvfit_python::user

RVFIT_CURVE_MODEL(rvfit_python::user::Model)
"""


def _source(text, parameters, variables, is_struct):
    taken = [name for name in (*parameters, *variables) if name in _TAKEN]
    if taken:
        raise ValueError(f"{taken[0]} is a word of C++ or of the models: choose another name")
    if is_struct:
        model = f'#line 1 "model"\n{text}\n'
    else:
        if "**" in text:
            raise ValueError("there is no ** in C++: write sq(x) or pow(x, 3)")
        whole = re.search(r"(?<![\w.])\d+\s*/\s*\d+(?![\w.])", text)
        if whole:
            raise ValueError(f"{whole.group()} is a division of whole numbers in C++: write {whole.group()}.0")
        model = _EXPRESSION.format(
            count=len(parameters), text=text, arguments=", ".join(f"const X& {name}" for name in variables),
            names="\n".join(f"    [[maybe_unused]] const T& {name} = theta[{p}];" for p, name in enumerate(parameters)))
        model = model.replace("const X& ", "[[maybe_unused]] const X& ")
    return _SOURCE.format(model=model, count=len(parameters))


def _compiler():
    """The words of the command of the compiler: $CXX, or g++, or c++."""
    for words in (shlex.split(os.environ.get("CXX", "")), ["g++"], ["c++"]):
        if words and shutil.which(words[0]):
            return words
    raise RuntimeError("a model that is text has to be compiled, and there is no C++ compiler: install g++, or set CXX")


@functools.cache
def _version_of(words):
    return subprocess.run([*words, "--version"], capture_output=True, text=True, check=False).stdout.split("\n")[0]


def _loaded_library(name):
    """The path of a shared library that this process has loaded."""
    with open("/proc/self/maps") as file:
        for line in file:
            path = line.split(maxsplit=5)[-1].strip()
            if os.path.basename(path).startswith(name) and ".so" in path:
                return path
    return None


def _folder():
    """The user's cache, which nobody else can write to."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    for folder in (os.path.join(base, "rvfit"), os.path.join(tempfile.gettempdir(), f"rvfit-{os.getuid()}")):
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
        except OSError:
            continue
        facts = os.stat(folder)
        if facts.st_uid == os.getuid() and not facts.st_mode & 0o022 and os.access(folder, os.W_OK):
            return folder
    raise RuntimeError(f"there is no folder for compiled models: {folder} cannot be written, or belongs to somebody else")


def _headers():
    folder = os.path.join(os.path.dirname(__file__), "include")
    for header in ("rvfit_python/user_curve.hpp", "rvfit/residual/residual_fitter.hpp", "kokkos/Kokkos_Core.hpp"):
        if not os.path.exists(os.path.join(folder, header)):
            raise RuntimeError(f"this build of rvfit lacks the header {header}, which models that are text need")
    return folder


def _flags(folder):
    arch = "native" if _core.isa == "native" else f"x86-64-{_core.isa}"
    # Debian's Kokkos wants KOKKOS_DEPENDENCE.
    return ["-std=c++20", "-O3", f"-march={arch}", "-fPIC", "-fopenmp", "-fvisibility=hidden", "-DKOKKOS_DEPENDENCE",
            "-I", folder, "-I", os.path.join(folder, "kokkos")]


def _first_error(text):
    lines = [line for line in text.splitlines() if "error:" in line]
    own = [line for line in lines if line.startswith("model:")]
    return (own or lines or text.splitlines() or ["no message"])[0].strip()


def _build(source, path, compiler, flags, libraries):
    """Compile, then link against the very libraries that the process has."""
    with tempfile.TemporaryDirectory(dir=os.path.dirname(path)) as work:
        made = [os.path.join(work, name) for name in ("model.cpp", "model.o", "model.so")]
        with open(made[0], "w") as file:
            file.write(source)
        for command in ([*compiler, *flags, "-c", made[0], "-o", made[1]],
                        [*compiler, "-shared", made[1], "-o", made[2], *libraries]):
            done = subprocess.run(command, capture_output=True, text=True, check=False,
                                  env={**os.environ, "LC_ALL": "C", "LD_LIBRARY_PATH": ""})
            if done.returncode != 0:
                raise ValueError(f"the model does not compile: {_first_error(done.stderr)}")
        os.replace(made[2], path)


@functools.cache
def _processor():
    """Facts that code for this very processor depends on."""
    with open("/proc/cpuinfo") as file:
        return [line for line in file if line.startswith(("model name", "flags"))][:2]


@functools.cache
def model(text, parameters, variables, is_struct):
    """The compiled module's model of a text, from the cache or by the compiler."""
    source = _source(text, parameters, variables, is_struct)
    compiler = _compiler()
    include = _headers()
    flags = _flags(include)
    libraries = [path for path in map(_loaded_library, ("libkokkoscore", "libgomp")) if path]
    if not any("kokkoscore" in path for path in libraries):
        raise RuntimeError("this build of rvfit has Kokkos inside, models that are text want a shared one")
    facts = os.stat(_core.module.__file__)
    key = hashlib.sha256(repr((source, compiler, _version_of(tuple(compiler)), flags, libraries, _core.module.info()["version"],
                               facts.st_size, facts.st_mtime_ns, _core.isa == "native" and _processor())).encode())
    path = os.path.join(_folder(), f"model-{key.hexdigest()[:40]}.so")
    if not os.path.exists(path):
        _build(source, path, compiler, flags, libraries)
    return _core.module.Curve(path)

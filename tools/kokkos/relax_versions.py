#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""relax_versions.py LIBRARY SHIM: let LIBRARY load with older C and C++ runtimes than it was linked with.

An ELF library names, for each runtime it needs, the symbol versions it expects (section .gnu.version_r),
and the loader refuses it when the runtime lacks one. Here, in place:

* each undefined symbol bound to a version that this system's runtime lacks becomes unversioned, so that
  any library may define it: SHIM does, and this script stops if it does not;
* the expectation itself is renamed to a version that the runtime has.

ELF64, little endian. Symbols and sections: see the "Symbol Versioning" chapter of the Linux Standard Base.
"""
import re
import struct
import subprocess
import sys

SHT_DYNSYM, SHT_VERNEED, SHT_VERSYM = 11, 0x6FFFFFFE, 0x6FFFFFFF
VER_NDX_GLOBAL = 1


def output_of(*command):
    return subprocess.check_output(command, text=True)


class Library:
    """The few parts of an ELF file that matter here."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = bytearray(file.read())
        if self.data[:6] != b"\x7fELF\x02\x01":
            sys.exit(f"{path}: not a 64-bit little-endian ELF file")
        (table,) = struct.unpack_from("<Q", self.data, 0x28)
        size, count = struct.unpack_from("<HH", self.data, 0x3A)
        fields = [struct.unpack_from("<IIQQQQIIQQ", self.data, table + i * size) for i in range(count)]
        section = {kind: (offset, length, link, info)
                   for _, kind, _, _, offset, length, link, info, _, _ in fields}
        self.symbols = section[SHT_DYNSYM][0]
        self.versions, self.versions_size = section[SHT_VERSYM][:2]
        self.needs, _, strings, self.needs_count = section[SHT_VERNEED]
        self.strings = fields[strings][4]

    def string(self, offset):
        start = self.strings + offset
        return self.data[start:self.data.index(0, start)].decode()

    def needed_versions(self):
        """Yield (runtime, version, index, offset of the record, hash, name offset)."""
        offset = self.needs
        for _ in range(self.needs_count):
            _, count, runtime, aux, next_need = struct.unpack_from("<HHIII", self.data, offset)
            record = offset + aux
            for _ in range(count):
                hashed, _, index, name, next_aux = struct.unpack_from("<IHHII", self.data, record)
                yield self.string(runtime), self.string(name), index, record, hashed, name
                record += next_aux
            offset += next_need

    def symbols_of_version(self, index):
        """Yield (offset of the version entry, symbol name) of each symbol bound to a version."""
        for i in range(self.versions_size // 2):
            entry = self.versions + 2 * i
            if struct.unpack_from("<H", self.data, entry)[0] & 0x7FFF == index:
                yield entry, self.string(struct.unpack_from("<I", self.data, self.symbols + 24 * i)[0])


def provided_versions(runtime):
    """The symbol versions that this system's copy of a runtime library defines."""
    path = output_of("g++", "-print-file-name=" + runtime).strip()
    text = output_of("readelf", "-VW", path).split("Version needs")[0]
    return set(re.findall(r"Name: (\S+)", text)) | set(re.findall(r"Parent \d+: (\S+)", text))


def main(path, shim):
    library = Library(path)
    needs = list(library.needed_versions())
    provided = {runtime: provided_versions(runtime) for runtime in {need[0] for need in needs}}
    shimmed = output_of("nm", "-D", "--defined-only", shim).split()
    for runtime, version, index, record, _, _ in needs:
        if version in provided[runtime]:
            continue
        for entry, symbol in library.symbols_of_version(index):
            if symbol not in shimmed:
                sys.exit(f"{path}: {symbol}@{version} is in neither this system nor {shim}")
            struct.pack_into("<H", library.data, entry, VER_NDX_GLOBAL)
        hashed, name = next(n[4:] for n in needs if n[0] == runtime and n[1] in provided[runtime])
        struct.pack_into("<I", library.data, record, hashed)
        struct.pack_into("<I", library.data, record + 8, name)
    with open(path, "wb") as file:
        file.write(library.data)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__.splitlines()[0])
    main(*sys.argv[1:])

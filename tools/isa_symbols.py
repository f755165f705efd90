"""Fail when an object of a per-ISA library defines a symbol that baseline code could be linked to.

Usage: python tools/isa_symbols.py BUILD

csrc/cpu is compiled once per instruction set. An inline function or template outside the namespace of that set (one of
std::, say) becomes a weak symbol of the same name in every library; the linker keeps any one of them, and a machine
without AVX-512 may then run the AVX-512 copy. So each symbol must bear its instruction set in its name.
"""

import subprocess
import sys
from pathlib import Path

# The pointer to the exception personality routine: data, the same in every library.
HARMLESS = ("DW.ref.",)


def defined_symbols(objects):
    """Yield (object's name, mangled symbol) for every external symbol that the object files define."""
    command = ["nm", "--defined-only", "--extern-only", "--print-file-name", *map(str, objects)]
    for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines():
        path, _, rest = line.rpartition(":")
        yield Path(path).name, rest.split()[-1]


def demangle(symbols):
    return subprocess.run(["c++filt"], input="\n".join(symbols), check=True, capture_output=True, text=True).stdout


def main():
    libraries = sorted(Path(sys.argv[1], "CMakeFiles").glob("cpu_*.dir"))
    if not libraries:
        sys.exit(f"no per-ISA libraries under {sys.argv[1]}")
    wrong, count = [], 0
    for library in libraries:
        isa = library.stem.removeprefix("cpu_")
        token = f"{len(isa)}{isa}"  # as a namespace stands in a mangled name: 4avx2
        for name, symbol in defined_symbols(sorted(library.rglob("*.o"))):
            count += 1
            if token not in symbol and not symbol.startswith(HARMLESS):
                wrong.append(f"{library.stem}/{name}: {symbol}")
    if wrong:
        print(demangle(wrong))
        sys.exit(f"{len(wrong)} of {count} symbols stand outside the namespace of their instruction set")
    print(f"isa_symbols: {count} symbols in {len(libraries)} libraries, all inside their own namespace")


if __name__ == "__main__":
    main()

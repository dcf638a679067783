#!/usr/bin/env python3
"""Refuses every include in src/ and include/ that the module's line in LAYERS does not name: layers.py [ROOT]."""
import pathlib
import re
import sys

THIRD_PARTY = {
    "fmt": r"fmt/.*",
    "tomlplusplus": r"toml\+\+/.*|toml\+\+\.h",
    "json": r"nlohmann/.*",
    "kokkos": r"Kokkos_.*",
    "cuda": r"cuda\.h|cuda_.*|cublasLt\.h|nvtx3/.*",
    "cudnn": r"cudnn.*",
    "nccl": r"nccl\.h",
    "eigen": r"Eigen/.*",
    "dnnl": r"dnnl.*|oneapi/dnnl/.*",
    "openmp": r"omp\.h",
    "mpi": r"mpi(-ext)?\.h",
    "hdf5": r"hdf5.*|H5.*",
    "libdeflate": r"libdeflate\.h",
    "cli11": r"CLI/.*",
}
SYSTEM = r"(experimental/)?[a-z0-9_]+|(sys/)?(cxxabi|dlfcn|errno|execinfo|fcntl|immintrin|mman|poll|pthread|resource|sched|signal|spawn|stat|time|types|unistd|utsname|wait)\.h"
GENERATED = {"heddle/build_info.hpp"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def read_layers(root):
    """LAYERS as {module: (modules, third-party words)}; an error where it contradicts itself."""
    layers, errors = {}, []
    for number, line in enumerate((root / "LAYERS").read_text().splitlines(), 1):
        match = re.fullmatch(r"([a-z]+):([^|#]*)\|?(.*)", line)
        if not match:
            continue
        name, modules, words = match[1], match[2].split(), match[3].split()
        errors += [f"LAYERS:{number}: {name} names {m}, which stands on no earlier line" for m in modules if m not in layers]
        errors += [f"LAYERS:{number}: {name} names {w}, whose headers tests/lint/layers.py does not know"
                   for w in words if w not in THIRD_PARTY]
        layers[name] = (modules, words)
    return layers, errors


def refusal(module, layers, file, quote, header):
    """Why this include is not allowed, or None."""
    modules, words = layers[module]
    if header.startswith("heddle/"):
        target = header.split("/")[1]
        if header in GENERATED or target == module or target in modules:
            return None
        return f"{module} may not include the module {target}"
    if quote == '"':
        folders = [file.parent, *file.parent.parents]
        inside = folders[: folders.index(next(f for f in folders if f.name == module)) + 1]
        found = "/" not in header and any((folder / header).is_file() for folder in inside)
        return None if found else "no header of this folder"
    owner = next((word for word, pattern in THIRD_PARTY.items() if re.fullmatch(pattern, header)), None)
    if owner is None:
        return None if re.fullmatch(SYSTEM, header) else "neither a standard header nor one of a library named in LAYERS"
    return None if owner in words else f"{module} may not include the library {owner}"


def check(root):
    """All offences of a source tree, one line each."""
    layers, errors = read_layers(root)
    for top in (root / "src", root / "include" / "heddle"):
        for file in sorted(p for p in top.rglob("*") if p.suffix in (".hpp", ".cpp", ".h")):
            name = file.relative_to(root)
            module = file.relative_to(top).parts[0]
            if module not in layers:
                errors.append(f"{name}:1: {module} has no line in LAYERS")
                continue
            text = file.read_text()
            for match in INCLUDE.finditer(text):
                why = refusal(module, layers, file, match[1], match[2])
                if why:
                    line = text.count("\n", 0, match.start(2)) + 1
                    errors.append(f"{name}:{line}: {match[2]} ({why})")
    return errors


if __name__ == "__main__":
    offences = check(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "."))
    print("\n".join(offences) or "every include is named in LAYERS")
    sys.exit(bool(offences))

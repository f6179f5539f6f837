"""Machines to look at, made of real folders: healthy ones, and what can be broken in them."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from tfviz.doctor.env.machine import Machine

TAGS = {
    "tensorflow": "cp312-cp312-manylinux_2_27_x86_64",
    "numpy": "cp312-cp312-manylinux_2_27_x86_64",
    "h5py": "cp312-cp312-manylinux_2_17_x86_64",
    "ml_dtypes": "cp312-cp312-manylinux_2_17_x86_64",
    "protobuf": "cp310-abi3-manylinux2014_x86_64",
    "opencv_python": "cp37-abi3-manylinux_2_28_x86_64",
    "matplotlib": "cp312-cp312-manylinux_2_17_x86_64",
    "keras": "py3-none-any",
    "wrapt": "cp312-cp312-manylinux_2_5_x86_64",
}
TENSORFLOW_NEEDS = (
    "numpy>=1.26.0",
    "keras>=3.12.0",
    "protobuf<8.0.0,>=6.31.1",
    "h5py<3.15.0,>=3.11.0",
    "ml_dtypes<1.0.0,>=0.5.1",
    "wrapt>=1.11.0",
    'nvidia-cuda-runtime-cu12<13.0,>=12.5.82; extra == "and-cuda"',
    'nvidia-cudnn-cu12<10.0,>=9.3.0.75; extra == "and-cuda"',
)
MEMINFO = "MemTotal: 16777216 kB\nMemFree: 100 kB\nMemAvailable: 12582912 kB\n"
CPUINFO = (
    "processor : 0\nmodel name\t: Intel(R) Xeon(R) CPU @ 2.20GHz\nflags\t\t: fpu sse avx avx2 fma\n"
)
BUILD = (
    "import collections\n\nbuild_info = collections.OrderedDict([('cuda_version', '12.5.1'), "
    "('cudnn_version', '9'), ('cuda_compute_capabilities', ['sm_60', 'sm_80', 'compute_90']), "
    "('is_cuda_build', True), ('is_rocm_build', False)])\n"
)


class Site:
    """A site-packages folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, name, version, *, needs=(), python="", tags=None, module=None, files=()):
        """Install a package: its metadata as pip writes it, and its module."""
        info = self.folder / f"{name}-{version}.dist-info"
        info.mkdir()
        lines = ["Metadata-Version: 2.4", f"Name: {name}", f"Version: {version}"]
        lines += [f"Requires-Python: {python}"] if python else []
        lines += [f"Requires-Dist: {each}" for each in needs]
        (info / "METADATA").write_text("\n".join([*lines, "", "# Read me", "Requires-Dist: x"]))
        tag = TAGS.get(name, "py3-none-any") if tags is None else tags
        (info / "WHEEL").write_text(f"Wheel-Version: 1.0\nTag: {tag}\n")
        if module:
            (self.folder / module).mkdir(exist_ok=True)
            (self.folder / module / "__init__.py").touch()
        for each in files:
            path = self.folder / each
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(BUILD if path.name == "build_info.py" else "")
        return info

    def drop(self, name):
        """Take the record of a package away."""
        for info in self.folder.glob(f"{name}-*.dist-info"):
            for file in info.iterdir():
                file.unlink()
            info.rmdir()

    def replace(self, name, version, **more):
        """Another version of a package."""
        self.drop(name)
        self.add(name, version, **more)


def write(path: Path, text: str = "") -> Path:
    """A file, its folder included."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def program(machine: Machine, name: str, script: str) -> Path:
    """A program on the machine's PATH: a shell script."""
    path = write(Path(machine.environ["PATH"]) / name, f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def healthy(
    tmp_path: Path, name: str = "home/ana", host_folder: str = "work"
) -> tuple[Machine, Site]:
    """A Linux machine with all that it needs and no GPU, below a folder of its own."""
    root = tmp_path / "root"
    home = tmp_path / name
    prefix = home / host_folder / ".venv"
    site = Site(prefix / "lib" / "python3.12" / "site-packages")
    site.add(
        "tensorflow",
        "2.21.0",
        needs=TENSORFLOW_NEEDS,
        python=">=3.10",
        module="tensorflow",
        files=["tensorflow/python/platform/build_info.py"],
    )
    site.add("keras", "3.15.1", needs=("numpy", "h5py", "ml-dtypes"), module="keras")
    site.add("numpy", "2.4.6", module="numpy")
    site.add("h5py", "3.14.0", needs=("numpy>=1.19.3",))
    site.add("ml_dtypes", "0.6.0")
    site.add("protobuf", "7.36.2")
    site.add("wrapt", "2.5.2")
    site.add("pip", "26.3")
    site.add("matplotlib", "3.11.2", needs=("numpy>=1.25",), module="matplotlib")
    site.add("opencv_python", "5.0.0.93", module="cv2", files=["cv2/cv2.abi3.so"])
    write(root / "proc" / "meminfo", MEMINFO)
    write(root / "proc" / "cpuinfo", CPUINFO)
    write(root / "proc" / "self" / "cgroup", "0::/\n")
    write(root / "proc" / "self" / "limits", "Max open files   1024  4096  files\n")
    (root / "sys" / "bus" / "pci" / "devices").mkdir(parents=True)
    (root / "dev" / "shm").mkdir(parents=True)
    (home / ".keras" / "models").mkdir(parents=True)
    cwd = home / host_folder
    temp = tmp_path / "tmp"
    temp.mkdir()
    machine = Machine(
        environ={"PATH": str(prefix / "bin"), "HOME": str(home), "SHELL": "/bin/bash"},
        system="Linux",
        architecture="x86_64",
        version=(3, 12, 4),
        release="3.12.4",
        implementation="cpython",
        free_threaded=False,
        libc=("glibc", "2.36"),
        executable=prefix / "bin" / "python",
        prefix=prefix,
        base_prefix=tmp_path / "usr",
        folders=(prefix / "bin", site.folder),
        user_site=None,
        stdlib=frozenset(("random", "types", "keyword", "wave", "test", "code")),
        stdlib_folder=tmp_path / "usr" / "lib",
        cwd=cwd,
        home=home,
        temp=temp,
        root=root,
        disk=lambda path: (500 * 1024**3, 200 * 1024**3),
    )
    program(machine, "python", "exit 0")
    program(machine, "ldd", "echo '\tlibc.so.6 => /lib/libc.so.6 (0x00)'")
    program(machine, "ldconfig", "exit 0")
    return machine, site


def windows(machine: Machine, **more) -> Machine:
    """The same as a Windows machine would describe itself."""
    environ = {**machine.environ, "PROMPT": "$P$G"}
    values = {"system": "Windows", "libc": ("", ""), "environ": environ, **more}
    return dataclasses.replace(machine, **values)


def with_environ(machine: Machine, **values: str) -> Machine:
    """The same machine with more environment variables."""
    return dataclasses.replace(machine, environ={**machine.environ, **values})


def only(result):
    """The one problem of a result."""
    assert len(result.problems) == 1, [each.text for each in result.problems]
    return result.problems[0]


posix = os.name == "posix"


def cuda(site, cudnn: str = "9.3.0.75") -> None:
    """The wheels of CUDA that TensorFlow asks for."""
    site.add("nvidia_cuda_runtime_cu12", "12.5.82")
    site.add("nvidia_cudnn_cu12", cudnn)

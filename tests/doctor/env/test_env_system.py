"""What is said of broken surroundings: processor, memory, disk, network."""

from __future__ import annotations

import dataclasses
import os

import pytest
from machines import (
    CPUINFO,
    MEMINFO,
    healthy,
    only,
    program,
    windows,
    with_environ,
    write,
)

from tfviz.doctor.env.checks import (
    disk,
    memory,
    network,
    processor,
)
from tfviz.doctor.env.private import shown
from tfviz.doctor.env.result import State
from tfviz.doctor.env.windows import Windows

GB = 1024**3


@pytest.fixture
def built(tmp_path):
    return healthy(tmp_path)


# ---- the processor


def test_a_processor_without_avx_is_wrong(built):
    machine, _ = built
    write(machine.root / "proc" / "cpuinfo", CPUINFO.replace(" avx avx2", ""))
    problem = only(processor.look(machine))
    assert problem.diagnosis == "env.illegal_instruction"
    write(
        machine.root / "proc" / "cpuinfo",
        "model name : QEMU Virtual CPU version 2.5+\nflags : fpu\n",
    )
    assert "-cpu host" in only(processor.look(machine)).fix


def test_a_processors_name_has_no_trademarks(built):
    machine, _ = built
    assert processor.look(machine).summary == "Intel Xeon, AVX2"


def test_arm_needs_no_avx(built):
    machine, _ = built
    arm = dataclasses.replace(machine, architecture="arm64")
    assert processor.look(arm).state is State.FINE


def test_a_processor_that_does_not_tell_is_unknown(built):
    machine, _ = built
    (machine.root / "proc" / "cpuinfo").unlink()
    assert processor.look(machine).state is State.UNKNOWN
    assert processor.look(windows(machine)).state is State.UNKNOWN
    riscv = dataclasses.replace(machine, architecture="riscv64")
    assert processor.look(riscv).state is State.UNKNOWN


def test_windows_tells_avx_itself(built):
    machine, _ = built
    without = Windows(False, False, None, None)
    assert only(processor.look(windows(machine, windows=without))).state is State.WRONG
    assert processor.look(windows(machine, windows=Windows(True, True, None, None))).problems == ()


def test_a_mac_is_asked_by_sysctl(built):
    machine, _ = built
    mac = dataclasses.replace(machine, system="Darwin")
    program(
        machine,
        "sysctl",
        'case "$*" in *brand*) echo "Intel(R) Core(TM) i7-9750H CPU @ 2.60GHz";;'
        " *translated*) echo 0;; *) echo 'FPU SSE AVX1.0'; echo 'AVX2';; esac",
    )
    assert processor.look(mac).summary == "Intel Core i7-9750H, AVX2"
    program(
        machine,
        "sysctl",
        "case \"$*\" in *translated*) echo 1;; *brand*) echo 'Apple M2';; *) echo SSE;; esac",
    )
    assert only(processor.look(mac)).diagnosis == "env.wrong_architecture"


# ---- memory


def meminfo(machine, available):
    write(
        machine.root / "proc" / "meminfo",
        MEMINFO.replace("12582912", str(available // 1024)),
    )


@pytest.mark.parametrize(
    ("free", "state"),
    [(3 * GB, State.FINE), (int(1.5 * GB), State.WARNING), (GB // 2, State.WRONG)],
)
def test_free_memory_decides(built, free, state):
    machine, _ = built
    meminfo(machine, free)
    assert memory.look(machine).state is state


def test_the_limit_of_a_container_counts_less_its_idle_pages(built):
    machine, _ = built
    group = machine.root / "sys" / "fs" / "cgroup"
    write(group / "memory.max", f"{2 * GB}\n")
    write(group / "memory.current", f"{int(1.9 * GB)}\n")
    assert only(memory.look(machine)).state is State.WRONG
    assert "docker run --memory" in only(memory.look(machine)).fix
    write(group / "memory.stat", f"anon 1\ninactive_file {GB}\n")
    result = memory.look(machine)
    assert only(result).state is State.WARNING
    assert result.summary == "1.1 GB of the 2.0 GB that this container may take"


def test_the_limit_of_a_group_above_counts(built):
    machine, _ = built
    write(machine.root / "proc" / "self" / "cgroup", "0::/user.slice/job.scope\n")
    base = machine.root / "sys" / "fs" / "cgroup"
    write(base / "user.slice" / "job.scope" / "memory.max", "max\n")
    write(base / "user.slice" / "memory.max", f"{GB}\n")
    write(base / "user.slice" / "memory.current", f"{GB // 2}\n")
    assert only(memory.look(machine)).state is State.WRONG


def test_the_old_control_groups_count_too(built):
    machine, _ = built
    write(machine.root / "proc" / "self" / "cgroup", "4:cpu:/\n3:memory:/docker/abc\n")
    group = machine.root / "sys" / "fs" / "cgroup" / "memory"
    write(group / "memory.limit_in_bytes", "9223372036854771712\n")
    write(group / "memory.usage_in_bytes", "0\n")
    assert memory.look(machine).problems == ()
    write(group / "memory.limit_in_bytes", f"{GB}\n")
    assert only(memory.look(machine)).diagnosis == "memory.killed"


def test_limits_of_the_process_are_told(built):
    machine, _ = built
    text = "Max address space  2147483648  2147483648  bytes\nMax open files  256  4096  files\n"
    write(machine.root / "proc" / "self" / "limits", text)
    first, second = memory.look(machine).problems
    assert first.commands == ("ulimit -v unlimited",)
    assert second.diagnosis == "fs.too_many_open_files"


def test_little_shared_memory_matters_to_torch(built):
    machine, site = built
    small = dataclasses.replace(machine, disk=lambda path: (64 * 1024**2, 64 * 1024**2))
    assert memory.look(small).problems == ()
    site.add("torch", "2.13.0")
    assert only(memory.look(dataclasses.replace(small))).diagnosis == "torch.shared_memory"


def test_a_small_page_file_is_told(built):
    machine, _ = built
    told = Windows(True, True, (16 * GB, 8 * GB), (17 * GB, 2 * GB))
    problem = only(memory.look(windows(machine, windows=told)))
    assert problem.diagnosis == "env.page_file_too_small"
    roomy = Windows(True, True, (16 * GB, 8 * GB), (34 * GB, 20 * GB))
    assert memory.look(windows(machine, windows=roomy)).problems == ()


def test_a_mac_is_asked_for_its_pages(built):
    machine, _ = built
    program(machine, "sysctl", "echo 17179869184")
    program(
        machine,
        "vm_stat",
        "echo 'Mach Virtual Memory Statistics: (page size of 16384 bytes)'\n"
        "echo 'Pages free: 10000.'\necho 'Pages inactive: 300000.'",
    )
    mac = dataclasses.replace(machine, system="Darwin")
    assert memory.look(mac).summary == "4.7 GB of 16.0 GB free"


def test_memory_that_cannot_be_asked_is_unknown(built):
    machine, _ = built
    (machine.root / "proc" / "meminfo").unlink()
    assert memory.look(machine).state is State.UNKNOWN


# ---- the disk


@pytest.mark.parametrize(
    ("free", "state"), [(5 * GB, State.FINE), (GB, State.WARNING), (10 * 1024**2, State.WRONG)]
)
def test_room_on_the_disk_decides_and_one_disk_is_one_problem(built, free, state):
    machine, _ = built
    machine = dataclasses.replace(machine, disk=lambda path: (100 * GB, free))
    result = disk.look(machine)
    assert result.state is state
    assert len(result.problems) == (state is not State.FINE)


def test_a_full_disk_of_keras_is_told_apart(built):
    machine, _ = built
    full = dataclasses.replace(
        machine, disk=lambda path: (100 * GB, 0 if ".keras" in path.parts else 50 * GB)
    )
    assert "KERAS_HOME" in only(disk.look(full)).fix


def test_a_folder_for_temporary_files_that_does_not_exist_is_told(built, tmp_path):
    machine, _ = built
    machine = with_environ(machine, TMPDIR=str(tmp_path / "gone"))
    problem = only(disk.look(dataclasses.replace(machine, temp=tmp_path / "gone")))
    assert problem.commands == ("unset TMPDIR",)


def test_a_current_folder_that_was_deleted_is_told(built):
    machine, _ = built
    gone = dataclasses.replace(machine, cwd=machine.cwd / "gone")
    assert "doesn't exist any more" in only(disk.look(gone)).text
    # Other programs can still be asked.
    assert gone.run(["ldd"], 5).code == 0


def test_a_disk_that_cannot_be_asked_is_unknown(built):
    machine, _ = built

    def fails(path):
        raise PermissionError("no")

    assert disk.look(dataclasses.replace(machine, disk=fails)).state is State.UNKNOWN


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_to_is_told(built):
    machine, _ = built
    machine.temp.chmod(0o500)
    assert only(disk.look(machine)).diagnosis == "fs.permission_denied"


# ---- the network


@pytest.mark.parametrize(
    "value",
    [
        "http://proxy.example.com:8080",
        "proxy:3128",
        "http://ana:secret@proxy:8080/",
        "http://[::1]:80",
    ],
)
def test_a_good_proxy_is_fine_and_its_password_never_shown(built, value):
    machine, _ = built
    result = network.look(with_environ(machine, https_proxy=value, HTTP_PROXY=value))
    assert result.problems == ()
    assert "secret" not in shown(str(result.to_dict()))


@pytest.mark.parametrize(
    ("value", "state"),
    [
        ("proxy", State.WRONG),
        ("http//proxy:80", State.WRONG),
        ("'http://proxy:80'", State.WRONG),
        ("http://proxy:80 ", State.WRONG),
        ("http://proxy:port", State.WRONG),
        ("ftp://proxy:21", State.WRONG),
        ("http://", State.WRONG),
        ("http://proxy", State.WARNING),
        ("https://proxy:8080", State.WARNING),
        ("socks5://proxy:1080", State.WARNING),
    ],
)
def test_a_malformed_proxy_is_told(built, value, state):
    machine, _ = built
    problem = only(network.look(with_environ(machine, https_proxy=value)))
    assert problem.state is state
    assert problem.diagnosis == "net.proxy"


def test_two_spellings_with_two_proxies_are_told(built):
    machine, _ = built
    machine = with_environ(machine, http_proxy="http://a:1", HTTP_PROXY="http://b:2")
    assert only(network.look(machine)).state is State.WARNING


def test_certificates_that_do_not_exist_are_wrong(built, tmp_path):
    machine, _ = built
    problem = only(network.look(with_environ(machine, SSL_CERT_FILE=str(tmp_path / "gone.pem"))))
    assert problem.diagnosis == "net.ssl_certificate"

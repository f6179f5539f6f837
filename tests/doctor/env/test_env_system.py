"""What is said of broken surroundings: GPU, memory, disk, network, files, variables."""

from __future__ import annotations

import dataclasses
import os
import zipfile

import h5py
import numpy as np
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
    drawing,
    graphics,
    hiding,
    memory,
    network,
    nvidia,
    processor,
    variables,
    weights,
)
from tfviz.doctor.env.private import hidden, shown
from tfviz.doctor.env.result import State
from tfviz.doctor.env.windows import Windows

GB = 1024**3


@pytest.fixture
def built(tmp_path):
    return healthy(tmp_path)


# ---- the GPU


def card(machine, *, vendor="0x10de", kind="0x030000"):
    slot = machine.root / "sys" / "bus" / "pci" / "devices" / "0000:01:00.0"
    write(slot / "vendor", vendor + "\n"), write(slot / "class", kind + "\n")


def smi(machine, line="NVIDIA A100-SXM4-40GB, 550.54.15, 40960, 40000, 8.0"):
    program(machine, "nvidia-smi", f"echo '{line}'")


def cuda(site, cudnn="9.3.0.75"):
    site.add("nvidia_cuda_runtime_cu12", "12.5.82")
    site.add("nvidia_cudnn_cu12", cudnn)


def test_a_gpu_with_all_it_needs_is_fine(built):
    machine, site = built
    smi(machine), cuda(site)
    result = graphics.look(machine)
    assert result.problems == ()
    assert result.summary == "NVIDIA A100-SXM4-40GB, driver 550.54.15"
    rows = dict(result.rows)
    assert rows["GPU 0"] == "NVIDIA A100-SXM4-40GB, 40000 of 40960 MiB free, compute capability 8.0"
    assert rows["CUDA libraries"] == "the 2 wheels that TensorFlow asks for"


def test_several_gpus_are_counted(built):
    machine, site = built
    cuda(site)
    program(
        machine,
        "nvidia-smi",
        "for i in 1 2; do echo 'Tesla T4, 550.54.15, 15360, 15000, 7.5'; done",
    )
    assert graphics.look(machine).summary == "2 x Tesla T4, driver 550.54.15"


def test_a_driver_that_knows_no_compute_capability_is_asked_again(built):
    machine, site = built
    cuda(site)
    program(
        machine,
        "nvidia-smi",
        'case "$1" in *compute_cap*) echo \'Field "compute_cap" is not a valid field to query.\'; exit 2;; esac\n'
        "echo 'Tesla K80, 470.57.02, 11441, 11000'",
    )
    assert nvidia.ask(machine).cards[0].compute is None
    assert nvidia.ask(machine).cards[0].name == "Tesla K80"


def test_without_cudas_libraries_the_gpu_is_not_used(built):
    machine, _ = built
    smi(machine)
    problem = only(graphics.look(machine))
    assert problem.diagnosis == "env.cuda_libs_missing"
    assert problem.commands == ("python -m pip install 'tensorflow[and-cuda]==2.21.0'",)


def test_the_systems_own_cuda_will_do(built, tmp_path):
    machine, _ = built
    smi(machine)
    for name in ("libcudart.so.12", "libcudnn.so.9"):
        write(tmp_path / "cuda" / name)
    with_path = with_environ(machine, LD_LIBRARY_PATH=str(tmp_path / "cuda"))
    assert graphics.look(with_path).problems == ()
    program(
        machine, "ldconfig", "echo ' libcudart.so.12 (libc6) => /x'; echo ' libcudnn.so.9 => /y'"
    )
    assert graphics.look(machine).problems == ()


def test_a_cudnn_of_another_version_is_wrong(built):
    machine, site = built
    smi(machine), cuda(site, cudnn="8.9.7.29")
    problem = only(graphics.look(machine))
    assert problem.diagnosis == "env.cudnn_version_mismatch"
    assert "nvidia-cudnn-cu12 is 8.9.7.29" in problem.text


def test_a_driver_too_old_for_this_cuda_is_wrong(built):
    machine, site = built
    smi(machine, "Tesla T4, 470.57.02, 15360, 15000, 7.5"), cuda(site)
    problem = only(graphics.look(machine))
    assert problem.diagnosis == "env.driver_too_old"
    assert "525.60.13" in problem.text


@pytest.mark.parametrize(
    ("capability", "diagnosis", "state"),
    [("3.7", "env.gpu_too_old", State.WRONG), ("12.0", "env.gpu_too_new", State.WARNING)],
)
def test_gpus_older_and_newer_than_tensorflow_are_told(built, capability, diagnosis, state):
    machine, site = built
    smi(machine, f"Some GPU, 550.54.15, 15360, 15000, {capability}"), cuda(site)
    problem = only(graphics.look(machine))
    assert (problem.diagnosis, problem.state) == (diagnosis, state)


def test_a_gpu_whose_memory_is_taken_is_told(built):
    machine, site = built
    smi(machine, "Tesla T4, 550.54.15, 15360, 500, 7.5"), cuda(site)
    assert only(graphics.look(machine)).diagnosis == "memory.gpu_taken"


@pytest.mark.parametrize("value", ["-1", "", "none", "-1,0"])
def test_a_variable_that_hides_the_gpu_is_named(built, value):
    machine, site = built
    smi(machine), cuda(site)
    result = graphics.look(with_environ(machine, CUDA_VISIBLE_DEVICES=value))
    assert "CUDA_VISIBLE_DEVICES" in only(result).text
    assert only(result).commands == ("unset CUDA_VISIBLE_DEVICES",)
    assert result.summary.endswith("TensorFlow won't use it")


@pytest.mark.parametrize("value", ["0", "1,0", "GPU-8932f937"])
def test_a_variable_that_picks_a_gpu_is_no_problem(built, value):
    machine, site = built
    smi(machine), cuda(site)
    assert graphics.look(with_environ(machine, CUDA_VISIBLE_DEVICES=value)).problems == ()


def test_a_tensorflow_for_cpus_is_named(built):
    machine, site = built
    smi(machine)
    site.drop("tensorflow")
    site.add("tensorflow_cpu", "2.21.0", module="tensorflow")
    problem = only(graphics.look(machine))
    assert "tensorflow-cpu is for CPUs only" in problem.text
    assert problem.commands[1] == "python -m pip install 'tensorflow[and-cuda]==2.21.0'"


def test_a_build_without_cuda_is_named_by_its_own_file(built):
    machine, site = built
    smi(machine)
    path = site.folder / "tensorflow" / "python" / "platform" / "build_info.py"
    path.write_text(path.read_text().replace("'is_cuda_build', True", "'is_cuda_build', False"))
    assert "this build of tensorflow is for CPUs only" in only(graphics.look(machine)).text


def test_windows_itself_has_no_gpu_since_2_11(built):
    machine, _ = built
    smi(machine)
    problem = only(graphics.look(windows(machine)))
    assert "WSL2" in problem.text
    assert problem.commands == ("wsl --install",)


def test_a_card_without_driver_is_told(built):
    machine, _ = built
    card(machine)
    problem = only(graphics.look(machine))
    assert problem.diagnosis == "env.cuda_drivers_missing"
    assert problem.state is State.WARNING


def test_a_sound_chip_of_nvidia_is_no_card(built):
    machine, _ = built
    card(machine, kind="0x040300")
    assert graphics.look(machine).problems == ()


def test_an_amd_card_is_only_noted(built):
    machine, _ = built
    card(machine, vendor="0x1002")
    result = graphics.look(machine)
    assert result.problems == ()
    assert ("AMD", "a card is there; only tensorflow-rocm would use it") in result.rows


def test_a_container_without_its_gpu_is_told(built):
    machine, _ = built
    write(
        machine.root / "proc" / "driver" / "nvidia" / "version",
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\n",
    )
    problem = only(graphics.look(machine))
    assert "--gpus all" in problem.fix
    assert ("driver", "550.54.15") in graphics.look(machine).rows
    void = with_environ(machine, NVIDIA_VISIBLE_DEVICES="void")
    assert "NVIDIA_VISIBLE_DEVICES" in only(graphics.look(void)).fix


def test_a_driver_that_was_updated_under_us_needs_a_restart(built):
    machine, _ = built
    program(
        machine,
        "nvidia-smi",
        "echo 'Failed to initialize NVML: Driver/library version mismatch'; exit 18",
    )
    problem = only(graphics.look(machine))
    assert problem.commands == ("sudo reboot",)


def test_a_program_without_driver_matters_only_with_a_card(built):
    machine, _ = built
    program(machine, "nvidia-smi", 'echo "couldn\'t communicate with the NVIDIA driver"; exit 9')
    assert graphics.look(machine).problems == ()
    card(machine)
    assert only(graphics.look(machine)).state is State.WARNING


def test_a_driver_that_hangs_is_an_answer_and_its_child_is_ended(built, monkeypatch):
    machine, _ = built
    monkeypatch.setattr(nvidia, "SECONDS", 0.3)
    program(machine, "nvidia-smi", "echo $$ > pid; /bin/sleep 60 & wait")
    result = graphics.look(machine)
    assert "gave no answer" in only(result).text
    pid = int((machine.cwd / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_rocm_asks_for_amds_driver(built):
    machine, site = built
    site.drop("tensorflow")
    site.add("tensorflow_rocm", "2.18.1")
    assert "/dev/kfd" in only(graphics.look(machine)).text
    write(machine.root / "dev" / "kfd")
    assert graphics.look(machine).problems == ()


def test_metal_belongs_to_a_mac_and_to_its_tensorflow(built):
    machine, site = built
    mac = dataclasses.replace(machine, system="Darwin", architecture="arm64")
    assert graphics.look(mac).problems == ()
    assert "tensorflow-metal would use it" in graphics.look(mac).summary
    site.add("tensorflow_metal", "1.2.0")
    assert only(graphics.look(dataclasses.replace(mac))).diagnosis == "env.metal_plugin"
    site.replace("tensorflow", "2.18.1")
    assert graphics.look(dataclasses.replace(mac)).problems == ()


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


# ---- downloaded weights


@pytest.mark.parametrize("libver", ["earliest", "latest", "v108"])
def test_a_cut_off_hdf5_file_is_told_from_a_whole_one(built, libver):
    machine, _ = built
    path = machine.home / ".keras" / "models" / "vgg16.h5"
    with h5py.File(path, "w", libver=libver) as file:
        file["w"] = np.arange(50_000)
    assert weights.damage(path) == ""
    assert weights.look(machine).summary == "1 file downloaded, 393 kB"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    problem = only(weights.look(machine))
    assert problem.diagnosis == "net.download_corrupt"
    assert "is cut off" in problem.text
    assert shown(problem.commands[0]) == f"rm {path}"


def test_a_cut_off_keras_archive_is_told_from_a_whole_one(tmp_path):
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}" * 1000)
    assert weights.damage(path) == ""
    path.write_bytes(path.read_bytes()[:-30])
    assert weights.damage(path) == "is cut off"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html>", "is a web page, not weights"),
        (b"\x89HDF\r\n\x1a\n\x07" + bytes(60), ""),
        (b"random bytes", "is no file of weights"),
    ],
)
def test_other_downloads_are_named_for_what_they_are(tmp_path, content, said):
    path = tmp_path / "x.h5"
    path.write_bytes(content)
    assert weights.damage(path) == said


def test_no_folder_of_weights_is_no_problem(built):
    machine, _ = built
    (machine.home / ".keras" / "models").rmdir()
    assert weights.look(machine).state is State.FINE


# ---- files that hide modules


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("keras.py", State.WRONG),
        ("tensorflow.py", State.WRONG),
        ("random.py", State.WRONG),
        ("types.py", State.WRONG),
        ("cv2/__init__.py", State.WRONG),
        ("numpy.cpython-312-x86_64-linux-gnu.so", State.WRONG),
        ("wave.py", State.WARNING),
    ],
)
def test_a_file_that_hides_a_module_is_told(built, name, state):
    machine, _ = built
    write(machine.cwd / name)
    problem = only(hiding.look(machine))
    assert problem.state is state
    assert f"`{name.removesuffix('__init__.py')}` in the current folder" in problem.text


@pytest.mark.parametrize(
    "name",
    [
        "train.py", "test.py", "keras.txt", "keras_model.py", "keras.ipynb", "cv2/notes.txt",
        "random/data.py", "tensorflow/data.py", "numpy",
    ],
)  # fmt: skip
def test_other_names_hide_nothing(built, name):
    machine, _ = built
    write(machine.cwd / name)
    assert hiding.look(machine).problems == ()


def test_a_folder_without_init_counts_where_the_package_is_missing(built):
    machine, _ = built
    write(machine.cwd / "torch" / "data.py")
    assert only(hiding.look(machine)).state is State.WRONG


def test_a_folder_that_python_joins_with_others_hides_nothing(built):
    machine, site = built
    (site.folder / "google" / "protobuf").mkdir(parents=True)
    write(machine.cwd / "google" / "search.py")
    assert hiding.look(machine).problems == ()


def test_a_package_in_its_own_repository_hides_nothing(built):
    machine, _ = built
    write(machine.cwd / "tfviz" / "__init__.py")
    assert len(hiding.look(machine).problems) == 1
    write(machine.cwd / "pyproject.toml", '[project]\nname = "tfviz"\n')
    assert hiding.look(machine).problems == ()


def test_the_folders_of_pythonpath_are_looked_into(built, tmp_path):
    machine, _ = built
    write(tmp_path / "lib" / "keras.py")
    problem = only(hiding.look(with_environ(machine, PYTHONPATH=str(tmp_path / "lib"))))
    assert str(tmp_path) in shown(problem.text)
    assert str(tmp_path) not in hidden(problem.text + problem.commands[0])
    assert shown(problem.commands[0]) == f"mv {tmp_path}/lib/keras.py {tmp_path}/lib/my_keras.py"


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        ("posix", "mv keras.py my_keras.py"),
        ("cmd", "ren keras.py my_keras.py"),
        ("powershell", "Rename-Item keras.py my_keras.py"),
    ],
)
def test_the_file_is_renamed_as_the_shell_does_it(built, kind, command):
    machine, _ = built
    write(machine.cwd / "keras.py")
    vars(machine)["shell"] = dataclasses.replace(machine.shell, kind=kind)
    assert only(hiding.look(machine)).commands == (command,)


# ---- variables


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TF_FORCE_GPU_ALLOW_GROWTH", "1"),
        ("TF_CPP_MIN_LOG_LEVEL", "3"),
        ("TF_CPP_MIN_LOG_LEVEL", "ERROR"),
        ("TF_CPP_MAX_VLOG_LEVEL", "2"),
        ("TF_ENABLE_ONEDNN_OPTS", "off"),
        ("TF_GPU_ALLOCATOR", "cuda_malloc"),
        ("TF_CONFIG", "{broken"),
        ("TF_CONFIG", '{"cluster": {}}'),
        ("TF_NUM_INTRAOP_THREADS", "two"),
        ("OMP_NUM_THREADS", "0"),
        ("OMP_NUM_THREADS", "4 "+"cores"),
        ("XLA_FLAGS", "xla_dump_to=tmp"),
        ("XLA_FLAGS", "--xla_gpu_cuda_data_dir=/nowhere"),
        ("KMP_DUPLICATE_LIB_OK", "TRUE"),
        ("CUDA_LAUNCH_BLOCKING", "1"),
        ("CUDA_HOME", "/nowhere/cuda"),
        ("LD_PRELOAD", "/nowhere/lib.so"),
        ("PYTHONPATH", "/opt/ros/lib/python3.8/site-packages"),
        ("PYTHONOPTIMIZE", "2"),
        ("PYTHONHOME", "/usr"),
        ("PYTHONWARNINGS", "error"),
        ("PYTHONIOENCODING", "ascii"),
        ("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", "cpp"),
        ("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", "python"),
        ("HDF5_DISABLE_VERSION_CHECK", "2"),
        ("QT_QPA_PLATFORM_PLUGIN_PATH", "/nowhere/plugins"),
    ],
)  # fmt: skip
def test_variables_that_bite_are_told(built, name, value):
    machine, _ = built
    problem = only(variables.look(with_environ(machine, **{name: value})))
    assert name in problem.text
    assert problem.commands


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TF_FORCE_GPU_ALLOW_GROWTH", "true"),
        ("TF_CPP_MIN_LOG_LEVEL", "2"),
        ("TF_ENABLE_ONEDNN_OPTS", "0"),
        ("TF_CONFIG", "{}"),
        ("OMP_NUM_THREADS", "4"),
        ("OMP_NUM_THREADS", "4,2"),
        ("XLA_FLAGS", "--xla_force_host_platform_device_count=2"),
        ("PYTHONPATH", "src:lib"),
        ("PYTHONPATH", "/home/ana/python3.8-course"),
        ("PYTHONHASHSEED", "0"),
        ("PYTHONOPTIMIZE", "1"),
        ("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", "upb"),
        ("LD_PRELOAD", "libtcmalloc.so.4"),
        ("TF_CLI_CONFIG_FILE", "/root/.terraformrc"),
        ("TF_GPU_ALLOCATOR", ""),
    ],
)
def test_variables_that_do_not_bite_are_left_alone(built, name, value):
    machine, _ = built
    assert variables.look(with_environ(machine, **{name: value})).problems == ()


def test_cuda_of_another_version_in_the_library_path_is_told(built, tmp_path):
    machine, site = built
    cuda(site)
    write(tmp_path / "cuda" / "libcudnn.so.8")
    machine = with_environ(machine, LD_LIBRARY_PATH=str(tmp_path / "cuda"))
    assert only(variables.look(machine)).diagnosis == "env.cudnn_version_mismatch"


def test_packages_of_another_environment_in_pythonpath_are_told(built, tmp_path):
    machine, site = built
    other = type(site)(tmp_path / "other" / "lib" / "python3.12" / "site-packages")
    other.add("numpy", "1.26.4")
    machine = with_environ(machine, PYTHONPATH=str(other.folder))
    machine = dataclasses.replace(machine, folders=(other.folder, *machine.folders))
    assert "before those of this environment" in only(variables.look(machine)).text


# ---- matplotlib


def test_windows_without_a_display_deserve_a_look(built):
    machine, _ = built
    problem = only(drawing.look(with_environ(machine, MPLBACKEND="TkAgg")))
    assert problem.state is State.WARNING
    assert problem.diagnosis == "viz.agg_cannot_show"
    assert problem.commands == ("export MPLBACKEND=agg",)


def test_a_backend_that_does_not_exist_is_wrong(built):
    machine, _ = built
    problem = only(drawing.look(with_environ(machine, MPLBACKEND="Qt4Agg")))
    assert "doesn't have" in problem.text
    problem = only(drawing.look(with_environ(machine, MPLBACKEND="module://matplotlib_inline.x")))
    assert "isn't installed" in problem.text


@pytest.mark.parametrize("value", ["agg", "Agg", "svg", "module://backend_interagg_pycharm"])
def test_a_backend_that_needs_no_display_is_fine(built, value):
    machine, _ = built
    assert drawing.look(with_environ(machine, MPLBACKEND=value)).problems == ()


def test_a_display_needs_a_toolkit(built):
    machine, site = built
    machine = with_environ(machine, DISPLAY=":0")
    assert only(drawing.look(machine)).diagnosis == "viz.agg_cannot_show"
    write(site.folder / "PyQt6" / "__init__.py")
    assert drawing.look(machine).summary == "3.11.2, windows by PyQt6"
    assert (
        only(drawing.look(with_environ(machine, MPLBACKEND="tkagg"))).diagnosis
        == "viz.tkinter_missing"
    )


def test_the_settings_file_of_matplotlib_is_read(built):
    machine, _ = built
    write(machine.cwd / "matplotlibrc", "# mine\nbackend : TkAgg  # window\n")
    assert "TkAgg" in only(drawing.look(machine)).text
    # The variable overrides the file.
    assert drawing.look(with_environ(machine, MPLBACKEND="agg")).problems == ()


def test_no_matplotlib_is_wrong(built):
    machine, site = built
    site.drop("matplotlib")
    assert only(drawing.look(machine)).commands == ("python -m pip install matplotlib",)

"""What is said of GPUs, their drivers and their libraries."""

from __future__ import annotations

import dataclasses
import os

import pytest
from machines import (
    cuda,
    healthy,
    only,
    program,
    windows,
    with_environ,
    write,
)

from tfviz.doctor.env.checks import (
    graphics,
    nvidia,
)
from tfviz.doctor.env.result import State

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

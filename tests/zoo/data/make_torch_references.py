r"""Make the references beside this file with PyTorch: run once, by hand, where PyTorch is.

    PYTHONPATH=tests/zoo python tests/zoo/data/make_torch_references.py \
        ../shared/data/models/resnet20-12fca82f.th

The networks are written out here as torchvision and the CIFAR implementation have them, and named
alike, so that PyTorch alone is enough. Weights and inputs come from `seeded_weights`; only what the
networks answer is stored, and small files in every form that PyTorch writes.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - as everybody writes it
from seeded_weights import image, seeded
from torch import nn

DATA = Path(__file__).parent
SIZES = ((224, 224), (225, 191), (64, 47))
STAGES_AT = (64, 47)


class Basic(nn.Module):
    expansion = 1

    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = down(inputs, width, stride)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, width * 4, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(width * 4)
        self.downsample = down(inputs, width * 4, stride)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


def down(inputs, outputs, stride):
    if inputs == outputs and stride == 1:
        return None
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


class ResNet(nn.Module):
    """torchvision.models.ResNet."""

    def __init__(self, block, counts, classes=1000):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        inputs = 64
        for i, (count, width) in enumerate(zip(counts, (64, 128, 256, 512), strict=True)):
            blocks = []
            for j in range(count):
                blocks.append(block(inputs, width, 2 if i and not j else 1))
                inputs = width * block.expansion
            setattr(self, f"layer{i + 1}", nn.Sequential(*blocks))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


class CifarBlock(nn.Module):
    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.width, self.changes = width, stride != 1 or inputs != width

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.changes:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.width // 4, self.width // 4))
        return F.relu(y + x)


class CifarResNet(nn.Module):
    """ResNet of akamaster/pytorch_resnet_cifar10."""

    def __init__(self, n, classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        inputs = 16
        for i, width in enumerate((16, 32, 64)):
            blocks = []
            for j in range(n):
                blocks.append(CifarBlock(inputs, width, 2 if i and not j else 1))
                inputs = width
            setattr(self, f"layer{i + 1}", nn.Sequential(*blocks))
        self.linear = nn.Linear(64, classes)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(F.avg_pool2d(x, x.size()[2:]).flatten(1))


def with_seeded_weights(network):
    state = network.state_dict()
    for name, tensor in state.items():
        if not name.endswith("num_batches_tracked"):
            state[name] = torch.from_numpy(seeded(name, tuple(tensor.shape)))
    network.load_state_dict(state)
    return network.eval()


def answers(network, batch, stages=()):
    """The output for (batch, height, width, 3), and what the named modules gave on the way."""
    heard, hooks = OrderedDict(), []
    for name in stages:
        hook = lambda module, inputs, output, name=name: heard.__setitem__(name, output)  # noqa: E731
        hooks.append(network.get_submodule(name).register_forward_hook(hook))
    with torch.no_grad():
        output = network(torch.from_numpy(np.moveaxis(batch, -1, 1).copy()))
    for hook in hooks:
        hook.remove()
    return output.numpy(), {name: each.numpy() for name, each in heard.items()}


def stages_of(network, *first):
    blocks = [f"layer{i}.{j}" for i in range(1, 5) if hasattr(network, f"layer{i}")
              for j in range(len(getattr(network, f"layer{i}")))]  # fmt: skip
    return [*first, *blocks]


def references(cifar_file):
    for name, block, counts in (
        ("resnet18", Basic, (2, 2, 2, 2)),
        ("resnet34", Basic, (3, 4, 6, 3)),
        ("resnet50", Bottleneck, (3, 4, 6, 3)),
    ):
        network = with_seeded_weights(ResNet(block, counts))
        found = {f"output_{h}x{w}": answers(network, image(h, w))[0] for h, w in SIZES}
        np.savez_compressed(DATA / f"torch_{name}.npz", **found)
        if name == "resnet18":
            output, stages = answers(
                network,
                image(*STAGES_AT),
                [*stages_of(network, "conv1", "bn1", "maxpool"), "avgpool", "fc"],
            )
            stored = {f"stage/{k}": v for k, v in stages.items()}
            np.savez_compressed(
                DATA / "torch_resnet18_stages.npz",
                input=np.moveaxis(image(*STAGES_AT), -1, 1), output=output, **stored,
            )  # fmt: skip
    network = with_seeded_weights(CifarResNet(9))
    np.savez_compressed(
        DATA / "torch_resnet56.npz",
        output_32x32=answers(network, image(32, 32, batch=4))[0],
        output_33x21=answers(network, image(33, 21))[0],
    )
    network = CifarResNet(3)
    state = torch.load(cifar_file, weights_only=False, map_location="cpu")["state_dict"]
    network.load_state_dict({k.removeprefix("module."): v for k, v in state.items()}, strict=False)
    network.eval()
    output, stages = answers(
        network, image(32, 32, batch=4), stages_of(network, "conv1", "bn1", "linear")
    )
    np.savez_compressed(
        DATA / "torch_resnet20.npz",
        output_32x32=output,
        output_33x21=answers(network, image(33, 21))[0],
        **{f"sum/{k}": v.sum((1, 2, 3)) if v.ndim == 4 else v.sum(1) for k, v in stages.items()},
    )


def odd_tensors():
    """Every kind of tensor that a state dict can hold."""
    torch.manual_seed(0)
    base = torch.randn(6, 8)
    tied = torch.randn(3, 4)
    return OrderedDict(
        [
            ("float.weight", torch.randn(2, 3, 3, 3)),
            ("double", torch.randn(4, dtype=torch.float64)),
            ("half", torch.randn(5).half()),
            ("bfloat16", torch.randn(5).bfloat16()),
            ("long", torch.arange(7)),
            ("bytes", torch.arange(5, dtype=torch.uint8)),
            ("flags", torch.tensor([True, False, True])),
            ("scalar", torch.tensor(3.5)),
            ("counter", torch.tensor(12)),
            ("empty", torch.zeros(0, 4)),
            ("parameter", nn.Parameter(torch.randn(2, 2))),
            ("transposed", base.t()),
            ("slice", base[1:5:2, 2:7]),
            ("whole", base),
            ("tied.a", tied),
            ("tied.b", tied),
            ("expanded", torch.tensor([2.0]).expand(3, 4)),
            ("channels_last", torch.randn(1, 3, 2, 2).to(memory_format=torch.channels_last)),
        ]
    )


class Net(nn.Module):
    """A whole network is pickled with the name of its class."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 2)

    def forward(self, x):
        return self.fc(x)


def files():
    odd = odd_tensors()
    expected = {}
    for name, tensor in odd.items():
        tensor = tensor.detach()
        expected[name] = (tensor.float() if name == "bfloat16" else tensor).numpy()
    np.savez_compressed(DATA / "odd_tensors.npz", **expected)
    torch.save(odd, DATA / "odd_zip.pth")
    torch.save(odd, DATA / "odd_legacy.pth", _use_new_zipfile_serialization=False)
    torch.save(odd, DATA / "odd_protocol4.pth", pickle_protocol=4)
    network = nn.Sequential(OrderedDict(fc=nn.Linear(2, 2), bn=nn.BatchNorm1d(2)))
    torch.save(network, DATA / "module_zip.pth")
    torch.save(Net(), DATA / "own_module_zip.pth")
    optimizer = torch.optim.Adam(network.parameters())
    network(torch.randn(4, 2)).sum().backward()
    optimizer.step()
    wrapped = {
        "epoch": 3,
        "state_dict": {f"module.{k}": v for k, v in network.state_dict().items()},
        "optimizer": optimizer.state_dict(),
        "best": 0.5,
    }
    torch.save(wrapped, DATA / "wrapped.pth.tar")
    try:
        from safetensors.torch import save_file
    except ImportError:
        return
    plain = {k: v.detach().clone().contiguous() for k, v in odd.items() if k not in ("tied.b",)}
    save_file(plain, DATA / "odd.safetensors")


if __name__ == "__main__":
    DATA.mkdir(exist_ok=True)
    references(sys.argv[1])
    files()

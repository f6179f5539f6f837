"""The script that stores what a PyTorch network answers, to be run where PyTorch is."""

from __future__ import annotations

RECIPE = '''"""Store what a PyTorch network answers, stage by stage, for `tfviz weights verify`.

Run this where PyTorch is, with your own network and photo in the first lines.
"""

import numpy as np
import torch
from PIL import Image
from torchvision import models, transforms

network = models.resnet18(weights="IMAGENET1K_V1").eval()
photo = Image.open("photo.jpg").convert("RGB")
prepare = transforms.Compose(
    [
        transforms.Resize(256),
        transforms.CenterCrop(224),
        transforms.ToTensor(),
        transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ]
)

stages = {}


def listen(name, module):
    def keep(module, inputs, output):
        # A copy: the next layer may write into the same memory (ReLU(inplace=True)).
        stages["stage/" + name] = output.numpy().copy()

    module.register_forward_hook(keep)


for name, module in network.named_modules():
    if name and name.count(".") <= 1 and not isinstance(module, torch.nn.Sequential):
        listen(name, module)
inputs = prepare(photo)[None]
with torch.no_grad():
    output = network(inputs).numpy()
np.savez("reference.npz", input=inputs.numpy(), output=output, photo=np.asarray(photo), **stages)
'''

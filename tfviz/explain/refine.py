"""RefineCAM: layers of several sizes, multiplied."""

from __future__ import annotations

from tfviz.explain.gradcampp import GradCAMPlusPlus


class RefineCAM(GradCAMPlusPlus):
    """RefineCAM: the product of Grad-CAM++ maps of layers of several sizes.

        L = prod_l L_l / max(L_l)

    Early layers are fine and noisy, late ones coarse and sure; a place must be marked by all. Where
    no layers are named, the last layer of each of the three coarsest sizes is taken, a choice of
    ours; the authors' example names the last layers of all four stages of a ResNet. Any method does
    the same by `layer='a+b', fuse='product'`.

    Source: Domeniconi et al., "How to Evaluate and Refine your CAM", 2026 (arXiv 2605.14641), by
    its abstract and the implementations in pytorch-grad-cam and TorchCAM: normalised maps,
    multiplied, of Grad-CAM++ where nothing else is asked for.
    """

    name = "refinecam"
    paper_fuse = "product"
    stages = 3

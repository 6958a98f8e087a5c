"""Corpora, tokenisers, batches and images: code only; the payload lies in ``$DATA_DIR``.

A CPU build of torch beside the registry's torchvision, which is a CUDA build, cannot import torchvision: its Python
files register kernels for two operators whose schemas its (then unloadable) library would have declared. Lightning
imports torchvision through torchmetrics, so the whole project would fail. Declaring the two schemas is enough; it is
done here, once, before the first import of lightning.
"""

from importlib import metadata
from typing import Any


def _declare_torchvision_schemas() -> Any:
    """Declare ``torchvision::nms`` and ``torchvision::qnms`` if torch is a CPU build and torchvision is not."""
    try:
        mixed = "+cpu" in metadata.version("torch") and "+cpu" not in metadata.version("torchvision")
    except metadata.PackageNotFoundError:
        return None
    if not mixed:
        return None
    import torch

    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library


# A Library withdraws its schemas when it is collected, hence the name that keeps it.
_torchvision_schemas = _declare_torchvision_schemas()

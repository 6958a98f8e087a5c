"""Corpora, tokenisers, batches and images: code only; the payload lies in ``$DATA_DIR``.

    accord, shapes      the embedded sentences and images, with the truth about links and masks
    sources             where raw text and images come from: named corpora, downloads, a user's own files
    prepared            raw data -> arrays on disk, once
    module              what the four data modules share: prepare, splits, loaders, what a run keeps of its data
    translation, language, images, captions     the data modules: their settings, and what a batch is
    batching            batches of similar length, and a loader that resumes where it stopped
    tokenizers, torchtext_tokenizer             text -> ids; the second only in the frozen lane with torchtext
    preprocessing, augmentation                 pixels -> tensors, and random changes to training images
    words, links        how text is split into words; which words translate which
    progress, cores             what a command is doing, on the last line of standard error; how many processors it may use
    whole, stored, errors       files that appear whole or not at all; JSON that may be damaged; a user's mistakes

Importing this package declares what torchvision needs, see :class:`_BeforeTorchvision`. It imports no torch itself.
"""

import sys
from importlib import metadata
from importlib.abc import MetaPathFinder


class _BeforeTorchvision(MetaPathFinder):
    """Declares two operators just before torchvision is imported for the first time.

    A CPU build of torch beside the registry's torchvision, which is a CUDA build, cannot import torchvision: its Python
    files register kernels for two operators whose schemas its (then unloadable) library would have declared. Lightning
    imports torchvision through torchmetrics, so the whole project would fail. Declaring the two schemas is enough.
    """

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:  # noqa: ARG002
        """Find nothing, so that the search goes on; act once, on ``torchvision``."""
        if fullname == "torchvision":
            sys.meta_path.remove(self)
            self.library = _declare_torchvision_schemas()  # a Library withdraws its schemas when it is collected
            _kept.append(self)


_kept: list[_BeforeTorchvision] = []


def _declare_torchvision_schemas() -> object:
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


sys.meta_path.insert(0, _BeforeTorchvision())

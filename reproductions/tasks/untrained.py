"""The control of Adebayo et al. (2018): the same network before any training, whose maps show what needs no learning."""

from typing import Any

import torch

UNTRAINED = "the same network untrained"  # its name in tables


def untrained(module: Any) -> Any:
    """A LightningModule with the same arguments and with new weights, in evaluation mode.

    A matrix that the recipe starts at zero, as ViT's head, is drawn too; otherwise every gradient would be zero.
    """
    # Hyper-parameters are stored as plain types; the module keeps the others under the same name.
    arguments = {name: getattr(module, name, value) for name, value in module.hparams.items()}
    with torch.inference_mode(False), torch.random.fork_rng(devices=[]):  # its weights take part in gradients
        torch.manual_seed(0)
        fresh = type(module)(**arguments)
        with torch.no_grad():
            for parameter in fresh.parameters():
                if parameter.requires_grad and parameter.dim() > 1 and not parameter.any():
                    parameter.normal_(0, 0.02)
    return fresh.to(module.device).eval()

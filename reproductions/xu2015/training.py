"""How the captioner is trained: Xu et al. (2015), Sections 4.1 to 4.3, and what a shorter training needs."""

from dataclasses import dataclass
from typing import Any, Literal, TypedDict

import torch
from torch import Tensor, nn

from data.captions import CaptionBatch
from reproductions.attention.hard import entropy, log_probability
from reproductions.attention.soft import doubly_stochastic
from reproductions.decoding import Hypothesis
from reproductions.layers.checks import check_not_negative, check_positive, check_rates
from reproductions.layers.cross_entropy import cross_entropy
from reproductions.training.adam import adam
from reproductions.training.classification import check_image_size
from reproductions.training.module import Reproduction
from reproductions.training.schedules import part_of_peak
from reproductions.training.translation import Search, decode
from reproductions.xu2015.model import Captioner, Forced, Network


@dataclass(frozen=True)
class Recipe:
    """Optimiser, schedule and loss.

    Attributes:
        learning_rate: of Adam, the paper's optimiser for Flickr30k and COCO; reached at the end of the warm-up.
        schedule: after the warm-up: "constant", or "cosine" to zero at the last step of the trainer.
        warmup: steps of linear warm-up.
        bag_of_words: weight of a second loss: which words a caption has, predicted from the mean annotation alone. It replaces
            the ImageNet training that the paper's encoder comes with; 0 for none.
        doubly_stochastic: lambda of equation (14); the authors' code has 1 for COCO.
        reward_weight, entropy_weight: lambda_r and lambda_e of hard attention (Section 4.1), with the numbers of the
            authors' code. They weigh less here: its terms are summed over the batch, and its reward is a mean over words.
        baseline_decay: of the moving average of log p(y), the baseline b.
        reward: what a draw is rewarded for: log p of the whole "caption", as in the paper, or of its own "word".
    """

    learning_rate: float = 1e-3
    schedule: Literal["constant", "cosine"] = "constant"
    warmup: int = 0
    bag_of_words: float = 0.0
    doubly_stochastic: float = 1.0
    reward_weight: float = 0.1
    entropy_weight: float = 0.002
    baseline_decay: float = 0.9
    reward: Literal["caption", "word"] = "caption"

    def __post_init__(self) -> None:
        check_rates(self, "baseline_decay")
        check_positive(self, "learning_rate")
        check_not_negative(self, "warmup", "bag_of_words", "doubly_stochastic", "reward_weight", "entropy_weight")


def learning_rule(forced: Forced, real: Tensor, log_p: Tensor, baseline: Tensor, recipe: Recipe) -> Tensor:
    """The term that hard attention adds to the loss -log p(y): a scalar, averaged over the images of a batch (Section 4.1).

    Its gradient is the paper's learning rule with the sign of a loss: draws with a reward above the baseline become more
    probable, and the entropy keeps alpha from collapsing. Images that took the expectation have no draw to reward.

    Args:
        forced: the teacher-forced pass over the captions.
        real: (B, T), True at words and ``</s>``.
        log_p: (B, T), log p of each word, 0 beyond a caption.
        baseline: b, the running mean of the reward.
        recipe: lambda_r, lambda_e and the reward.
    """
    reward = log_p.sum(1, keepdim=True) if recipe.reward == "caption" else log_p
    advantage = (reward - baseline).detach() * ~forced.expected[:, None]
    rewarded = (advantage * log_probability(forced.alpha, forced.s) * real).sum(1)
    spread = (entropy(forced.alpha) * real).sum(1)
    return -(recipe.reward_weight * rewarded + recipe.entropy_weight * spread).mean()


def bag_of_words(logits: Tensor, target: Tensor, real: Tensor) -> Tensor:
    """-log p in nats per image of the set of words in captions (B, T), each word on its own, from logits (B, V)."""
    present = torch.zeros_like(logits)
    present[real.nonzero()[:, 0], target[real]] = 1
    return nn.functional.binary_cross_entropy_with_logits(logits, present, reduction="sum") / len(logits)


class EvaluatedBatch(TypedDict):
    """What the evaluation step computes of a batch, image by image."""

    index: list[int]  # position in the split
    hypotheses: list[Hypothesis]  # the model's own captions, with maps (1, 1, T, P)
    forced_maps: list[Tensor]  # (T, P) each, over the reference caption
    nll: list[float]  # -log p of the reference caption in nats
    words: list[int]  # number of its words, ``</s>`` included


class Xu2015(Reproduction):
    """Show, Attend and Tell as a LightningModule.

    Args:
        vocabulary: number of words, special ones included; comes from the data.
        eos: id of ``</s>``.
        network: sizes and choices of the network.
        recipe: how it is trained.
        search: how captions are decoded.
    """

    paper = "xu2015"

    def __init__(
        self,
        vocabulary: int,
        eos: int = 2,
        network: Network = Network(),
        recipe: Recipe = Recipe(),
        search: Search = Search(),
    ) -> None:
        super().__init__()
        self.model = Captioner(vocabulary, network)
        self.eos, self.network, self.recipe, self.search = eos, network, recipe, search
        self.grid = self.model.grid
        self.draws = network.attention == "hard"  # it looks at one place at a time
        self.title = f"Show, Attend and Tell, {network.attention} attention"
        self.bag = nn.Linear(network.annotation, vocabulary) if recipe.bag_of_words else None
        self.register_buffer("baseline", torch.zeros(()))  # b
        self.baseline: Tensor
        self.store_arguments(locals())

    def forced(self, image: Tensor, target: Tensor, real: Tensor) -> tuple[Tensor, Tensor, Forced]:
        """Read captions (B, T): -log p summed over all words, log p (B, T) of each word without gradient, and the pass itself.

        Raises UserError for images of another size.
        """
        check_image_size(image, self.network)
        forced = self.model.features(image, target)
        loss, nll = cross_entropy(forced.features[real], self.model.head, target[real])
        return loss, torch.zeros(real.shape, device=nll.device).masked_scatter(real, -nll), forced

    def training_step(self, batch: CaptionBatch, batch_idx: int) -> Tensor:
        recipe, real = self.recipe, batch.target_mask
        loss, log_p, forced = self.forced(batch.image, batch.target, real)
        loss = loss / len(real)
        self.log("train/loss", -log_p.sum() / real.sum(), prog_bar=True, batch_size=len(real))
        loss = loss + recipe.doubly_stochastic * doubly_stochastic(forced.alpha * real[..., None]).mean()  # (14)
        if self.draws and not self.network.straight_through:
            loss = loss + learning_rule(forced, real, log_p, self.baseline, recipe)
            reward = log_p.sum(1) if recipe.reward == "caption" else log_p[real]
            self.baseline.lerp_(reward.mean(), 1 - recipe.baseline_decay)  # Section 4.1, b_k
        if self.bag is not None:
            loss = loss + recipe.bag_of_words * bag_of_words(self.bag(forced.mean).float(), batch.target, real)
        return loss

    def caption(self, image: Tensor) -> list[Hypothesis]:
        """Captions of images (B, C, h, w); everything that decodes comes here. Raises UserError for images of another size."""
        check_image_size(image, self.network)
        everywhere = torch.ones(len(image), self.grid[0] * self.grid[1], dtype=torch.bool, device=image.device)
        return decode(self.search, self.model, image, everywhere, self.eos)

    @torch.inference_mode()
    def follow(self, image: Tensor, target: Tensor) -> Tensor:
        """Where it looks, alpha (B, T, P), while it reads given captions (B, T)."""
        check_image_size(image, self.network)
        return self.model.features(image, target).alpha.float()

    def evaluation_step(self, batch: CaptionBatch) -> EvaluatedBatch:
        """Read the reference captions with the model, and let it write its own."""
        _, log_p, forced = self.forced(batch.image, batch.target, batch.target_mask)
        words = batch.target_mask.sum(1).tolist()
        return EvaluatedBatch(
            index=batch.index.tolist(),
            hypotheses=[h._replace(maps=h.maps.float().cpu()) for h in self.caption(batch.image)],
            forced_maps=[alpha[:t].float().cpu() for alpha, t in zip(forced.alpha, words, strict=True)],
            nll=(-log_p.sum(1)).tolist(),
            words=words,
        )

    def configure_optimizers(self) -> Any:
        recipe = self.recipe
        optimizer = adam(self.parameters(), lr=recipe.learning_rate)
        return self.scheduled(optimizer, part_of_peak, recipe.warmup, recipe.schedule)

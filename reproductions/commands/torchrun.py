"""torchrun, ending in one sentence: a node that never arrives has a time limit, and no restart repeats a user's mistake.

.venv/bin/python -m reproductions.commands.torchrun --nnodes=2 ... -m reproductions train transformer2017
"""

import logging
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from torch.distributed.elastic.agent.server.api import RunResult, WorkerGroup
from torch.distributed.elastic.agent.server.local_elastic_agent import LocalElasticAgent
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.elastic.rendezvous import (
    RendezvousClosedError,
    RendezvousConnectionError,
    RendezvousTimeoutError,
)
from torch.distributed.launcher import api
from torch.distributed.run import config_from_args, parse_args

MISTAKE = 2  # exit status of a process that has said what its user must change
PATIENCE = 600  # seconds in which all nodes must arrive


class Agent(LocalElasticAgent):
    """torchrun's, which starts no process again that would only repeat a user's mistake."""

    def _monitor_workers(self, worker_group: WorkerGroup) -> RunResult:
        result = super()._monitor_workers(worker_group)
        if any(failure.exitcode == MISTAKE for failure in result.failures.values()):
            self._remaining_restarts = 0
        return result


def launch(config: api.LaunchConfig, command: str | Callable[..., Any], given: Sequence[str]) -> int:
    """Start this node's processes, wait for their end, and return the exit status; what torchrun raises becomes a sentence."""
    api.LocalElasticAgent = Agent  # type: ignore[misc]  # there is no option for it
    # Otherwise processes that are started again may read the addresses of those before them, and wait for ever.
    os.environ.setdefault("TORCH_DISABLE_SHARE_RDZV_TCP_STORE", "1")
    for name in logging.root.manager.loggerDict:
        if name.startswith(("torch.distributed.", "torch.multiprocessing.")):  # what fails says why itself
            logging.getLogger(name).setLevel(logging.CRITICAL)
    patience = int(config.rdzv_configs.setdefault("join_timeout", PATIENCE))
    try:
        api.elastic_launch(config, command)(*given)
        return 0
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        if failure.exitcode > 0:  # it has said why
            return failure.exitcode
        said = f"Process {rank} was killed by signal {-failure.exitcode}, too often to start it again: see what its node lacks."
    except RendezvousTimeoutError:
        said = (
            f"Not all of {config.min_nodes} nodes arrived at {config.rdzv_endpoint} within {patience} seconds: run the same "
            "command on each, with an --rdzv-endpoint that all of them reach."
        )
    except RendezvousConnectionError:
        said = (
            f"No node answers at {config.rdzv_endpoint}: start the one that --rdzv-endpoint names, and open its port."
        )
    except RendezvousClosedError:
        said = "This run has ended on another node, which says why."
    except SignalException as stop:
        return 128 + stop.sigval
    sys.stderr.write(f"error: {said}\n")
    return 1


if __name__ == "__main__":
    sys.exit(launch(*config_from_args(parse_args(None))))

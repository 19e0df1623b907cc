"""One run on several processes, each with a part of every batch: a GPU each, or a core each where there is none.

A step is the step of one process: every process computes its share of the batch, the gradients are averaged (DDP), and
statistics of batch normalisation are of the whole batch. So how many processes there are is part of the runtime and not
of a run's identity; results agree as far as rounding does. Only where a layer draws at random (dropout) do the draws
depend on it, as they do on the device: each process draws its own, from the seed and its rank.

Processes are started by ``runtime.processes``, on this machine, or by torchrun or anything else that sets RANK,
WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT, on many. The first, which leads, has the run's folder to itself and
tells the others. Should one fail, the others' collectives do too, and the run ends with the words of the first; the
next attempt goes on from the last checkpoint.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed import TCPStore  # type: ignore[attr-defined]
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parallel import DistributedDataParallel

from harness.errors import ConfigError, HarnessError

T = TypeVar("T")

CPU = torch.device("cpu")
STORE_SECONDS = 10.0  # for an answer of the store that the processes found each other by


@dataclass(frozen=True)
class World:
    """The processes of a run: which of them this is, and how many there are."""

    rank: int
    size: int

    @property
    def leads(self) -> bool:
        """Whether this is the one that writes."""
        return self.rank == 0

    def share(self, count: int) -> tuple[int, int]:
        """The first of ``count`` places that is this process's, and the first after those."""
        return count * self.rank // self.size, count * (self.rank + 1) // self.size


ALONE = World(rank=0, size=1)


def is_one_of_several() -> bool:
    """Whether somebody started this process as one of a run's."""
    return "RANK" in os.environ and int(os.environ.get("WORLD_SIZE", "1")) > 1


def follows() -> bool:
    """Whether another process leads this one."""
    return is_one_of_several() and os.environ["RANK"] != "0"


@contextmanager
def joined(device: str) -> Iterator[World]:
    """This process among the others, as the environment says; alone where it says nothing. ``device`` is the runtime's.

    Raises:
        HarnessError: this one or another failed meanwhile.
    """
    if not is_one_of_several():
        yield ALONE
        return
    gpus = device != "cpu" and torch.cuda.is_available()
    dist.init_process_group("cpu:gloo,cuda:nccl" if gpus else "gloo")
    world = World(rank=dist.get_rank(), size=dist.get_world_size())
    try:
        yield world
    except Exception as error:
        raise HarnessError(first_failure(world, error)) from error
    finally:
        dist.destroy_process_group()


def first_failure(world: World, error: Exception) -> str:
    """Why the run failed, in the words of the process that was first to say so; ``error`` is this one's reason.

    Said before the group is left: the others then fail because this one is gone, and find the reason.
    """
    reason = str(error) if isinstance(error, HarnessError) else f"{type(error).__name__}: {error}"
    if world.size == 1:
        return reason
    said = f"process {world.rank} of {world.size}: {reason}"
    with suppress(RuntimeError):  # who had the store may be gone
        said = store().compare_set(failure_key(), "", said).decode()
    return said


def failure_key() -> str:
    """Where the store has what ``first_failure`` says; torchrun may start all processes again, with the same store."""
    return f"harness failure {os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}"


def store() -> TCPStore:
    """The store by which the processes found each other."""
    wait = timedelta(seconds=STORE_SECONDS)
    return TCPStore(os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]), is_master=False, timeout=wait)


def any_of(world: World, *flags: bool) -> tuple[bool, ...]:
    """Each flag, set in all processes if it is in one."""
    if world.size == 1:
        return flags
    numbers = torch.tensor(flags, dtype=torch.uint8)
    dist.all_reduce(numbers, op=dist.ReduceOp.MAX)
    return tuple(bool(number) for number in numbers)


def of_leader(world: World, function: Callable[[], T]) -> T:
    """What ``function`` returns in the leading process, where alone it is called."""
    if world.size == 1:
        return function()
    values: list[Any] = [function() if world.leads else None]
    dist.broadcast_object_list(values, device=CPU)
    value: T = values[0]
    return value


def gathered(world: World, value: T) -> list[T]:
    """Everyone's ``value``, the leading process's first."""
    if world.size == 1:
        return [value]
    values: list[Any] = [None] * world.size
    dist.all_gather_object(values, value)
    return values


def mean_over(world: World, numbers: Tensor) -> Tensor:
    """The mean of the processes' ``numbers``."""
    if world.size == 1:
        return numbers
    total = numbers.clone()
    dist.all_reduce(total)
    return total / world.size


def draw_apart(world: World, seed: int) -> None:
    """Give each process but the leading one random numbers of its own, or shares would be dropped out alike."""
    if not world.leads:
        digest = hashlib.sha256(f"process {world.rank} under seed {seed}".encode()).digest()
        torch.manual_seed(int.from_bytes(digest[:8], "big") >> 1)


class _Mean(torch.autograd.Function):
    """The mean over the processes, forward and on the way back."""

    @staticmethod
    def forward(_context: Any, numbers: Tensor) -> Tensor:
        result = numbers.clone()
        dist.all_reduce(result)
        return result / dist.get_world_size()

    @staticmethod
    def backward(_context: Any, *gradients: Tensor) -> Tensor:
        return _Mean.forward(_context, gradients[0].contiguous())


class WholeBatchNorm(nn.BatchNorm2d):
    """Batch normalisation over the shares of all processes, which must be equal; torch's own has none for CPUs."""

    def forward(self, images: Tensor) -> Tensor:
        """(batch, channels, height, width) to the same."""
        if not self.training:
            return super().forward(images)
        numbers = images.to(self.weight.dtype)
        mean: Tensor = _Mean.apply(numbers.mean(dim=(0, 2, 3)))
        centred = numbers - mean[:, None, None]
        variance: Tensor = _Mean.apply(centred.square().mean(dim=(0, 2, 3)))
        count = images.numel() // images.shape[1] * dist.get_world_size()
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * (count / (count - 1)), self.momentum)
        scale = self.weight * (variance + self.eps).rsqrt()
        return (centred * scale[:, None, None] + self.bias[:, None, None]).to(images.dtype)


def in_parallel(model: nn.Module, world: World, device: torch.device) -> nn.Module:
    """What a training step calls in place of ``model``, whose parameters and buffers it shares.

    Raises:
        ConfigError: the model has a batch normalisation that is not known here.
    """
    if world.size == 1:
        return model
    for module in model.modules():
        if type(module) is nn.BatchNorm2d:
            module.__class__ = WholeBatchNorm  # the same tensors under the same names; only forward is another
        elif isinstance(module, _BatchNorm):
            raise ConfigError(f"runtime.processes: {type(module).__name__} would normalise each share alone; use 1")
    return DistributedDataParallel(model, device_ids=[device] if device.type == "cuda" else None)


def reduced_at_last(parallel: nn.Module, *, last: bool) -> AbstractContextManager[object]:
    """The context of a part of a batch: gradients are averaged over the processes once, with the ``last`` part."""
    if last or not isinstance(parallel, DistributedDataParallel):
        return nullcontext()
    return parallel.no_sync()

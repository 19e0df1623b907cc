"""Counts the operators that run while it is the context, layer by layer."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from harness.flops.attribution import Layers
from harness.flops.operators import COUNTED, kind


class OperatorCounter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """What ran: FLOPs by layer, elements of uncounted arithmetic, and calls of unknown operators by (layer, name).

    ``recomputed`` is the part of the FLOPs that ran forward after :meth:`go_back` was called.
    """

    supports_higher_order_operators = True  # they are named as unknown, and run

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Nothing is compiled in here, and what is hidden from the compiler imports it: a second of a cold start."""
        return False

    def __init__(self, layers: Layers) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.flops: Counter[str] = Counter()
        self.unknown: Counter[tuple[str, str]] = Counter()
        self.elements = 0
        self.recomputed = 0
        self._layers = layers
        self._backward = False

    def go_back(self) -> None:
        """Say that the backward pass begins: a layer that runs forward from now on runs a second time."""
        self._backward = True

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: tuple[type, ...],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run the operator and count it; one that is made of others is counted through them."""
        named = dict(kwargs or {})
        if not isinstance(func, OpOverload):
            self.unknown[self._layers.now, str(func)] += 1
            return func(*args, **named)
        what = kind(func)
        if what == "unknown":
            with self:
                parts = func.decompose(*args, **named)
            if parts is not NotImplemented:
                return parts
            self.unknown[self._layers.now, str(func)] += 1
        result = func(*args, **named)
        if what == "counted":
            flops = COUNTED[func.overloadpacket](args, result)
            self.flops[self._layers.now] += flops
            self.recomputed += flops if self._backward and self._layers.forward else 0
        elif what == "arithmetic":
            self.elements += max(
                (leaf.numel() for leaf in tree_leaves((args, result)) if isinstance(leaf, Tensor)), default=0
            )
        return result

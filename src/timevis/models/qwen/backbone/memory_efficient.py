"""Layers of a language model that keep and touch less in training.

What is cheap to compute again in the backward pass is not kept: outputs of norms, the inner state of an MLP and, in
every other layer, one of the two products behind it. And adapters are added into what they adapt, without passes over
it for their scaling and for the sum.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


def use_memory_efficient_layers(backbone: Any) -> None:
    """Let a Qwen2 or Qwen3 model compute again, in the backward pass, what is cheap; in place."""
    for index, layer in enumerate(backbone.get_decoder().layers):
        for norm in (layer.input_layernorm, layer.post_attention_layernorm):
            norm.forward = partial(_norm, layer, norm)
        if backbone.config.hidden_act == "silu":
            layer.mlp.forward = partial(_mlp, layer, index % 2 == 1)


def use_memory_efficient_adapters(backbone: Any) -> None:
    """Let injected adapters (peft) add to the output of their layer in place; what is special stays with peft."""
    from peft.tuners.lora import Linear

    adapted: list[Any] = [m for m in backbone.modules() if type(m) is Linear]
    for module in adapted:
        if type(module.get_base_layer()) is nn.Linear:
            module.forward = partial(_adapted, module, module.forward)


def _adapted(module: Any, plain: Callable[..., Tensor], x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    base, name, kind = module.get_base_layer(), "default", x.device.type
    given = [x, base.weight, base.bias, module.lora_A[name].weight, module.lora_B[name].weight]
    if torch.is_autocast_enabled(kind):
        given = [t if t is None else t.to(torch.get_autocast_dtype(kind)) for t in given]
    mixed = len({t.dtype for t in given if t is not None}) > 1
    special = module.disable_adapters or module.merged or module.use_dora[name] or base.weight.requires_grad
    if mixed or special or not isinstance(module.lora_dropout[name], nn.Identity) or args or kwargs:
        return plain(x, *args, **kwargs)
    with torch.autocast(kind, enabled=False):
        return _offer(_AdaptedLinear.apply(*given, module.scaling[name]), _AdaptedLinear.output_again)


# gradient checkpointing keeps nothing of a layer anyway, and lets nobody read twice what it computes again


def _norm(layer: Any, module: Any, hidden_states: Tensor) -> Tensor:
    out: Tensor = _RMSNorm.apply(hidden_states, module.weight, module.variance_epsilon)
    return out if layer.gradient_checkpointing else _offer(out, _RMSNorm.output_again)


def _mlp(layer: Any, frugal: bool, x: Tensor) -> Tensor:
    mlp, checkpointing = layer.mlp, layer.gradient_checkpointing
    inner: Tensor = _SwiGLU.apply(mlp.gate_proj(x), mlp.up_proj(x), frugal and not checkpointing)
    return mlp.down_proj(inner if checkpointing else _offer(inner, _SwiGLU.output_again))


class _Again:
    """Computes a tensor again in the backward pass, once for all who claimed it instead of keeping it."""

    def __init__(self, compute: Callable[[], Tensor]) -> None:
        self.compute, self.claims = compute, 0
        self.found: Tensor | None = None

    @classmethod
    def claim(cls, tensor: Tensor) -> tuple[Tensor | None, _Again | None]:
        """What to keep of a tensor: itself, or else how it is computed again."""
        again: _Again | None = getattr(tensor, "again", None)
        if again is None:
            return tensor, None
        again.claims += 1
        return None, again

    def value(self) -> Tensor:
        """The tensor, for one whom a claimant follows."""
        if self.found is None:
            self.found = self.compute()
        return self.found

    def take(self) -> Tensor:
        """The tensor, for a claimant; the last one frees it."""
        found, self.claims = self.value(), self.claims - 1
        if self.claims <= 0:
            self.found = None
        return found


def _offer(out: Any, output_again: Callable[[Any], Tensor]) -> Tensor:
    """The output of a function below, which says by its attribute `again` how it is computed again."""
    if out.grad_fn is not None:
        out.again = _Again(partial(output_again, out.grad_fn))
    return out


class _AdaptedLinear(torch.autograd.Function):
    """x W^T + b + scaling x A^T B^T, W and b frozen."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, a: Tensor, b: Tensor, scaling: float
    ) -> Tensor:
        low = x.flatten(0, -2) @ a.t()
        kept, ctx.again = _Again.claim(x)
        ctx.save_for_backward(kept, weight, bias, a, b, low)
        ctx.scaling = scaling
        return _AdaptedLinear.output(x, weight, bias, low, b, scaling)

    @staticmethod
    def output(x: Tensor, weight: Tensor, bias: Tensor | None, low: Tensor, b: Tensor, scaling: float) -> Tensor:
        out = functional.linear(x, weight, bias)
        out.view(-1, out.shape[-1]).addmm_(low, b.t(), alpha=scaling)
        return out

    @staticmethod
    def output_again(ctx: Any) -> Tensor:
        kept, weight, bias, _, b, low = ctx.saved_tensors
        x = ctx.again.value().to(weight.dtype) if kept is None else kept
        return _AdaptedLinear.output(x, weight, bias, low, b, ctx.scaling)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        kept, weight, _, a, b, low = ctx.saved_tensors
        x = ctx.again.take().to(weight.dtype) if kept is None else kept
        grad = grads[0].flatten(0, -2)
        grad_low = (grad @ b) * ctx.scaling
        found = None
        if ctx.needs_input_grad[0]:
            found = (grad @ weight).addmm_(grad_low, a).view(x.shape)
        return found, None, None, grad_low.t() @ x.flatten(0, -2), (grad.t() @ low) * ctx.scaling, None


class _RMSNorm(torch.autograd.Function):
    """Keeps its input as it came and one number per token."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
        rate = torch.rsqrt(x.float().pow(2).mean(-1, keepdim=True) + epsilon)
        ctx.save_for_backward(x, weight, rate)
        return _RMSNorm.output(x, weight, rate)

    @staticmethod
    def output(x: Tensor, weight: Tensor, rate: Tensor) -> Tensor:
        return weight * (x.float() * rate).to(x.dtype)

    @staticmethod
    def output_again(ctx: Any) -> Tensor:
        return _RMSNorm.output(*ctx.saved_tensors)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        x, weight, rate = ctx.saved_tensors
        unit = x.float() * rate
        found = None
        if ctx.needs_input_grad[1]:
            found = (grads[0] * unit.to(x.dtype)).flatten(0, -2).sum(0, dtype=torch.float32).to(weight.dtype)
        if not ctx.needs_input_grad[0]:
            return None, found, None
        grad = (grads[0] * weight).float()
        mean = torch.linalg.vecdot(grad, unit).unsqueeze(-1) / x.shape[-1]
        return grad.sub_(unit.mul_(mean)).mul_(rate).to(x.dtype), found, None


class _SwiGLU(torch.autograd.Function):
    """Keeps what it reads, or (`frugal`) half of it, not the activation between."""

    @staticmethod
    def forward(ctx: Any, gate: Tensor, up: Tensor, frugal: bool) -> Tensor:
        kept, ctx.again = _Again.claim(up) if frugal else (up, None)
        ctx.save_for_backward(gate, kept)
        return functional.silu(gate).mul_(up)

    @staticmethod
    def output_again(ctx: Any) -> Tensor:
        gate, kept = ctx.saved_tensors
        return functional.silu(gate).mul_(ctx.again.value() if kept is None else kept)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None]:
        gate, kept = ctx.saved_tensors
        up = ctx.again.take() if kept is None else kept
        return torch.ops.aten.silu_backward(grads[0] * up, gate), functional.silu(gate).mul_(grads[0]), None

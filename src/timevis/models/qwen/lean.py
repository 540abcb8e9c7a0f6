"""Layers of a language model that keep and touch less in training.

What is cheap to compute again in the backward pass is not kept: of what a layer of Qwen2.5-0.5B kept, two thirds were
four copies of the inner state of its MLP and float32 copies of what its norms read. And adapters are added into what
they adapt, without passes over it for their scaling and for the sum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


def make_lean(backbone: Any) -> None:
    """Let a Qwen2 or Qwen3 model compute again, in the backward pass, what is cheap; in place."""
    for layer in backbone.get_decoder().layers:
        for norm in (layer.input_layernorm, layer.post_attention_layernorm):
            norm.forward = partial(_norm, norm)
        if backbone.config.hidden_act == "silu":
            layer.mlp.forward = partial(_mlp, layer)


def make_lean_adapters(backbone: Any) -> None:
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
        out: Tensor = _AdaptedLinear.apply(*given, module.scaling[name])
    return out


def _norm(module: Any, hidden_states: Tensor) -> Tensor:
    out: Tensor = _RMSNorm.apply(hidden_states, module.weight, module.variance_epsilon)
    return out


def _mlp(layer: Any, x: Tensor) -> Tensor:
    mlp = layer.mlp
    gate, up = mlp.gate_proj(x), mlp.up_proj(x)
    inner: Tensor = _SwiGLU.apply(gate, up)
    if not inner.requires_grad or layer.gradient_checkpointing:  # which would keep what is recomputed here
        return mlp.down_proj(inner)
    gate, up = gate.detach(), up.detach()
    with _computed_again(inner, lambda: functional.silu(gate).mul_(up)):
        return mlp.down_proj(inner)


@contextmanager
def _computed_again(tensor: Tensor, compute: Callable[[], Tensor]) -> Iterator[None]:
    """Within, autograd does not keep `tensor`, nor reshapes of it, but calls `compute` in the backward pass."""
    this = tensor.data_ptr(), tensor.numel()  # not the tensor, which the hooks would keep

    def pack(saved: Tensor) -> Any:
        return saved.shape if saved.is_contiguous() and (saved.data_ptr(), saved.numel()) == this else saved

    def unpack(packed: Any) -> Tensor:
        return compute().view(packed) if isinstance(packed, torch.Size) else packed

    with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
        yield


class _AdaptedLinear(torch.autograd.Function):
    """x W^T + b + scaling x A^T B^T, W and b frozen."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, a: Tensor, b: Tensor, scaling: float
    ) -> Tensor:
        out = functional.linear(x, weight, bias)
        low = x.flatten(0, -2) @ a.t()
        out.view(-1, out.shape[-1]).addmm_(low, b.t(), alpha=scaling)
        ctx.save_for_backward(x, weight, a, b, low)
        ctx.scaling = scaling
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, a, b, low = ctx.saved_tensors
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
        wide = x.float()
        rate = torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + epsilon)
        ctx.save_for_backward(x, weight, rate)
        return weight * (wide * rate).to(x.dtype)

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
    """Keeps what it reads, not the activation between."""

    @staticmethod
    def forward(ctx: Any, gate: Tensor, up: Tensor) -> Tensor:
        ctx.save_for_backward(gate, up)
        return functional.silu(gate).mul_(up)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor]:
        gate, up = ctx.saved_tensors
        return torch.ops.aten.silu_backward(grads[0] * up, gate), functional.silu(gate).mul_(grads[0])

"""Layers of a backbone that need less memory: fused losses, and activations that are computed again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


class Recomputation:
    """Computes a tensor again in the backward pass, once for all functions that read it.

    An autograd function that reads the tensor calls `save_or_recompute` in its forward pass and `take` once in its
    backward pass. The last `take` frees the tensor.

    Parameters
    ----------
    compute : callable
        Returns the tensor.
    """

    def __init__(self, compute: Callable[[], Tensor]) -> None:
        self.compute, self.pending_reads = compute, 0
        self.tensor: Tensor | None = None

    @classmethod
    def save_or_recompute(cls, tensor: Tensor) -> tuple[Tensor | None, Recomputation | None]:
        """What to save for the backward pass: the tensor itself, or its recomputation if it has one."""
        recomputation: Recomputation | None = getattr(tensor, "recomputation", None)
        if recomputation is None:
            return tensor, None
        recomputation.pending_reads += 1
        return None, recomputation

    def peek(self) -> Tensor:
        """The tensor, which stays in memory for a later `take`."""
        if self.tensor is None:
            self.tensor = self.compute()
        return self.tensor

    def take(self) -> Tensor:
        """The tensor; the last of the expected reads frees it."""
        tensor, self.pending_reads = self.peek(), self.pending_reads - 1
        if self.pending_reads <= 0:
            self.tensor = None
        return tensor


def with_recomputation(output: Any, recompute: Callable[[Any], Tensor]) -> Tensor:
    """Attach to the output of an autograd function how it is computed again from the saved tensors of its node."""
    if output.grad_fn is not None:
        output.recomputation = Recomputation(partial(recompute, output.grad_fn))
    return output


def use_memory_efficient_layers(backbone: Any) -> None:
    """Replace the norms and MLPs of a Qwen2 or Qwen3 model by layers that store less; in place."""
    for index, layer in enumerate(backbone.get_decoder().layers):
        for norm in (layer.input_layernorm, layer.post_attention_layernorm):
            norm.forward = partial(_norm, layer, norm)
        if backbone.config.hidden_act == "silu":
            layer.mlp.forward = partial(_mlp, layer, index % 2 == 1)


def use_memory_efficient_adapters(backbone: Any) -> None:
    """Let the LoRA adapters of peft add to the output of their layer in place; other adapters are unchanged."""
    from peft.tuners.lora import Linear

    adapted: list[Any] = [m for m in backbone.modules() if type(m) is Linear]
    for module in adapted:
        if type(module.get_base_layer()) is nn.Linear:
            module.forward = partial(_adapted_linear, module, module.forward)


def _adapted_linear(module: Any, peft_forward: Callable[..., Tensor], x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    base, name, device = module.get_base_layer(), "default", x.device.type
    tensors = [x, base.weight, base.bias, module.lora_A[name].weight, module.lora_B[name].weight]
    if torch.is_autocast_enabled(device):
        tensors = [t if t is None else t.to(torch.get_autocast_dtype(device)) for t in tensors]
    has_mixed_dtypes = len({t.dtype for t in tensors if t is not None}) > 1
    is_special = module.disable_adapters or module.merged or module.use_dora[name] or base.weight.requires_grad
    has_dropout = not isinstance(module.lora_dropout[name], nn.Identity)
    if has_mixed_dtypes or is_special or has_dropout or args or kwargs:
        return peft_forward(x, *args, **kwargs)
    with torch.autocast(device, enabled=False):
        output = _AdaptedLinear.apply(*tensors, module.scaling[name])
        return with_recomputation(output, _AdaptedLinear.recompute)


# Under gradient checkpointing nothing is recomputed here: it stores no tensor inside a layer, and it forbids to read
# a saved tensor twice.


def _norm(layer: Any, module: Any, hidden_states: Tensor) -> Tensor:
    out: Tensor = _RMSNorm.apply(hidden_states, module.weight, module.variance_epsilon)
    return out if layer.gradient_checkpointing else with_recomputation(out, _RMSNorm.recompute)


def _mlp(layer: Any, recompute_up: bool, x: Tensor) -> Tensor:
    mlp, checkpointing = layer.mlp, layer.gradient_checkpointing
    inner: Tensor = _SwiGLU.apply(mlp.gate_proj(x), mlp.up_proj(x), recompute_up and not checkpointing)
    return mlp.down_proj(inner if checkpointing else with_recomputation(inner, _SwiGLU.recompute))


class _AdaptedLinear(torch.autograd.Function):
    """x W^T + b + scaling x A^T B^T with frozen W and b."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, a: Tensor, b: Tensor, scaling: float
    ) -> Tensor:
        low_rank = x.flatten(0, -2) @ a.t()
        saved_x, ctx.recomputation = Recomputation.save_or_recompute(x)
        ctx.save_for_backward(saved_x, weight, bias, a, b, low_rank)
        ctx.scaling = scaling
        return _AdaptedLinear.compute(x, weight, bias, low_rank, b, scaling)

    @staticmethod
    def compute(
        x: Tensor, weight: Tensor, bias: Tensor | None, low_rank: Tensor, b: Tensor, scaling: float
    ) -> Tensor:
        out = functional.linear(x, weight, bias)
        out.view(-1, out.shape[-1]).addmm_(low_rank, b.t(), alpha=scaling)
        return out

    @staticmethod
    def recompute(ctx: Any) -> Tensor:
        saved_x, weight, bias, _, b, low_rank = ctx.saved_tensors
        x = ctx.recomputation.peek().to(weight.dtype) if saved_x is None else saved_x
        return _AdaptedLinear.compute(x, weight, bias, low_rank, b, ctx.scaling)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        saved_x, weight, _, a, b, low_rank = ctx.saved_tensors
        x = ctx.recomputation.take().to(weight.dtype) if saved_x is None else saved_x
        grad = grads[0].flatten(0, -2)
        grad_low_rank = (grad @ b) * ctx.scaling
        grad_x = None
        if ctx.needs_input_grad[0]:
            grad_x = (grad @ weight).addmm_(grad_low_rank, a).view(x.shape)
        grad_a = grad_low_rank.t() @ x.flatten(0, -2)
        return grad_x, None, None, grad_a, (grad.t() @ low_rank) * ctx.scaling, None


class _RMSNorm(torch.autograd.Function):
    """Stores its input in the input's dtype and one number per token."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
        inverse_rms = torch.rsqrt(x.float().pow(2).mean(-1, keepdim=True) + epsilon)
        ctx.save_for_backward(x, weight, inverse_rms)
        return _RMSNorm.compute(x, weight, inverse_rms)

    @staticmethod
    def compute(x: Tensor, weight: Tensor, inverse_rms: Tensor) -> Tensor:
        return weight * (x.float() * inverse_rms).to(x.dtype)

    @staticmethod
    def recompute(ctx: Any) -> Tensor:
        return _RMSNorm.compute(*ctx.saved_tensors)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        x, weight, inverse_rms = ctx.saved_tensors
        normalized = x.float() * inverse_rms
        grad_weight = None
        if ctx.needs_input_grad[1]:
            grad_weight = (grads[0] * normalized.to(x.dtype)).flatten(0, -2).sum(0, dtype=torch.float32)
            grad_weight = grad_weight.to(weight.dtype)
        if not ctx.needs_input_grad[0]:
            return None, grad_weight, None
        grad = (grads[0] * weight).float()
        mean = torch.linalg.vecdot(grad, normalized).unsqueeze(-1) / x.shape[-1]
        return grad.sub_(normalized.mul_(mean)).mul_(inverse_rms).to(x.dtype), grad_weight, None


class _SwiGLU(torch.autograd.Function):
    """Stores its inputs but not the activation; with `recompute_up` it stores the gate only."""

    @staticmethod
    def forward(ctx: Any, gate: Tensor, up: Tensor, recompute_up: bool) -> Tensor:
        saved_up, ctx.recomputation = Recomputation.save_or_recompute(up) if recompute_up else (up, None)
        ctx.save_for_backward(gate, saved_up)
        return functional.silu(gate).mul_(up)

    @staticmethod
    def recompute(ctx: Any) -> Tensor:
        gate, saved_up = ctx.saved_tensors
        return functional.silu(gate).mul_(ctx.recomputation.peek() if saved_up is None else saved_up)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None]:
        gate, saved_up = ctx.saved_tensors
        up = ctx.recomputation.take() if saved_up is None else saved_up
        return torch.ops.aten.silu_backward(grads[0] * up, gate), functional.silu(gate).mul_(grads[0]), None

"""Causal attention on a CPU equals the attention of PyTorch, forward and backward."""

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from timevis.models.backbone.attention import BLOCK_SIZE, causal_attention


def _inputs(tokens: int, heads: int = 4, kv_heads: int = 2, size: int = 8) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(tokens)
    # as in the models: tokens before heads in memory, and keys with a large constant part
    parts = [torch.randn(3, tokens, n, size, generator=generator) for n in (heads, kv_heads, kv_heads)]
    parts[1] = parts[1] + 5  # the keys
    return [part.transpose(1, 2).requires_grad_() for part in parts]


@pytest.mark.parametrize("tokens", [1, 2, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 3 * BLOCK_SIZE + 5])
@pytest.mark.parametrize("kv_heads", [1, 2, 4])
def test_output_and_gradients_equal_those_of_pytorch(tokens: int, kv_heads: int) -> None:
    parts = _inputs(tokens, kv_heads=kv_heads)
    weight = torch.randn(3, tokens, 4, 8, generator=torch.Generator().manual_seed(0))
    expected = scaled_dot_product_attention(*parts, is_causal=True, scale=0.3, enable_gqa=True).transpose(1, 2)
    expected_grads = torch.autograd.grad((expected * weight).sum(), parts)
    out = causal_attention(*parts, scaling=0.3)
    grads = torch.autograd.grad((out * weight).sum(), parts)
    torch.testing.assert_close(out, expected, atol=1e-5, rtol=1e-5)
    for grad, expected_grad in zip(grads, expected_grads, strict=True):
        torch.testing.assert_close(grad, expected_grad, atol=2e-5, rtol=1e-4)


def test_gradients_in_double_precision_equal_finite_differences() -> None:
    parts = [part.detach().double().requires_grad_() for part in _inputs(BLOCK_SIZE + 3, size=4)]
    assert torch.autograd.gradcheck(lambda *x: causal_attention(*x, scaling=0.5), parts, fast_mode=True)


def test_attention_in_bfloat16_is_accurate_for_keys_with_a_large_constant_part() -> None:
    parts = [part.detach() for part in _inputs(200, size=64)]
    parts[1] = parts[1] + 40
    rounded = [part.bfloat16() for part in parts]
    exact = scaled_dot_product_attention(*(p.float() for p in rounded), is_causal=True, enable_gqa=True)
    plain = (rounded[0] / 8) @ rounded[1].repeat_interleave(2, 1).mT
    plain = plain.masked_fill(torch.ones(200, 200, dtype=torch.bool).triu(1), float("-inf")).softmax(-1)
    plain = plain @ rounded[2].repeat_interleave(2, 1)
    out = causal_attention(*rounded, scaling=1 / 8).transpose(1, 2)

    def error(x: torch.Tensor) -> float:
        return float((x.float() - exact).pow(2).mean().sqrt())

    assert error(out) < 0.1 * error(plain)


def test_under_autocast_the_output_is_bfloat16_and_gradients_are_float32() -> None:
    parts = _inputs(BLOCK_SIZE + 9)
    with torch.autocast("cpu", torch.bfloat16):
        out = causal_attention(*parts, scaling=0.3)
    assert out.dtype == torch.bfloat16
    out.float().sum().backward()
    assert all(part.grad is not None and part.grad.dtype == torch.float32 for part in parts)

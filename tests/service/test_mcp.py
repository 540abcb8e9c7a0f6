"""An assistant forecasts with the tools, over stdio and over HTTP; a token that may only read changes nothing."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
from running_service import RunningService, wait_until
from service_data import TOKEN

pytest.importorskip("mcp", reason="the package mcp is not installed: pip install 'timevis[mcp]'")
from mcp import Client, StdioServerParameters
from mcp.types import TextContent
from servers import free_port


def arguments(service: RunningService, *options: str) -> list[str]:
    return ["-m", "timevis", "mcp", "--service", service.client.address, *options]


def value(result: Any) -> Any:
    """What a tool returned."""
    assert not result.is_error, result.content
    return result.structured_content


def test_an_assistant_inspects_a_file_and_forecasts_over_stdio(
    started: RunningService, plant: str, trained: dict[str, Any], tmp_path: Path
) -> None:
    body = {"dataset": plant, "model": trained["result"]["model"], "name": "Plant", "enabled": False}
    monitor = started.client.call("POST", "monitors", json=body)["id"]
    file = tmp_path / "load.csv"
    rows = "".join(f"2024-01-{1 + day:02}T{hour:02}:00,{100 + hour}\n" for day in range(28) for hour in range(24))
    file.write_text(f"time,load\n{rows}")
    parameters = StdioServerParameters(
        command=sys.executable, args=arguments(started), env={"TIMEVIS_TOKEN": TOKEN, "TIMEVIS_HOME": str(tmp_path)}
    )

    async def converse() -> None:
        async with Client(parameters) as client:
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            assert tools["verdict"].annotations.read_only_hint
            assert not tools["train"].annotations.read_only_hint
            seen = value(await client.call_tool("inspect_file", {"path": str(file)}))
            assert (seen["rows"], seen["channels"], seen["frequency"]) == (672, ["load"], "h")
            made = value(await client.call_tool("forecast", {"dataset": seen["id"], "method": "seasonal_naive"}))
            (load,) = made["forecasts"]
            assert load["median"][:3] == [100, 101, 102]
            assert load["time"][0].startswith("2024-01-29T00:00")
            assert "nothing was trained" in made["verdict"]
            (listed,) = value(await client.call_tool("list_monitors", {}))["monitors"]
            assert (listed["id"], listed["is_drift"]) == (monitor, None)
            status = value(await client.call_tool("monitor_status", {"monitor": monitor}))
            assert (status["name"], status["state"]["forecasts"], status["alerts"]) == ("Plant", 0, [])
            model = trained["result"]["model"]
            judged = value(await client.call_tool("verdict", {"model": model}))
            assert "seasonal naive" in judged["text"]
            compared = value(await client.call_tool("compare", {"models": [model]}))
            (pair,) = (entry for entry in compared["pairs"] if entry["metric"] == "wql")
            assert pair["low"] <= pair["difference"] <= pair["high"]
            assert pair["may_be_chance"] == (pair["p_holm"] is None or pair["p_holm"] > 0.05)
            forecast = value(await client.call_tool("forecast", {"dataset": plant, "model": model}))
            assert forecast["verdict"] == judged
            task = value(await client.call_tool("train", {"dataset": plant, "model": "seasonal_naive", "horizon": 6}))
            ended = value(await client.call_tool("task", {"task": task["id"], "wait_seconds": 300}))
            assert ended["state"] == "completed"
            models = value(await client.call_tool("list_models", {"dataset": plant}))["models"]
            assert ended["result"]["model"] in {entry["id"] for entry in models}
            refused = await client.call_tool("forecast", {"dataset": "0" * 32})
            assert refused.is_error
            assert isinstance(refused.content[0], TextContent)
            assert "there is no dataset" in refused.content[0].text

    asyncio.run(converse())
    started.client.call("DELETE", f"monitors/{monitor}")


def test_over_http_each_caller_has_the_rights_of_its_token(started: RunningService) -> None:
    command = [sys.executable, "-m", "timevis", "serve", "token", "add", "assistant", "--read-only"]
    token = subprocess.run(
        command, env=started.environment, check=True, capture_output=True, text=True
    ).stdout.strip()
    port = free_port()
    process = subprocess.Popen([sys.executable, *arguments(started, "--http", f"127.0.0.1:{port}")])
    try:
        wait_until(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0)

        def call(tool: str, given: str | None, **values: Any) -> dict[str, Any]:
            body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": values}}
            headers = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}
            headers |= {"Authorization": f"Bearer {given}"} if given else {}
            answer = requests.post(f"http://127.0.0.1:{port}/mcp", json=body, headers=headers, timeout=60)
            (line,) = [line for line in answer.text.splitlines() if line.startswith("data: {")]
            result: dict[str, Any] = json.loads(line.removeprefix("data: "))["result"]
            return result

        assert not call("list_datasets", token).get("isError")
        assert "may only read" in call("train", token, dataset="0" * 32)["content"][0]["text"]
        assert "has no token" in call("list_datasets", None)["content"][0]["text"]
        assert "no valid token" in call("list_datasets", "wrong")["content"][0]["text"]
        assert call("inspect_file", token, path="/etc/hostname")["isError"]  # only over stdio
    finally:
        process.terminate()
        process.wait(20)

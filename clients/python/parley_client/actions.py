"""What the robot does: handlers of actions, and the results that go back."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Union

from . import wire

log = logging.getLogger("parley_client")

MAX_MESSAGE = 1_000
"""UTF-16 units; the server refuses more."""

Report = Callable[[wire.ActionResult], Awaitable[None]]
Result = Union[dict[str, Any], str, None]


class Refused(Exception):
    """Raise it in a handler if the robot will not do this. The robot says why, if its dialog has words for it."""


@dataclass
class Action:
    """An action that runs. `args` are what the dialog or the language model gave."""

    id: str
    name: str
    args: dict[str, Any]
    _report: Report = field(repr=False)
    _go: asyncio.Event = field(repr=False)

    async def may_move(self) -> None:
        """Returns when the robot may move: at once, or, while the server suspects a voice stop (`hold`), when it was none.

        An action that waits here between its steps stands still meanwhile.
        """
        await self._go.wait()

    async def progress(self, message: str = "", data: dict[str, Any] | None = None) -> None:
        """Reports that the action continues. It does not postpone its deadline."""
        await self._report(_result(self.id, "progress", message, data))


Handler = Callable[[Action], Awaitable[Result]]


class Actions:
    """Runs the handlers. Each action is reported once, unless the server cancelled it or the report may be lost.

    Actions that may outlive their reply go on while the connection is lost, and are reported again when it is back.
    """

    def __init__(self, send: Report) -> None:
        self._send = send
        self._handlers: dict[str, Handler] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._lasting: set[str] = set()
        """Ids that the server lists beside the conversation."""
        self._ended: dict[str, wire.ActionResult] = {}
        """Ends of these that the server has not confirmed."""
        self._came_back = False
        """The session came back once: the server may wait for a report of an action whose start arrives only now."""
        self._go = asyncio.Event()
        self._go.set()

    def add(self, name: str, handler: Handler) -> None:
        self._handlers[name] = handler

    def receive(self, message: wire.Action) -> None:
        if "runs" in message:
            return
        if message["status"] == "started":
            action = Action(message["id"], message["name"], message["args"], self._report, self._go)
            self._running[action.id] = asyncio.create_task(self._run(action))
        elif message["status"] != "progress":
            # Cancelled, or past its deadline. An action that reported its end does not run any more.
            self._ended.pop(message["id"], None)
            self._abort(message["id"])

    def list_lasting(self, message: wire.State) -> None:
        """The server says which actions may outlive their reply."""
        self._lasting = {one["id"] for one in message.get("actions", [])}

    def lost(self) -> None:
        """The connection is lost. Actions that end with their reply have ended at the server."""
        if not self._go.is_set():
            # A voice stop was suspected, and no verdict will arrive.
            self.abort_all()
        for id in list(self._running):
            if id not in self._lasting:
                self._abort(id)

    async def resumed(self) -> None:
        """The session is back: it learns what still runs and what has ended."""
        self._came_back = True
        running = [_result(id, "progress", "") for id in self._running]
        for result in [*self._ended.values(), *running]:
            await self._send(result)

    def hold(self, held: bool) -> None:
        """A voice stop is suspected, or was none."""
        if held:
            self._go.clear()
        else:
            self._go.set()

    def abort_all(self) -> None:
        self.hold(False)
        self._ended.clear()
        for id in list(self._running):
            self._abort(id)

    def _abort(self, id: str) -> None:
        task = self._running.pop(id, None)
        if task:
            task.cancel()

    async def _report(self, result: wire.ActionResult) -> None:
        if result["id"] not in self._running:
            return
        if result["status"] != "progress":
            del self._running[result["id"]]
            if result["id"] in self._lasting:
                self._ended[result["id"]] = result
        await self._send(result)

    async def _run(self, action: Action) -> None:
        handler = self._handlers.get(action.name)
        try:
            if self._came_back and action.id in self._lasting and handler:
                await action.progress()
            if handler is None:
                raise Refused(f"this robot has no action {action.name}")
            returned = await handler(action)
            message, data = (returned, None) if isinstance(returned, str) else ("", returned)
            json.dumps(data)
            result = _result(action.id, "done", message, data)
        except Refused as error:
            result = _result(action.id, "refused", str(error))
        except Exception as error:
            log.exception("action %s failed", action.name)
            result = _result(action.id, "failed", str(error) or type(error).__name__)
        await self._report(result)


def _result(id: str, status: Any, message: str, data: dict[str, Any] | None = None) -> wire.ActionResult:
    result = wire.ActionResult(type="action.result", id=id, status=status)
    if message:
        result["message"] = message.encode("utf-16-le")[: 2 * MAX_MESSAGE].decode("utf-16-le", "ignore")
    if data is not None:
        result["data"] = data
    return result

"""Handlers of actions, and what is reported of them."""

import asyncio
import logging
import unittest
from typing import Any

from parley_client import Action, Refused
from parley_client.actions import Actions


class ActionsTest(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        logging.disable(logging.ERROR)
        self.addCleanup(logging.disable, logging.NOTSET)
        self.sent: list[Any] = []
        self.actions = Actions(self.send)

    async def send(self, result: Any) -> None:
        self.sent.append({key: value for key, value in result.items() if key not in ("type", "id")})

    async def act(self, handler: Any, status: Any = "started") -> None:
        self.actions.add("act", handler)
        self.actions.receive({"type": "action", "id": "1", "name": "act", "args": {}, "status": status})
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def test_reports_what_the_handler_returns(self) -> None:
        async def text(action: Action) -> str:
            return "three metres"

        async def data(action: Action) -> dict[str, int]:
            await action.progress("half way", {"left": 1})
            return {"left": 0}

        await self.act(text)
        await self.act(data)
        self.assertEqual(
            self.sent,
            [
                {"status": "done", "message": "three metres"},
                {"status": "progress", "message": "half way", "data": {"left": 1}},
                {"status": "done", "data": {"left": 0}},
            ],
        )

    async def test_reports_failures_and_refusals(self) -> None:
        async def fails(action: Action) -> None:
            raise KeyError

        async def refuses(action: Action) -> None:
            raise Refused("too far")

        async def returns_no_json(action: Action) -> Any:
            return {"robot": object()}

        async def speaks_long(action: Action) -> str:
            return "😀" * 600

        for handler in (fails, refuses, returns_no_json, speaks_long):
            await self.act(handler)
        self.assertEqual([one["status"] for one in self.sent], ["failed", "refused", "failed", "done"])
        self.assertEqual([one["message"] for one in self.sent[:2]], ["KeyError", "too far"])
        self.assertEqual(self.sent[3]["message"], "😀" * 500)

    async def test_reports_nothing_of_a_cancelled_action_even_if_the_handler_goes_on(self) -> None:
        cancelled = asyncio.Event()

        async def stubborn(action: Action) -> str:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                cancelled.set()
                await action.progress("still here")
            return "done after all"

        await self.act(stubborn)
        await self.act(stubborn, "cancelled")
        self.assertTrue(cancelled.is_set())
        self.assertEqual(self.sent, [])

    def lists(self, *ids: str) -> None:
        self.actions.list_lasting(
            {"type": "state", "value": "idle", "turn": 1, "generation": 1, "seq": 1, "at": 0, "actions": [{"id": id, "name": "act"} for id in ids]}
        )

    async def test_goes_on_with_a_lasting_action_while_the_connection_is_lost_and_reports_it_again(self) -> None:
        arrived = asyncio.Event()

        async def drive(action: Action) -> str:
            await arrived.wait()
            return "arrived"

        await self.act(drive)
        self.lists("1")
        self.actions.lost()
        await self.actions.resumed()
        self.assertEqual(self.sent, [{"status": "progress"}])
        self.actions.lost()
        arrived.set()
        await asyncio.sleep(0.01)
        self.sent.clear()
        await self.actions.resumed()
        self.assertEqual(self.sent, [{"status": "done", "message": "arrived"}])
        self.actions.receive({"type": "action", "id": "1", "name": "act", "args": {}, "status": "done"})
        await self.actions.resumed()
        self.assertEqual(len(self.sent), 1)

    async def test_reports_a_lasting_action_whose_start_was_missed(self) -> None:
        async def drive(action: Action) -> str:
            return "arrived"

        await self.actions.resumed()
        self.lists("1")
        await self.act(drive)
        self.assertEqual(self.sent, [{"status": "progress"}, {"status": "done", "message": "arrived"}])

    async def test_ends_other_actions_with_the_connection_and_all_if_a_stop_was_suspected(self) -> None:
        cancelled: list[str] = []

        async def drive(action: Action) -> None:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                cancelled.append(action.id)
                raise

        await self.act(drive)
        self.actions.lost()
        await asyncio.sleep(0)
        self.assertEqual(cancelled, ["1"])
        await self.act(drive)
        self.lists("1")
        self.actions.hold(True)
        self.actions.lost()
        await asyncio.sleep(0)
        self.assertEqual(cancelled, ["1", "1"])


if __name__ == "__main__":
    unittest.main()

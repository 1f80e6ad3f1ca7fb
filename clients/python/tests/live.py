"""Conversations with a real server: PARLEY_URL, PARLEY_TOKEN, and in PARLEY_SPEECH a WAV file that asks for its name.

Parley's own tests start the server; see test/clients/python.test.ts.
"""

import asyncio
import logging
import os
import unittest
from collections.abc import Callable
from typing import Any

from parley_client import Action, Microphone, ParleyClient, ParleyError, Refused, Speaker, WavMicrophone

URL, TOKEN, SPEECH = (os.environ[name] for name in ("PARLEY_URL", "PARLEY_TOKEN", "PARLEY_SPEECH"))
Events = list[Any]


class Network:
    """A way to the server that can be cut."""

    def __init__(self) -> None:
        self.ways: list[asyncio.StreamWriter] = []

    async def open(self) -> str:
        self.server = await asyncio.start_server(self.join, "127.0.0.1")
        return f"ws://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"

    async def join(self, near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        host, port = URL.removeprefix("ws://").split(":")
        far_in, far_out = await asyncio.open_connection(host, int(port))
        self.ways += [near_out, far_out]
        await asyncio.gather(self.pipe(near_in, far_out), self.pipe(far_in, near_out))

    async def pipe(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65_536):
                target.write(data)
        except ConnectionError:
            pass
        target.close()

    def cut(self) -> None:
        for way in self.ways:
            way.transport.abort()
        self.ways.clear()


class LiveTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        logging.disable(logging.ERROR)
        self.addCleanup(logging.disable, logging.NOTSET)
        self.events: Events = []
        self.arrived = asyncio.Event()

    def client(self, url: str = URL, **options: Any) -> ParleyClient:
        client = ParleyClient(url, **{"token": TOKEN, **options})

        @client.on("*")
        def record(event: Any) -> None:
            self.events.append(event)
            self.arrived.set()

        return client

    async def find(self, type: str, matches: Callable[[Any], bool] = lambda event: True, since: int = 0) -> Any:
        """Waits for an event."""

        async def look() -> Any:
            while True:
                self.arrived.clear()
                for event in self.events[since:]:
                    if event["type"] == type and matches(event):
                        return event
                await self.arrived.wait()

        try:
            return await asyncio.wait_for(look(), 20)
        except asyncio.TimeoutError:
            self.fail(f"no {type} in {self.events[since:]}")

    def statuses(self) -> list[str]:
        return [event["status"] for event in self.events if event["type"] == "action"]

    async def test_typed_turn_is_played_to_its_end(self) -> None:
        speaker = Speaker()
        async with self.client(speaker=speaker) as client:
            events = client.events()
            await client.text("hello")
            async for event in events:
                if event["type"] == "reply.end":
                    break
            assert event["type"] == "reply.end"
            text = "".join(one["text"] for one in self.events if one["type"] == "reply")
            self.assertEqual((event["reason"], event["heard"]), ("completed", text.strip()))
            self.assertIn("firstPlayed", event["timings"])
            self.assertEqual(speaker.played()[0], event["generation"])

    async def test_spoken_turn_and_barge_in(self) -> None:
        microphone, speaker = WavMicrophone(SPEECH), Speaker()
        async with self.client(microphone=microphone, speaker=speaker) as client:
            heard = await self.find("transcript", lambda event: event["final"])
            self.assertEqual(heard["text"], "what is your name")
            self.assertEqual((await self.find("reply.end"))["reason"], "completed")
            await client.text("tell me a story")
            story = await self.find("reply", lambda event: event["generation"] == 2)
            await asyncio.sleep(1)
            microphone.say(SPEECH)
            end = await self.find("reply.end", lambda event: event["generation"] == 2)
            played = speaker.played()
            self.assertEqual(end["reason"], "interrupted")
            self.assertTrue(story["text"].startswith(end["heard"][:10]) and end["heard"])
            self.assertEqual(played[0], 2)
            await asyncio.sleep(0.3)
            self.assertIn(speaker.played(), [played] + [(3, samples) for samples in range(24_000)])
            answer = await self.find("reply.end", lambda event: event["generation"] == 3)
            self.assertEqual(answer["reason"], "completed")

    async def test_spoken_turn_in_opus(self) -> None:
        microphone, speaker = WavMicrophone(SPEECH), Speaker()
        async with self.client(microphone=microphone, speaker=speaker, codec="opus") as client:
            assert client.ready
            self.assertEqual(client.ready["audio"].get("codec"), "opus")
            heard = await self.find("transcript", lambda event: event["final"])
            self.assertEqual(heard["text"], "what is your name")
            end = await self.find("reply.end")
            text = "".join(one["text"] for one in self.events if one["type"] == "reply")
            self.assertEqual((end["reason"], end["heard"]), ("completed", text.strip()))
            self.assertIn("firstPlayed", end["timings"])

    async def test_actions_are_done_fail_are_refused_and_cancelled(self) -> None:
        cancelled = asyncio.Event()
        async with self.client() as client:

            @client.on_action("go-forward")
            async def go_forward(action: Action) -> str:
                if action.args["distance"] == 2:
                    raise RuntimeError("something is in the way")
                if action.args["distance"] == 3:
                    raise Refused("that is too far")
                if action.args["distance"] == 1:
                    await action.progress("half way")
                    return "arrived"
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    cancelled.set()
                    raise
                return "never"

            await client.text("go forward one meter")
            await self.find("reply.end")
            self.assertEqual(self.statuses(), ["started", "progress", "done"])
            await client.text("go forward two meters")
            said = await self.find("reply", lambda event: "could not" in event["text"])
            self.assertIn("something is in the way", said["text"])
            await self.find("reply.end", lambda event: event["generation"] == said["generation"])
            await client.text("go forward three meters")
            await self.find("action", lambda event: event["status"] == "refused")
            await client.text("turn left")
            await self.find("action", lambda event: event["name"] == "turn" and event["status"] == "refused")
            await client.text("go forward four meters")
            await self.find("action", lambda event: event["status"] == "started" and event["args"].get("distance") == 4)
            await client.interrupt()
            await self.find("action", lambda event: event["status"] == "cancelled")
            await asyncio.wait_for(cancelled.wait(), 5)
        self.assertNotIn("error", [event["type"] for event in self.events])

    async def test_halt_and_the_other_commands(self) -> None:
        async with self.client(microphone=Microphone(), speaker=Speaker(), frame_ms=40) as client:
            await client.text("tell me a story")
            await self.find("state", lambda event: event["value"] == "speaking")
            await client.halt()
            await self.find("state", lambda event: event["value"] == "stopped")
            await client.text("hello")
            await self.find("error", lambda event: event["code"] == "SESSION_STOPPED")
            await client.rearm()
            await self.find("state", lambda event: event["value"] == "idle", len(self.events))
            await client.respond(say="These are my words.")
            end = await self.find("reply.end", lambda event: event["reason"] == "completed")
            self.assertEqual(end["heard"], "These are my words.")
            await client.settings(turnDetection={"mode": "loud"})
            await self.find("error", lambda event: event["code"] == "BAD_FIELD")
            await client.settings(turnDetection={"mode": "manual"})
            await client.clear()
            await client.commit()
            await self.find("error", lambda event: event["code"] == "NOTHING_TO_COMMIT")

    async def test_reconnects_after_a_cut_and_refuses_commands_meanwhile(self) -> None:
        network = Network()
        async with self.client(await network.open(), speaker=Speaker()) as client:
            await client.text("tell me a story")
            await self.find("state", lambda event: event["value"] == "speaking")
            first, since = client.ready, len(self.events)
            network.cut()
            while client.ready:
                await asyncio.sleep(0.01)
            with self.assertRaises(ParleyError) as refused:
                await client.text("hello")
            self.assertEqual(refused.exception.code, "NOT_CONNECTED")
            await client.halt()
            ready = await self.find("ready", since=since)
            assert first is not None
            self.assertEqual((ready["session"], ready["resumed"]), (first["session"], True))
            story = await self.find("reply.end", since=since)
            self.assertEqual((story["generation"], story["reason"]), (1, "interrupted"))
            await self.find("state", lambda event: event["value"] == "stopped", since)
            await client.rearm()
            await self.find("state", lambda event: event["value"] == "idle", since)
            await client.text("hello")
            end = await self.find("reply.end", lambda event: event["generation"] == 2, since)
            self.assertEqual(end["reason"], "completed")
        network.server.close()

    async def test_says_why_the_server_does_not_take_it(self) -> None:
        with self.assertRaises(ParleyError) as refused:
            await self.client(token="another").connect()
        self.assertEqual(refused.exception.code, "UNAUTHORISED")
        with self.assertRaises(ParleyError) as refused:
            await self.client(f"{URL}/elsewhere").connect()
        self.assertEqual(refused.exception.code, "CONNECTION_REFUSED")


if __name__ == "__main__":
    unittest.main(verbosity=2)

"""The connection to a Parley server."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import random
import ssl
import struct
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, TypeVar, Union

import websockets
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from . import wire
from .actions import Actions, Handler
from .address import moved_to
from .audio import Microphone, Speaker
from .opus import OpusCoder

log = logging.getLogger("parley_client")

FATAL_CLOSES = {1000, 4400, 4401, 4409, 4413}
"""After these a new connection would end in the same way."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 15.0
PLAYED_EVERY_S = 0.1
CLOSE_S = 2.0
HEADER = struct.Struct("<BBHII")

Listener = Callable[[Any], Union[Awaitable[None], None]]
L = TypeVar("L", bound=Listener)
H = TypeVar("H", bound=Handler)


class ParleyError(Exception):
    """`code` is one of the protocol's, or NOT_CONNECTED or CONNECTION_REFUSED."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class ParleyClient:
    """A conversation. Connects again by itself after a network failure; the server keeps the session for half a minute.

    A program that is started again goes on with its session if it gives `session` and `secret` of the client before; keep
    them in a file that only this program reads. `ready["resumed"]` says whether that was possible.

    Without a microphone the user only types, without a speaker the robot only writes.
    `codec="opus"` needs a tenth of the bytes, and libopus on this machine; without that it raises OpusMissing.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        user: str | None = None,
        language: str | None = None,
        voice: str | None = None,
        attention: Literal["always", "wake", "push", "addressed"] | None = None,
        microphone: Microphone | None = None,
        speaker: Speaker | None = None,
        frame_ms: Literal[20, 40, 60] = 20,
        codec: Literal["pcm", "opus"] = "pcm",
        session: str | None = None,
        secret: str | None = None,
    ) -> None:
        self.url = url.rstrip("/").replace("http", "ws", 1) if url.startswith("http") else url.rstrip("/")
        # Where the next attempt goes: a server that refuses may name another.
        self._at = self.url
        self._advice: Mapping[str, Any] = {}
        self.microphone = microphone
        self.speaker = speaker
        self.ready: wire.Ready | None = None
        """What the server said of the present session; None while there is none."""
        self._hello = wire.Hello(type="hello", actions="results", resume=True)
        self._hello["input"] = "text" if microphone is None else "audio"
        self._hello["output"] = "text" if speaker is None else "audio"
        if microphone:
            self._hello["audio"] = {"inputRate": microphone.rate}
        if speaker:
            self._hello.setdefault("audio", {})["outputRate"] = speaker.rate
        self._frame_ms = frame_ms
        if frame_ms != 20:
            self._hello.setdefault("audio", {})["frameMs"] = frame_ms
        self._coder: OpusCoder | None = None
        if codec == "opus":
            self._hello.setdefault("audio", {})["codec"] = "opus"
            self._coder = OpusCoder(microphone.rate if microphone else 16_000, speaker.rate if speaker else 24_000)
        if token is not None:
            self._hello["token"] = token
        if user is not None:
            self._hello["user"] = user
        if language is not None:
            self._hello["language"] = language
        if voice is not None:
            self._hello["voice"] = voice
        if attention is not None:
            self._hello["attention"] = attention
        if session is not None and secret is not None:
            self._hello["session"], self._hello["secret"] = session, secret
        self._actions = Actions(self._send)
        self._listeners: defaultdict[str, list[Listener]] = defaultdict(list)
        self._queues: list[asyncio.Queue[wire.ServerMessage | None]] = []
        self._tasks: set[asyncio.Future[None]] = set()
        self._socket: Any = None
        self._run_task: asyncio.Task[None] | None = None
        self._was_ready = asyncio.Event()
        self._fatal: ParleyError | None = None
        self._closing = False
        self._generation = 0
        self._reported = (0, 0)
        self._stopped = False
        self._settings: dict[str, Any] = {}

    @property
    def session(self) -> str | None:
        """Id of the session, once there is one."""
        return self._hello.get("session")

    @property
    def secret(self) -> str | None:
        """With it, another client goes on with the session after this one is gone."""
        return self._hello.get("secret")

    def on(self, type: str) -> Callable[[L], L]:
        """Decorator of a function, async or not, that gets each server message of this type; "*": of all."""

        def add(listener: L) -> L:
            self._listeners[type].append(listener)
            return listener

        return add

    def on_action(self, name: str) -> Callable[[H], H]:
        """Decorator of an async function that carries the action out.

        What it returns (a dict, a text or None) is its result. An exception is a failure, `Refused` a refusal.
        When the server cancels the action, the function gets asyncio.CancelledError: stop the robot then.
        """

        def add(handler: H) -> H:
            self._actions.add(name, handler)
            return handler

        return add

    async def connect(self) -> ParleyClient:
        """Resolves when the first session is ready; until the server can be reached it goes on trying."""
        self._run_task = asyncio.create_task(self._run())
        ready = asyncio.ensure_future(self._was_ready.wait())
        await asyncio.wait({ready, self._run_task}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if not self._was_ready.is_set():
            await self._run_task
        return self

    async def closed(self) -> None:
        """Waits for the end. Raises ParleyError if the server ended the session for good."""
        if self._run_task:
            await asyncio.shield(self._run_task)

    async def close(self) -> None:
        """Ends the session, and the client."""
        self._closing = True
        if self._run_task is None:
            return
        if self.ready:
            await self._send({"type": "bye"})
        await asyncio.wait({self._run_task}, timeout=CLOSE_S if self.ready else 0)
        self._run_task.cancel()
        await asyncio.gather(self._run_task, return_exceptions=True)

    async def leave(self) -> None:
        """Ends the client and leaves the session, which waits half a minute for another client with its `secret`."""
        self._closing = True
        self._actions.abort_all()
        if self._run_task is None:
            return
        self._run_task.cancel()
        await asyncio.gather(self._run_task, return_exceptions=True)

    async def __aenter__(self) -> ParleyClient:
        return await self.connect()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def events(self) -> AsyncIterator[wire.ServerMessage]:
        """All messages from this call on, until the client is closed. Raises ParleyError as `closed` does."""
        queue: asyncio.Queue[wire.ServerMessage | None] = asyncio.Queue()
        self._queues.append(queue)
        return self._events(queue)

    async def _events(self, queue: asyncio.Queue[wire.ServerMessage | None]) -> AsyncIterator[wire.ServerMessage]:
        try:
            while (message := await queue.get()) is not None:
                yield message
        finally:
            self._queues.remove(queue)
        if self._fatal:
            raise self._fatal

    async def text(self, text: str) -> None:
        """A typed turn."""
        await self.send({"type": "text", "text": text})

    async def interrupt(self) -> None:
        """Ends the reply."""
        await self.send({"type": "interrupt"})

    async def halt(self) -> None:
        """The voice stop: silence and no action, at once, until `rearm`; also in the session after a lost connection."""
        self._stopped = True
        if self.speaker:
            self.speaker.flush(self._generation)
        self._actions.abort_all()
        await self._send({"type": "halt"})

    async def rearm(self) -> None:
        """Ends the voice stop."""
        self._stopped = False
        await self._send({"type": "rearm"})

    async def settings(self, **change: Any) -> None:
        """Changes the session, and those after a lost connection: language, voice, instructions, tools, toolChoice,
        turnDetection."""
        self._settings.update(change)
        await self._send({"type": "settings", **change})

    async def commit(self) -> None:
        """Ends the user's turn at the audio sent so far."""
        await self.send({"type": "commit"})

    async def clear(self) -> None:
        """Discards the audio since the last commit."""
        await self.send({"type": "clear"})

    async def body(self, moving: bool, noise: float | None = None) -> None:
        """The robot moves or rests; `noise`: level of its motors at the microphone, dBFS."""
        await self._command({"type": "body", "moving": moving, **({} if noise is None else {"noise": noise})})

    async def respond(self, **options: str) -> None:
        """Starts a reply without words of the user; `say` are its words, else `instructions` are the model's."""
        await self._command({"type": "respond", **options})

    async def send(self, message: wire.ClientMessage) -> None:
        """Sends any message of the protocol. Raises ParleyError NOT_CONNECTED while there is no session."""
        await self._command(message)

    async def _command(self, message: Mapping[str, Any]) -> None:
        if self.ready is None:
            raise ParleyError("NOT_CONNECTED", f"no session at {self.url}; wait for the next ready")
        await self._send(message)

    async def _send(self, message: Mapping[str, Any]) -> None:
        await self._send_raw(json.dumps(message))

    async def _send_raw(self, data: str | bytes) -> None:
        try:
            if self._socket is not None:
                await self._socket.send(data)
        except ConnectionClosed:
            pass  # The reader sees the same, and connects again.

    async def _run(self) -> None:
        pause = FIRST_PAUSE_S
        if self.speaker:
            self.speaker.open()
        try:
            while True:
                self._was_ready.clear()
                self._fatal = None
                self._advice = {}
                code = await self._connection()
                # A server that names a time wants it back, whatever the code.
                if self._closing or (code in FATAL_CLOSES and "retryAfterMs" not in self._advice):
                    break
                if self._was_ready.is_set():
                    pause = FIRST_PAUSE_S
                server = self._advice.get("server")
                if server is not None:
                    self._at = moved_to(self.url, server)
                elif not self._was_ready.is_set():
                    self._at = self.url
                # Another server has room now.
                least = 0 if self._at != self.url else self._advice.get("retryAfterMs", 0) / 1_000
                wait = max(pause * random.uniform(0.8, 1.2), least * random.uniform(1, 1.5))
                log.warning("connection lost (%s); next try in %.2f s", code, wait)
                await asyncio.sleep(wait)
                pause = min(2 * pause, LONGEST_PAUSE_S)
        finally:
            self._actions.abort_all()
            if self.speaker:
                self.speaker.close()
            for queue in self._queues:
                queue.put_nowait(None)
        if code != 1000 and not self._closing:
            raise self._fatal or ParleyError("CONNECTION_CLOSED", f"{self.url}: close code {code}")

    async def _connection(self) -> int:
        """One connection from its beginning to its end. Returns the close code."""
        helpers: list[asyncio.Future[None]] = []
        try:
            async with websockets.connect(
                f"{self._at}/v1/session", subprotocols=["parley.v1"], compression=None, close_timeout=CLOSE_S  # type: ignore[list-item]
            ) as socket:
                self._socket = socket
                await self._send(self._hello)
                if self._stopped:
                    await self._send({"type": "halt"})
                try:
                    while True:
                        data = await socket.recv()
                        if isinstance(data, bytes):
                            self._hear(data)
                        elif self._receive(json.loads(data)):
                            helpers = [self._start(one) for one in (self._record(), self._report_played())]
                except ConnectionClosed:
                    return socket.close_code or 1006
        except InvalidHandshake as error:
            status = getattr(getattr(error, "response", error), "status_code", 503)
            if 400 <= status < 500:
                self._fatal = ParleyError("CONNECTION_REFUSED", f"{self.url}: {error}")
                return 4401
        except ssl.SSLCertVerificationError as error:
            self._fatal = ParleyError("CONNECTION_REFUSED", f"{self.url}: {error}; set SSL_CERT_FILE to the server's certificate")
            return 4401
        except (EOFError, OSError, asyncio.TimeoutError) as error:
            log.warning("%s: %s", self.url, error or type(error).__name__)
        finally:
            for helper in helpers:
                helper.cancel()
            self._socket = self.ready = None
            self._actions.lost()
            if self.speaker:
                self.speaker.restart()
        return 1006

    def _receive(self, message: wire.ServerMessage) -> bool:
        """Returns True for the message that begins the session."""
        if message["type"] == "ready":
            self.ready = message
            self._hello["session"], self._hello["epoch"] = message["session"], message["epoch"]
            self._hello.pop("lastSeq", None)
            self._hello.pop("played", None)
            self._hello.pop("secret", None)
            if "secret" in message:
                self._hello["secret"] = message["secret"]
            self._generation, self._reported = 0, (0, 0)
            if message["resumed"]:
                self._start(self._actions.resumed())
            else:
                self._actions.abort_all()
                if self._settings:
                    self._start(self._send({"type": "settings", **self._settings}))
            self._was_ready.set()
        elif message["type"] == "state":
            self._hello["lastSeq"] = message["seq"]
            self._actions.list_lasting(message)
        elif message["type"] == "error" and message["fatal"]:
            self._fatal = ParleyError(message["code"], message["message"])
            self._advice = message
        elif message["type"] == "action":
            self._actions.receive(message)
        elif message["type"] == "hold":
            self._actions.hold(message["held"])
        elif self.speaker and message["type"] == "flush":
            self.speaker.flush(message["generation"])
            self._start(self._send_played())
        elif self.speaker and message["type"] == "playback":
            self.speaker.pause(message["state"] == "paused")
            self.speaker.duck(message["state"] == "ducked")
            self._start(self._send_played())
        for queue in self._queues:
            queue.put_nowait(message)
        for listener in self._listeners[message["type"]] + self._listeners["*"]:
            self._call(listener, message)
        return message["type"] == "ready"

    def _call(self, listener: Listener, message: wire.ServerMessage) -> None:
        try:
            returned = listener(message)
        except Exception:
            log.exception("a listener of %s failed", message["type"])
            return
        if inspect.isawaitable(returned):
            self._start(returned)

    def _start(self, work: Awaitable[None]) -> asyncio.Future[None]:
        """Runs it beside the reader; a failure is logged."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Future[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception():
            log.error("failed", exc_info=task.exception())

    def _hear(self, frame: bytes) -> None:
        if len(frame) < HEADER.size:
            return
        version, kind, samples, generation, seq = HEADER.unpack_from(frame)
        if version != 1 or not self.speaker:
            return
        pcm = frame[HEADER.size :]
        if kind == 2 and self._coder and self.ready:
            skip = self.ready["audio"].get("preSkip", 0) if seq == 0 else 0
            pcm = self._coder.decode(pcm, skip, samples)
        elif kind != 1:
            return
        self._generation = generation
        self.speaker.receive(generation, pcm)

    def _coded(self, pcm: bytes) -> bytes:
        granted = self._coder is not None and self.ready is not None and "codec" in self.ready["audio"]
        return self._coder.encode(pcm) if self._coder and granted else pcm

    async def _record(self) -> None:
        if self.microphone:
            message = b""
            async for frame in self.microphone.frames():
                message += frame
                if len(message) * 1_000 >= 2 * self.microphone.rate * self._frame_ms:
                    await self._send_raw(self._coded(message))
                    message = b""

    async def _report_played(self) -> None:
        while self.speaker:
            await asyncio.sleep(PLAYED_EVERY_S)
            await self._send_played()

    async def _send_played(self) -> None:
        played = self.speaker.played() if self.speaker else (0, 0)
        if played != self._reported:
            self._reported = played
            self._hello["played"] = {"generation": played[0], "samples": played[1]}
            await self._send({"type": "played", "generation": played[0], "samples": played[1]})

"""Loudspeakers, which count exactly what was played, and microphones. 16-bit PCM, mono."""

from __future__ import annotations

import array
import asyncio
import struct
import sys
import threading
import time
import wave
from collections import deque
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Literal, cast

FRAME_MS = 20
DUCKED_GAIN = 10 ** (-12 / 20)
"""Of ducked playback: 12 dB softer."""
DUCK_RAMP_MS = 20
"""Time from one level to the other."""
MAX_LATE_S = 1.0
"""A microphone that is later than this, because the process stood still, loses the time instead of sending it at once."""

InputRate = Literal[8000, 16000, 24000, 48000]
OutputRate = Literal[16000, 24000]


class Speaker:
    """Plays in real time, without a loudspeaker. The base of the others: they say where the audio goes."""

    def __init__(self, rate: OutputRate = 24_000, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate: OutputRate = rate
        self.clock = clock
        self._at = clock()
        self._lock = threading.Lock()
        self._queue: deque[tuple[int, bytes]] = deque()
        self._paused = False
        self._ducked = False
        self._gain = 1.0
        self._flushed = -1
        self._pulled = (0, 0)
        self._played = (0, 0)
        # (when the last of these samples is audible, generation, samples up to then)
        self._log: deque[tuple[float, int, int]] = deque()

    def open(self) -> None:
        """Begins to play."""
        self._at = self.clock()

    def close(self) -> None:
        """Ends."""

    def write(self, pcm: bytes) -> None:
        """Takes what is audible now, with the silence between."""

    def receive(self, generation: int, pcm: bytes) -> None:
        self.advance()
        with self._lock:
            if generation > self._flushed:
                self._queue.append((generation, pcm))

    def pause(self, paused: bool) -> None:
        self.advance()
        self._paused = paused

    def duck(self, ducked: bool) -> None:
        """Plays on softer, or as before."""
        self.advance()
        self._ducked = ducked

    def flush(self, generation: int) -> None:
        """Drops all audio of this generation and earlier ones."""
        self.advance()
        with self._lock:
            self._flushed = max(self._flushed, generation)
            self._queue = deque(piece for piece in self._queue if piece[0] > generation)
            self._paused = self._ducked = False

    def restart(self) -> None:
        """Drops everything: a new session counts its generations anew."""
        self.advance()
        with self._lock:
            self._queue.clear()
            self._log.clear()
            self._paused = self._ducked = False
            self._flushed, self._pulled, self._played = -1, (0, 0), (0, 0)

    def played(self) -> tuple[int, int]:
        """The newest generation of which something was audible, and the number of its samples that were."""
        self.advance()
        now = self.clock()
        with self._lock:
            while self._log and self._log[0][0] <= now:
                self._played = self._log.popleft()[1:]
            return self._played

    def advance(self) -> None:
        """Plays up to now."""
        due = int((self.clock() - self._at) * self.rate)
        if due > 0:
            start, self._at = self._at, self._at + due / self.rate
            self.write(self.pull(due, start))

    def pull(self, samples: int, start: float) -> bytes:
        """The next samples, with silence if there are not enough. `start`: when the first of them is audible."""
        out = bytearray()
        with self._lock:
            while self._queue and len(out) < 2 * samples and not self._paused:
                generation, pcm = self._queue.popleft()
                piece, rest = pcm[: 2 * samples - len(out)], pcm[2 * samples - len(out) :]
                if rest:
                    self._queue.appendleft((generation, rest))
                out += piece
                before = self._pulled[1] if self._pulled[0] == generation else 0
                self._pulled = (generation, before + len(piece) // 2)
                self._log.append((start + len(out) / 2 / self.rate, *self._pulled))
            levelled = self._levelled(bytes(out))
            if len(out) < 2 * samples:
                # Nothing sounds, so nothing jumps: the next sound begins at its own level.
                self._gain = DUCKED_GAIN if self._ducked else 1.0
        return levelled.ljust(2 * samples, b"\0")

    def _levelled(self, pcm: bytes) -> bytes:
        target = DUCKED_GAIN if self._ducked else 1.0
        gain = self._gain
        if gain == target == 1.0:
            return pcm
        step = (1 - DUCKED_GAIN) / (self.rate * DUCK_RAMP_MS / 1_000)
        samples = array.array("h", pcm)
        if sys.byteorder == "big":
            samples.byteswap()
        for i, sample in enumerate(samples):
            gain = max(target, gain - step) if gain > target else min(target, gain + step)
            samples[i] = int(sample * gain)
        self._gain = gain
        if sys.byteorder == "big":
            samples.byteswap()
        return samples.tobytes()


class WavSpeaker(Speaker):
    """Plays in real time into a WAV file."""

    def __init__(self, path: str | Path, rate: OutputRate = 24_000) -> None:
        super().__init__(rate)
        self._file = wave.open(str(path), "wb")
        self._file.setparams((1, 2, rate, 0, "NONE", ""))

    def write(self, pcm: bytes) -> None:
        self._file.writeframesraw(pcm)

    def close(self) -> None:
        self.advance()
        self._file.close()


class DeviceSpeaker(Speaker):
    """The loudspeaker of this machine. RuntimeError without `sounddevice`."""

    def __init__(self, rate: OutputRate = 24_000) -> None:
        super().__init__(rate)
        self._device = _sounddevice()

    def open(self) -> None:
        self._stream: Any = self._device.RawOutputStream(
            samplerate=self.rate, channels=1, dtype="int16", blocksize=self.rate * FRAME_MS // 1_000, callback=self._fill
        )
        self._stream.start()

    def close(self) -> None:
        self._stream.close()

    def advance(self) -> None:
        """The device asks when it needs more."""

    def _fill(self, out: Any, samples: int, times: Any, _status: Any) -> None:
        out[:] = self.pull(samples, self.clock() + times.outputBufferDacTime - times.currentTime)


class Microphone:
    """Silence, in real time. The base of the others."""

    def __init__(self, rate: InputRate = 16_000) -> None:
        self.rate: InputRate = rate

    def read(self, samples: int) -> bytes:
        """The next samples."""
        return bytes(2 * samples)

    async def frames(self) -> AsyncIterator[bytes]:
        """Frames of 20 ms as they are recorded."""
        due = time.monotonic()
        while True:
            due = max(due + FRAME_MS / 1_000, time.monotonic() - MAX_LATE_S)
            await asyncio.sleep(due - time.monotonic())
            yield self.read(self.rate * FRAME_MS // 1_000)


class WavMicrophone(Microphone):
    """Says a WAV file (16-bit, mono), then is silent. `say` adds another of the same rate.

    A rate that the protocol has not becomes 16 kHz.
    """

    def __init__(self, path: str | Path) -> None:
        rate, self._pcm = _read_wav(path)
        super().__init__(rate)

    def say(self, path: str | Path) -> None:
        rate, pcm = _read_wav(path)
        if rate != self.rate:
            raise ValueError(f"{path} has {rate} Hz; this microphone has {self.rate} Hz")
        self._pcm += pcm

    def read(self, samples: int) -> bytes:
        piece, self._pcm = self._pcm[: 2 * samples], self._pcm[2 * samples :]
        return piece.ljust(2 * samples, b"\0")


class DeviceMicrophone(Microphone):
    """The microphone of this machine. RuntimeError without `sounddevice`."""

    def __init__(self, rate: InputRate = 16_000) -> None:
        super().__init__(rate)
        self._device = _sounddevice()

    async def frames(self) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        recorded: asyncio.Queue[bytes] = asyncio.Queue()

        def record(data: Any, _samples: int, _times: Any, _status: Any) -> None:
            loop.call_soon_threadsafe(recorded.put_nowait, bytes(data))

        size = self.rate * FRAME_MS // 1_000
        with self._device.RawInputStream(
            samplerate=self.rate, channels=1, dtype="int16", blocksize=size, callback=record
        ):
            while True:
                yield await recorded.get()


def _sounddevice() -> Any:
    try:
        import sounddevice  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except (ImportError, OSError) as error:
        raise RuntimeError("no sounddevice: pip install sounddevice, or use WAV files") from error
    return sounddevice


def _read_wav(path: str | Path) -> tuple[InputRate, bytes]:
    with wave.open(str(path), "rb") as file:
        if file.getnchannels() != 1 or file.getsampwidth() != 2:
            raise ValueError(f"{path}: want 16-bit mono")
        rate, pcm = file.getframerate(), file.readframes(file.getnframes())
    if rate in (8_000, 16_000, 24_000, 48_000):
        return cast(InputRate, rate), pcm
    # Between two samples of the file, by their distance: enough for speech.
    count = len(pcm) // 2
    samples = struct.unpack(f"<{count}h", pcm)
    out = []
    for i in range((count - 1) * 16_000 // rate):
        at, part = divmod(i * rate, 16_000)
        out.append(samples[at] + (samples[at + 1] - samples[at]) * part // 16_000)
    return 16_000, struct.pack(f"<{len(out)}h", *out)

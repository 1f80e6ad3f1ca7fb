"""Loudspeaker and microphone on a clock that the test sets."""

import asyncio
import struct
import tempfile
import unittest
import wave
from pathlib import Path

from parley_client import DeviceSpeaker, Speaker, WavMicrophone, WavSpeaker


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def seconds(count: float, rate: int = 24_000) -> bytes:
    return b"\1\0" * round(count * rate)


class SpeakerTest(unittest.TestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.speaker = Speaker(clock=self.clock)

    def after(self, count: float) -> tuple[int, int]:
        self.clock.now += count
        return self.speaker.played()

    def test_counts_what_was_audible_and_no_gap(self) -> None:
        self.clock.now = 0.015
        self.speaker.receive(1, seconds(0.3))
        self.assertEqual(self.after(0.1), (1, 2_400))
        self.assertEqual(self.after(1.0), (1, 7_200))
        self.speaker.receive(1, seconds(0.3))
        self.assertEqual(self.after(0.1), (1, 9_600))

    def test_pauses_and_resumes_at_the_same_sample(self) -> None:
        self.speaker.receive(1, seconds(1))
        self.assertEqual(self.after(0.25), (1, 6_000))
        self.speaker.pause(True)
        self.assertEqual(self.after(5), (1, 6_000))
        self.speaker.pause(False)
        self.assertEqual(self.after(0.25), (1, 12_000))

    def test_ducks_by_12_db_within_20_ms_and_counts_the_same(self) -> None:
        loud = struct.pack("<480h", *[16_000] * 480)
        for _ in range(3):
            self.speaker.receive(1, loud)
        self.assertEqual(self.speaker.pull(480, 0.0), loud)
        self.speaker.duck(True)
        ducked = struct.unpack("<480h", self.speaker.pull(480, 0.02))
        self.assertEqual(ducked[-1], int(16_000 * 10 ** (-12 / 20)))
        self.assertLess(max(abs(one - next_) for one, next_ in zip(ducked, ducked[1:])), 30)
        self.speaker.duck(False)
        self.assertEqual(struct.unpack("<480h", self.speaker.pull(480, 0.04))[-1], 16_000)
        self.clock.now = 1.0
        self.assertEqual(self.speaker.played(), (1, 1_440))

    def test_drops_what_was_flushed_and_what_comes_after_it(self) -> None:
        self.speaker.receive(1, seconds(1))
        self.clock.now = 0.5
        self.speaker.pause(True)
        self.speaker.flush(1)
        self.speaker.receive(1, seconds(1))
        self.assertEqual(self.after(2), (1, 12_000))
        self.speaker.receive(2, seconds(0.01))
        self.assertEqual(self.after(2), (2, 240))

    def test_counts_a_new_session_anew(self) -> None:
        self.speaker.receive(7, seconds(1))
        self.after(0.5)
        self.speaker.flush(7)
        self.speaker.restart()
        self.assertEqual(self.speaker.played(), (0, 0))
        self.speaker.receive(1, seconds(1))
        self.assertEqual(self.after(0.5), (1, 12_000))

    def test_counts_samples_of_a_device_when_they_are_audible(self) -> None:
        self.speaker.receive(1, seconds(1))
        pulled = self.speaker.pull(2_400, start=0.2)
        self.assertEqual(pulled, seconds(0.1))
        self.assertEqual(Speaker.played(self.speaker), (0, 0))
        self.assertEqual(self.speaker.pull(240, start=9.0), seconds(0.01))


class WavTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "sound.wav"

    def write(self, rate: int, channels: int = 1) -> None:
        with wave.open(str(self.path), "wb") as file:
            file.setparams((channels, 2, rate, 0, "NONE", ""))
            file.writeframes(seconds(0.01, rate))

    def test_writes_what_was_audible(self) -> None:
        speaker = WavSpeaker(self.path, 16_000)
        speaker.clock = clock = Clock()
        speaker.open()
        clock.now = 0.5
        speaker.receive(1, seconds(0.25, 16_000))
        clock.now = 1.0
        speaker.close()
        with wave.open(str(self.path), "rb") as file:
            self.assertEqual((file.getframerate(), file.getnframes()), (16_000, 16_000))
            self.assertEqual(file.readframes(16_000).index(b"\1"), 2 * 8_000)

    def test_says_a_file_and_is_silent_then(self) -> None:
        self.write(8_000)
        microphone = WavMicrophone(self.path)

        async def two() -> list[bytes]:
            frames = microphone.frames()
            return [await frames.__anext__(), await frames.__anext__()]

        speech = seconds(0.01, 8_000)
        self.assertEqual(asyncio.run(two()), [speech.ljust(320, b"\0"), bytes(320)])

    def test_brings_other_rates_to_16_khz(self) -> None:
        ramp = [20 * i for i in range(1_101)]
        with wave.open(str(self.path), "wb") as file:
            file.setparams((1, 2, 22_050, 0, "NONE", ""))
            file.writeframes(struct.pack("<1101h", *ramp))
        microphone = WavMicrophone(self.path)
        heard = struct.unpack("<700h", microphone.read(700))
        self.assertEqual(microphone.rate, 16_000)
        self.assertEqual([heard[0], heard[160], heard[640]], [0, 4_410, 17_640])

    def test_says_which_files_it_takes(self) -> None:
        self.write(16_000, channels=2)
        with self.assertRaisesRegex(ValueError, "want 16-bit mono"):
            WavMicrophone(self.path)


class DeviceTest(unittest.TestCase):
    def test_says_what_is_missing_without_a_sound_library(self) -> None:
        try:
            import sounddevice  # type: ignore[import-not-found, import-untyped, unused-ignore]  # noqa: F401
        except (ImportError, OSError):
            with self.assertRaisesRegex(RuntimeError, "pip install sounddevice, or use WAV files"):
                DeviceSpeaker()


if __name__ == "__main__":
    unittest.main()

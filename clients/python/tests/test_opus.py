"""The codec of this machine, and what a client says without one."""

import ctypes.util
import math
import struct
import unittest
from unittest.mock import patch

from parley_client import OpusMissing, ParleyClient, Speaker
from parley_client.opus import OpusCoder

FRAME = 480
PRE_SKIP = 156


def tone(samples: int) -> bytes:
    return struct.pack(f"<{samples}h", *(round(8_000 * math.sin(i / 12)) for i in range(samples)))


class OpusTest(unittest.TestCase):
    @unittest.skipIf(ctypes.util.find_library("opus") is None, "needs libopus0")
    def test_brings_the_samples_that_count(self) -> None:
        coder = OpusCoder(24_000, 24_000)
        sent = tone(20 * FRAME)
        heard = b""
        for seq in range(20):
            packet = coder.encode(sent[2 * seq * FRAME : 2 * (seq + 1) * FRAME])
            skip = PRE_SKIP if seq == 0 else 0
            heard += coder.decode(packet, skip, FRAME - skip)
        coder.close()
        self.assertEqual(len(heard), len(sent) - 2 * PRE_SKIP)
        played = struct.unpack(f"<{len(heard) // 2}h", heard)
        original = struct.unpack(f"<{20 * FRAME}h", sent)
        alike = sum(a * b for a, b in zip(played[FRAME:], original[FRAME:]))
        self.assertGreater(alike, 0.8 * sum(b * b for b in original[FRAME : len(played)]))

    @unittest.skipIf(ctypes.util.find_library("opus") is None, "needs libopus0")
    def test_a_damaged_packet_is_silence_of_its_length(self) -> None:
        coder = OpusCoder(16_000, 24_000)
        self.assertEqual(coder.decode(b"\xff\xff\xff", 0, FRAME), bytes(2 * FRAME))
        coder.close()

    def test_a_client_without_libopus_says_what_to_install(self) -> None:
        with patch("ctypes.util.find_library", return_value=None):
            with self.assertRaisesRegex(OpusMissing, "apt-get install libopus0"):
                ParleyClient("ws://127.0.0.1:7400", speaker=Speaker(), codec="opus")


if __name__ == "__main__":
    unittest.main()

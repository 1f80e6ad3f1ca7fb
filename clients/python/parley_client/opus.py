"""Opus by the machine's libopus, without a package: ctypes."""

from __future__ import annotations

import ctypes
import ctypes.util

VOIP = 2048
SET_BITRATE, SET_COMPLEXITY, SET_DTX, SET_SIGNAL = 4002, 4010, 4016, 4024
VOICE = 3001
COMPLEXITY = 5
UPLINK_BITRATE = 24_000
"""Of the user's audio, bits a second."""
MAX_PACKET_BYTES = 1_500
MAX_SAMPLES = 5_760
"""Of a decoded packet: 120 ms at 48 kHz."""


class OpusMissing(Exception):
    """This machine has no libopus."""


def _library() -> ctypes.CDLL:
    name = ctypes.util.find_library("opus")
    if name is None:
        raise OpusMissing("libopus is not installed: apt-get install libopus0, or leave codec='opus' out")
    library = ctypes.CDLL(name)
    for create in (library.opus_encoder_create, library.opus_decoder_create):
        create.restype = ctypes.c_void_p
    library.opus_encode.argtypes = [
        *(ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int32)
    ]
    library.opus_decode.argtypes = [
        *(ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int32, ctypes.c_char_p, ctypes.c_int, ctypes.c_int)
    ]
    for destroy in (library.opus_encoder_destroy, library.opus_decoder_destroy):
        destroy.argtypes = [ctypes.c_void_p]
        destroy.restype = None
    return library


class OpusCoder:
    """Both directions of one client. Raises OpusMissing without libopus, and ValueError for a rate that Opus does not have."""

    def __init__(self, input_rate: int, output_rate: int) -> None:
        self._library = _library()
        error = ctypes.c_int()
        self._encoder = self._library.opus_encoder_create(input_rate, 1, VOIP, ctypes.byref(error))
        self._decoder = self._library.opus_decoder_create(output_rate, 1, ctypes.byref(error))
        if not self._encoder or not self._decoder:
            self.close()
            raise ValueError(f"Opus has no rate of {input_rate} or {output_rate} Hz")
        settings = {SET_BITRATE: UPLINK_BITRATE, SET_COMPLEXITY: COMPLEXITY, SET_SIGNAL: VOICE, SET_DTX: 1}
        for request, value in settings.items():
            self._library.opus_encoder_ctl(ctypes.c_void_p(self._encoder), request, ctypes.c_int(value))

    def encode(self, pcm: bytes) -> bytes:
        """One packet of a frame of 10, 20, 40 or 60 ms."""
        packet = ctypes.create_string_buffer(MAX_PACKET_BYTES)
        size = self._library.opus_encode(self._encoder, pcm, len(pcm) // 2, packet, MAX_PACKET_BYTES)
        if size < 0:
            raise ValueError(f"libopus cannot encode {len(pcm)} bytes of PCM ({size})")
        return packet.raw[:size]

    def decode(self, packet: bytes, skip: int, samples: int) -> bytes:
        """The samples of a packet that count; silence of the same length if it cannot be decoded."""
        pcm = ctypes.create_string_buffer(2 * MAX_SAMPLES)
        count = self._library.opus_decode(self._decoder, packet, len(packet), pcm, MAX_SAMPLES, 0)
        decoded = pcm.raw[2 * skip : 2 * max(skip, min(count, skip + samples))]
        return decoded.ljust(2 * samples, b"\0")

    def close(self) -> None:
        """Frees both. Idempotent."""
        if self._encoder:
            self._library.opus_encoder_destroy(self._encoder)
        if self._decoder:
            self._library.opus_decoder_destroy(self._decoder)
        self._encoder = self._decoder = None

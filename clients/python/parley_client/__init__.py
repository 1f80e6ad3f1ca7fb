"""Client of Parley, a voice-conversation server for robots."""

from .actions import Action, Refused
from .audio import DeviceMicrophone, DeviceSpeaker, Microphone, Speaker, WavMicrophone, WavSpeaker
from .client import ParleyClient, ParleyError
from .opus import OpusMissing

__all__ = [
    "Action",
    "DeviceMicrophone",
    "DeviceSpeaker",
    "Microphone",
    "OpusMissing",
    "ParleyClient",
    "ParleyError",
    "Refused",
    "Speaker",
    "WavMicrophone",
    "WavSpeaker",
]

"""Messages of the protocol parley.v1. Made by scripts/python-wire.ts of Parley: do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict, Union

if TYPE_CHECKING:
    from typing_extensions import NotRequired

class ReadyAudio(TypedDict):
    inputRate: Literal[8000, 16000, 24000, 48000]
    outputRate: Literal[16000, 24000]
    codec: NotRequired[Literal["opus"]]
    preSkip: NotRequired[int]

class Ready(TypedDict):
    type: Literal["ready"]
    session: str
    epoch: int
    resumed: bool
    secret: NotRequired[str]
    audio: ReadyAudio
    input: NotRequired[Literal["text"]]
    output: NotRequired[Literal["text"]]
    actions: NotRequired[Literal["results"]]

class StateActions(TypedDict):
    id: str
    name: str

class State(TypedDict):
    type: Literal["state"]
    value: Literal["idle", "listening", "processing", "speaking", "stopped", "ended"]
    turn: int
    generation: int
    seq: int
    at: float
    actions: NotRequired[list[StateActions]]

class Speech(TypedDict):
    type: Literal["speech"]
    event: Literal["start", "stop"]
    at: float

class TranscriptRejected(TypedDict):
    nearest: str
    confidence: float
    reason: Literal["silence", "no-phrase", "unlike", "too-long", "invented"]

class TranscriptWords(TypedDict):
    text: str
    startMs: float
    endMs: float

class Transcript(TypedDict):
    type: Literal["transcript"]
    turn: int
    text: str
    final: bool
    language: NotRequired[str]
    confidence: NotRequired[float]
    rejected: NotRequired[TranscriptRejected]
    words: NotRequired[list[TranscriptWords]]

class Reply(TypedDict):
    type: Literal["reply"]
    turn: int
    generation: int
    text: str

class Emotion(TypedDict):
    type: Literal["emotion"]
    turn: int
    generation: int
    emotion: str

class ReplyEndTimings(TypedDict):
    endpoint: NotRequired[float]
    stt: NotRequired[float]
    recall: NotRequired[float]
    llmFirstToken: NotRequired[float]
    firstSegment: NotRequired[float]
    ttsFirstAudio: NotRequired[float]
    firstFrame: NotRequired[float]
    firstAudio: NotRequired[float]
    prepared: NotRequired[float]
    firstPlayed: NotRequired[float]
    filler: NotRequired[float]

class ReplyEnd(TypedDict):
    type: Literal["reply.end"]
    turn: int
    generation: int
    reason: Literal["completed", "interrupted", "failed"]
    heard: str
    timings: ReplyEndTimings
    origin: NotRequired[Literal["behaviour"]]

class Playback(TypedDict):
    type: Literal["playback"]
    generation: int
    state: Literal["playing", "ducked", "paused"]

class Flush(TypedDict):
    type: Literal["flush"]
    generation: int

class Hold(TypedDict):
    type: Literal["hold"]
    held: bool
    phrase: NotRequired[str]

class EarEcho(TypedDict):
    delayMs: NotRequired[float]
    removedDb: float
    passed: float

class Ear(TypedDict):
    type: Literal["ear"]
    at: float
    levelDb: float
    speech: float
    echo: NotRequired[EarEcho]

class Viseme(TypedDict):
    type: Literal["viseme"]
    generation: int
    at: float
    phoneme: str
    viseme: int

class Action(TypedDict):
    type: Literal["action"]
    id: str
    name: str
    args: dict[str, Any]
    status: Literal["started", "progress", "done", "cancelled", "refused", "failed"]
    key: NotRequired[str]
    runs: NotRequired[Literal["server"]]
    message: NotRequired[str]
    origin: NotRequired[Literal["behaviour"]]

class Report(TypedDict):
    type: Literal["report"]
    name: str
    data: NotRequired[dict[str, Any]]

class Notice(TypedDict):
    type: Literal["notice"]
    code: str
    message: str

class Attention(TypedDict):
    type: Literal["attention"]
    state: Literal["asleep", "window", "awake"]

class ErrorMessage(TypedDict):
    type: Literal["error"]
    code: str
    message: str
    fatal: bool
    retryAfterMs: NotRequired[float]
    server: NotRequired[str]

class HelloPlayed(TypedDict):
    generation: int
    samples: int

class HelloAudio(TypedDict):
    inputRate: NotRequired[Literal[8000, 16000, 24000, 48000]]
    outputRate: NotRequired[Literal[16000, 24000]]
    inputFormat: NotRequired[Literal["pcm16", "mulaw", "alaw"]]
    echo: NotRequired[Literal["cancelled", "present", "unknown"]]
    frameMs: NotRequired[Literal[20, 40, 60]]
    codec: NotRequired[Literal["pcm", "opus"]]
    bitrate: NotRequired[int]

class Hello(TypedDict):
    type: Literal["hello"]
    token: NotRequired[str]
    user: NotRequired[str]
    resume: NotRequired[Literal[true]]
    session: NotRequired[str]
    secret: NotRequired[str]
    epoch: NotRequired[int]
    lastSeq: NotRequired[int]
    played: NotRequired[HelloPlayed]
    audio: NotRequired[HelloAudio]
    language: NotRequired[str]
    voice: NotRequired[str]
    input: NotRequired[Literal["audio", "text"]]
    output: NotRequired[Literal["audio", "text"]]
    actions: NotRequired[Literal["results"]]
    attention: NotRequired[Literal["always", "wake", "push", "addressed"]]
    ear: NotRequired[Literal["reports"]]

class Text(TypedDict):
    type: Literal["text"]
    text: str

class HistoryEntries(TypedDict):
    role: Literal["system", "user", "assistant"]
    content: str

class History(TypedDict):
    type: Literal["history"]
    entries: list[HistoryEntries]

class Played(TypedDict):
    type: Literal["played"]
    generation: int
    samples: int

class SettingsTools(TypedDict):
    name: str
    description: str
    parameters: dict[str, Any]
    whenInterrupted: NotRequired[Literal["cancel", "finish", "replace", "detach"]]
    group: NotRequired[str]
    deadlineMs: NotRequired[int]
    policy: NotRequired[Literal["allowed", "refused", "ask"]]
    question: NotRequired[Union[str, dict[str, Any]]]

class SettingsToolChoice(TypedDict):
    name: str

class SettingsTurnDetection(TypedDict):
    mode: Literal["auto", "manual"]
    silenceMs: NotRequired[int]
    respond: NotRequired[bool]
    interrupt: NotRequired[bool]

class Settings(TypedDict):
    type: Literal["settings"]
    language: NotRequired[str]
    voice: NotRequired[str]
    instructions: NotRequired[str]
    tools: NotRequired[list[SettingsTools]]
    toolChoice: NotRequired[Union[Literal["auto", "none", "required"], SettingsToolChoice]]
    turnDetection: NotRequired[SettingsTurnDetection]

class Commit(TypedDict):
    type: Literal["commit"]

class Clear(TypedDict):
    type: Literal["clear"]

class Respond(TypedDict):
    type: Literal["respond"]
    instructions: NotRequired[str]
    say: NotRequired[str]

class ActionResult(TypedDict):
    type: Literal["action.result"]
    id: str
    status: Literal["progress", "done", "failed", "refused"]
    message: NotRequired[str]
    data: NotRequired[dict[str, Any]]

class Body(TypedDict):
    type: Literal["body"]
    moving: bool
    noise: NotRequired[float]

class Event(TypedDict):
    type: Literal["event"]
    name: str
    data: NotRequired[dict[str, Any]]

class Interrupt(TypedDict):
    type: Literal["interrupt"]

class Halt(TypedDict):
    type: Literal["halt"]

class Rearm(TypedDict):
    type: Literal["rearm"]

class Bye(TypedDict):
    type: Literal["bye"]

ServerMessage = Union[Ready, State, Speech, Transcript, Reply, Emotion, ReplyEnd, Playback, Flush, Hold, Ear, Viseme, Action, Report, Notice, Attention, ErrorMessage]

ClientMessage = Union[Text, History, Played, Settings, Commit, Clear, Respond, ActionResult, Body, Event, Interrupt, Halt, Rearm, Bye]

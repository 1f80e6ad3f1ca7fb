/** What the processes of the benchmark tell each other. All times are {@link monotonicMs}. */
import { z } from 'zod';

/** How long the fake engines take, in ms. */
export const engineDelays = z.object({
  /** Upload complete → transcript. */
  sttMs: z.number(),
  /** Request → first token. */
  llmFirstMs: z.number(),
  /** Each token after the one before. */
  llmTokenMs: z.number(),
  /** Request → first PCM. */
  ttsFirstMs: z.number(),
});
export type EngineDelays = z.infer<typeof engineDelays>;

export const sttCall = z.object({ id: z.string(), receivedMs: z.number(), answeredMs: z.number() });
export const llmCall = z.object({
  /** Of the user's words, in the last message. */
  id: z.string(),
  /** Who was asked: the first part of the path. */
  engine: z.string(),
  receivedMs: z.number(),
  /** When each of the first tokens was handed to the socket. Empty: it failed or said nothing. */
  tokensMs: z.array(z.number()),
  /** When it failed, if it was to. */
  failedMs: z.number().optional(),
  /** The client went away before the end. */
  gone: z.boolean(),
});
export const ttsCall = z.object({
  id: z.string(),
  engine: z.string(),
  text: z.string(),
  receivedMs: z.number(),
  firstMs: z.number().optional(),
  failedMs: z.number().optional(),
});
export const enginesReport = z.object({
  stt: z.array(sttCall),
  llm: z.array(llmCall),
  tts: z.array(ttsCall),
  /** When each connection was opened, and each request came. */
  connectionsMs: z.array(z.number()),
  requestsMs: z.array(z.number()),
  /** When a client went away in the midst of an answer: over HTTP/1.1 that costs the connection. */
  brokenOffMs: z.array(z.number()),
});
export type EnginesReport = z.infer<typeof enginesReport>;

/** The server's log of what its ear told: the moment at which the machine took the event. */
export const earStamp = z.object({
  session: z.string(),
  type: z.enum(['speech.start', 'speech.stop']),
  /** Index of the sample at which speech began or ended. */
  sample: z.number(),
  atMs: z.number(),
});
export type EarStamp = z.infer<typeof earStamp>;

export const usage = z.object({
  atMs: z.number(),
  /** Processor time of all threads, in ms. */
  cpuMs: z.number(),
  residentBytes: z.number(),
  /** In use after a collection, when one could be asked for. */
  heapBytes: z.number(),
});
export type Usage = z.infer<typeof usage>;

/** One reply, as its client saw it. */
export const seenReply = z.object({
  turn: z.number(),
  generation: z.number(),
  /** What the user had said, as the server understood it. */
  words: z.string(),
  /** When what the user said last had been sent to its end. */
  spokenMs: z.number().optional(),
  /** When its first text came. */
  firstTextMs: z.number().optional(),
  firstFrameMs: z.number().optional(),
  lastFrameMs: z.number().optional(),
  /** When it was paused first. */
  pausedMs: z.number().optional(),
  /** It went on after a pause. */
  resumed: z.boolean(),
  flushMs: z.number().optional(),
  endedMs: z.number().optional(),
  reason: z.string().optional(),
  /** When each frame came, by its number; not those after a pause. */
  framesMs: z.instanceof(Float64Array),
});
export type SeenReply = z.infer<typeof seenReply>;

export const clientSession = z.object({
  session: z.string(),
  /** When each 20 ms of the microphone was sent. */
  sentMs: z.instanceof(Float64Array),
  /** When what the user said each time had been sent to its end. */
  spokenMs: z.array(z.number()),
  /** When each typed text was sent, in order. */
  textsMs: z.array(z.object({ id: z.string(), atMs: z.number() })),
  replies: z.array(seenReply),
  errors: z.array(z.string()),
});
export type ClientSession = z.infer<typeof clientSession>;

export const clientsReport = z.object({
  sessions: z.array(clientSession),
  /** How late the generator itself sent: ms behind its own schedule. */
  sendLatenessMs: z.instanceof(Float64Array),
  /** When every session was under way. */
  measureFromMs: z.number(),
  endMs: z.number(),
  /** Processor time of the generator, in ms. */
  cpuMs: z.number(),
});
export type ClientsReport = z.infer<typeof clientsReport>;

/** What the sessions of a load do. */
export const loadPlan = z.object({
  url: z.string(),
  sessions: z.number(),
  /** Measured time, after `rampMs`. */
  measureMs: z.number(),
  /** The sessions begin to talk one after the other over this time. */
  rampMs: z.number(),
  /** talk: spoken turns; type: typed ones; idle: the microphone is open and nobody speaks. */
  does: z.enum(['talk', 'type', 'idle']),
  /** Of so many replies one is interrupted; 0: none is. */
  interruptEvery: z.number(),
  /** What is typed; `{id}` becomes the id of the turn. */
  typed: z.string().optional(),
  /** File of PCM16LE at 16 kHz: what is said. */
  speechFile: z.string(),
});
export type LoadPlan = z.infer<typeof loadPlan>;

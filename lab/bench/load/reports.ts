/** Messages between the benchmark's processes. All times are {@link monotonicMs}. */
import { z } from 'zod';

/** Delays of the fake engines, in ms. */
export const engineDelays = z.object({
  /** Upload complete → transcript. */
  sttMs: z.number(),
  /** Request → first token. */
  llmFirstMs: z.number(),
  /** Between two tokens. */
  llmTokenMs: z.number(),
  /** Request → first PCM. */
  ttsFirstMs: z.number(),
});
export type EngineDelays = z.infer<typeof engineDelays>;

const sttCall = z.object({ id: z.string(), receivedMs: z.number(), answeredMs: z.number() });
export const llmCall = z.object({
  /** Id of the user's words in the last message. */
  id: z.string(),
  /** The engine: the first part of the path. */
  engine: z.string(),
  receivedMs: z.number(),
  /** Time at which each of the first tokens was written to the socket. Empty if it failed or hung. */
  tokensMs: z.array(z.number()),
  /** Time of an intended failure. */
  failedMs: z.number().optional(),
  /** The client disconnected before the end. */
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
  /** Times of opened connections and of requests. */
  connectionsMs: z.array(z.number()),
  requestsMs: z.array(z.number()),
  /** Times at which a client disconnected during an answer, which closes the connection in HTTP/1.1. */
  brokenOffMs: z.array(z.number()),
});
export type EnginesReport = z.infer<typeof enginesReport>;

/** The server's log of detected speech, with the time at which the machine handled the event. */
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
  /** Memory in use after a garbage collection, if one could be triggered. */
  heapBytes: z.number(),
});
export type Usage = z.infer<typeof usage>;

/** One reply, as received by its client. */
const seenReply = z.object({
  turn: z.number(),
  generation: z.number(),
  /** The user's words as understood by the server. */
  words: z.string(),
  /** Time at which the user's last speech had been sent completely. */
  spokenMs: z.number().optional(),
  /** Arrival of its first text. */
  firstTextMs: z.number().optional(),
  firstFrameMs: z.number().optional(),
  lastFrameMs: z.number().optional(),
  /** Time of its first pause. */
  pausedMs: z.number().optional(),
  /** It resumed after a pause. */
  resumed: z.boolean(),
  flushMs: z.number().optional(),
  endedMs: z.number().optional(),
  reason: z.string().optional(),
  /** Arrival of each frame by number, without those after a pause. */
  framesMs: z.instanceof(Float64Array),
});
export type SeenReply = z.infer<typeof seenReply>;

const clientSession = z.object({
  session: z.string(),
  /** Time at which each 20 ms of the microphone was sent. */
  sentMs: z.instanceof(Float64Array),
  /** Times at which each utterance of the user had been sent completely. */
  spokenMs: z.array(z.number()),
  /** Times of the typed texts, in order. */
  textsMs: z.array(z.object({ id: z.string(), atMs: z.number() })),
  replies: z.array(seenReply),
  errors: z.array(z.string()),
});
export type ClientSession = z.infer<typeof clientSession>;

export const clientsReport = z.object({
  sessions: z.array(clientSession),
  /** Lateness of the generator behind its own schedule, ms. */
  sendLatenessMs: z.instanceof(Float64Array),
  /** Time from which all sessions were active. */
  measureFromMs: z.number(),
  endMs: z.number(),
  /** Processor time of the generator, in ms. */
  cpuMs: z.number(),
});
export type ClientsReport = z.infer<typeof clientsReport>;

/** Behaviour of a load's sessions. */
export const loadPlan = z.object({
  url: z.string(),
  sessions: z.number(),
  /** Measured time, after `rampMs`. */
  measureMs: z.number(),
  /** The sessions start distributed over this time. */
  rampMs: z.number(),
  /** talk: spoken turns; type: typed turns; idle: an open microphone without speech. */
  does: z.enum(['talk', 'type', 'idle']),
  /** One of this many replies is interrupted; 0: none. */
  interruptEvery: z.number(),
  /** Endpoint, and rate of the microphone where a client may choose it; `native`: 16 kHz. */
  client: z.enum(['native', 'native-echo-unknown', 'native-40ms', 'native-24k', 'realtime']).exactOptional(),
  /** The typed text; `{id}` becomes the id of the turn. */
  typed: z.string().optional(),
  /** File of PCM16LE at 16 kHz with the spoken words. */
  speechFile: z.string(),
});
export type LoadPlan = z.infer<typeof loadPlan>;

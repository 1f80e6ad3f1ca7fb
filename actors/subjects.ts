/** The subjects of the bus: the only place that defines their names. */

export type EngineKind = 'stt' | 'llm' | 'tts';

const ROOT = 'parley.v1';

export const subjects = {
  /**
   * PCM16LE at the pipeline rate; header `sample`: index of its first sample since the session's start. Client → VAD,
   * STT.
   */
  audioIn: (session: string) => `${ROOT}.s.${session}.audio.in`,
  /** PCM16LE frames at the output rate; headers `generation` and `seq`. Playback → gateway. */
  audioOut: (session: string) => `${ROOT}.s.${session}.audio.out`,
  /** A SessionMessage as JSON, header `type`: its type. Session → gateway. */
  out: (session: string) => `${ROOT}.s.${session}.out`,
  /** Each journaled event, for observers. */
  ev: (session: string) => `${ROOT}.s.${session}.ev`,
  /** The message `ear` as JSON, while it has a subscriber. */
  ear: (session: string) => `${ROOT}.s.${session}.ear`,
  /** A client message other than hello, as JSON, from any authorised peer. */
  cmd: (session: string) => `${ROOT}.s.${session}.cmd`,
  /** Which processes ask for which of the copies (audio, messages and events of a session), repeated every few seconds. */
  interest: `${ROOT}.interest`,
  /** A request to an engine, in the queue group of its kind; results go to the request's inbox. */
  work: (kind: EngineKind, engine: string) => `${ROOT}.work.${kind}.${engine}`,
  /** `{generation}`: workers abort all requests of that generation or older. */
  cancel: (session: string) => `${ROOT}.cancel.${session}`,
  cancelOfAll: `${ROOT}.cancel.*`,
  /** What the engines of a worker did lately, for one server's figures. Worker → servers, in a queue group. */
  engineCounts: `${ROOT}.engines`,
  /** What a server says of itself once a second: address, sessions, load. Server → servers. */
  server: (server: string) => `${ROOT}.server.${server}`,
  /** What one inspector wants to see, repeated every few seconds. Inspector → servers. */
  inspectWatch: `${ROOT}.inspect.watch`,
  /** A server's live sessions, while an inspector watches them. */
  inspectPresence: `${ROOT}.inspect.presence`,
  /** A request about a session, to the server that runs it. */
  inspectAsk: (server: string) => `${ROOT}.inspect.ask.${server}`,
  /** Events of a session, while an inspector watches it; header `type` as in the message. */
  inspectFeed: (session: string) => `${ROOT}.inspect.feed.${session}`,
} as const;

const OWN_WORK = /^parley\.v1\.work\.[^.]+\.[^.]*@[^.]*$/;
const COPY = /^parley\.v1\.s\.[^.]+\.(?:audio\.in|audio\.out|out|ev|ear)$/;

/** Whether `subject` carries a copy for observers, which is only made for those who asked. */
export function isCopy(subject: string): boolean {
  return COPY.test(subject);
}

/** Name on the bus of an engine that only the process with the id `process` asks. */
export function ownEngine(name: string, process: string): string {
  return `${name}@${process}`;
}

/** Whether `subject` asks an engine of this process: `ownEngine` names it. */
export function isOwnWork(subject: string): boolean {
  return OWN_WORK.test(subject);
}

/** The queue group that shares the requests to an engine. */
export function queueOf(kind: EngineKind, engine: string): string {
  return `${kind}-${engine}`;
}

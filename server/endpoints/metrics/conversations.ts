import { FRAME_MS, samplesPerFrame } from '../../../machines/audio.ts';
import type { LogEntry } from '../../../machines/log.ts';
import { PUBLIC_STATES, type PublicState, type SessionMessage, WIRE_LIMITS } from '../../../machines/wire.ts';
import type { Recorded } from './definitions.ts';

/** One of this many frames is measured: 100 ms of a reply. */
const SAMPLED = 5;
/** Samples of 20 ms at the highest rate; a client may ask for frames of two or three times that. */
const SHORT_FRAME = samplesPerFrame(24_000);

/** Measurement state of a session. */
interface Watched {
  state: PublicState;
  /** The session's time 0 on our clock: the earliest value consistent with its entries. */
  originMs: number;
  /** Session time of the event that caused the current barge-in. */
  bargeInAtMs: number | undefined;
  generation: number;
  /** The reference frame of the pacing, and when it was sent. */
  pacedSeq: number;
  pacedAtMs: number;
  /** Maximum lead of later frames over real time: 200 ms at the start of a reply, then that of the reference frame. */
  leadMs: number;
}

/** Measures conversations by their log. Costs a look-up per entry, and an observation per fifth frame. */
export class Conversations {
  readonly #recorded: Recorded;
  readonly #nowMs: () => number;
  readonly #sessions = new Map<string, Watched>();

  /** `nowMs` is the sessions' clock. */
  constructor(recorded: Recorded, nowMs: () => number) {
    this.#recorded = recorded;
    this.#nowMs = nowMs;
  }

  /** Number of sessions in each public state. */
  byState(): [PublicState, number][] {
    const counts = new Map<PublicState, number>(PUBLIC_STATES.map((state) => [state, 0]));
    for (const { state } of this.#sessions.values()) counts.set(state, (counts.get(state) ?? 0) + 1);
    return [...counts];
  }

  /** Removes a session that has ended. */
  forget(session: string): void {
    this.#sessions.delete(session);
  }

  onLog(session: string, entry: LogEntry): void {
    switch (entry.type) {
      case 'frame':
        if (entry.seq % SAMPLED === 0) this.#onFrame(this.#watched(session, entry.atMs), entry);
        return;
      case 'event':
        this.#onEvent(this.#watched(session, entry.atMs), entry);
        return;
      case 'command':
        if (entry.command.type === 'publish')
          this.#onMessage(this.#watched(session, entry.atMs), entry.command.message);
        return;
      case 'stale':
        this.#recorded.stale.inc();
        return;
      case 'child.start':
      case 'child.end':
        return;
    }
  }

  #watched(session: string, atMs: number): Watched {
    const originMs = this.#nowMs() - atMs;
    let watched = this.#sessions.get(session);
    if (!watched) {
      watched = {
        state: 'idle',
        originMs,
        bargeInAtMs: undefined,
        generation: -1,
        pacedSeq: 0,
        pacedAtMs: 0,
        leadMs: 0,
      };
      this.#sessions.set(session, watched);
    }
    watched.originMs = Math.min(watched.originMs, originMs);
    return watched;
  }

  #onEvent(watched: Watched, { event, atMs }: Extract<LogEntry, { type: 'event' }>): void {
    watched.bargeInAtMs = undefined;
    if (event.type !== 'speech.start') return;
    this.#recorded.notice.observe(event.ageMs / 1_000);
    if (watched.state === 'speaking') watched.bargeInAtMs = atMs;
  }

  #onMessage(watched: Watched, message: SessionMessage): void {
    switch (message.type) {
      case 'state':
        watched.state = message.value;
        return;
      case 'playback':
        // Paused or resumed: pacing restarts.
        watched.generation = -1;
        if (message.state === 'paused') this.#onSilenced(watched);
        return;
      case 'flush':
        this.#onSilenced(watched);
        return;
      case 'error':
        this.#recorded.errors.inc({ code: message.code });
        return;
      case 'reply.end':
        this.#recorded.turns.inc({ reason: message.reason });
        for (const [stage, ms] of Object.entries(message.timings))
          if (typeof ms === 'number') this.#recorded.stages.observe({ stage }, ms / 1_000);
        return;
      default:
        return;
    }
  }

  #onSilenced(watched: Watched): void {
    if (watched.bargeInAtMs === undefined) return;
    const sinceMs = this.#nowMs() - (watched.originMs + watched.bargeInAtMs);
    this.#recorded.bargeIn.observe(Math.max(0, sinceMs) / 1_000);
    watched.bargeInAtMs = undefined;
  }

  #onFrame(watched: Watched, { atMs, generation, seq, samples }: Extract<LogEntry, { type: 'frame' }>): void {
    const frameMs = Math.max(1, Math.ceil(samples / SHORT_FRAME)) * FRAME_MS;
    if (generation !== watched.generation) {
      watched.generation = generation;
      watched.pacedSeq = seq;
      watched.pacedAtMs = atMs;
      watched.leadMs = seq === 0 ? WIRE_LIMITS.sendAheadMs - frameMs : 0;
    }
    const inMs = Math.max(0, (seq - watched.pacedSeq) * frameMs - watched.leadMs);
    const lateMs = Math.max(0, atMs - (watched.pacedAtMs + inMs));
    this.#recorded.lateness.observe(lateMs / 1_000);
    // Buffer underrun at the client: its lead is used up, so pacing restarts here.
    if (lateMs > WIRE_LIMITS.sendAheadMs) watched.generation = -1;
  }
}

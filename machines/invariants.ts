import type { LogEntry } from './log.ts';
import { type ChildKind, REPLY_CHILDREN } from './session/events.ts';
import type { PublicState, SessionMessage } from './wire.ts';

export interface Violation {
  /** Number of the invariant in docs/design.md. */
  readonly invariant: number;
  readonly what: string;
  readonly entry: LogEntry | null;
}

/**
 * Watches one session's ordered log and says which invariants of the design it breaks. `observe` is cheap enough for
 * production; `end` says what was still owed when the log stopped. Invariant 10 is checked by replay.
 */
export class InvariantMonitor {
  readonly violations: Violation[] = [];
  #state: PublicState = 'idle';
  #flushed = 0;
  /** Generation of the newest reply. */
  #generation = 0;
  #nextFrame = 0;
  readonly #alive = new Map<string, ChildKind>();
  readonly #ended = new Set<string>();
  readonly #begun = new Set<number>();
  readonly #closed = new Set<number>();
  /** Text and samples sent, of the reply in progress. */
  #replyText = '';
  #sentSamples = 0;

  observe(entry: LogEntry): void {
    switch (entry.type) {
      case 'event':
        // The commands of the last event have been carried out by now.
        this.#checkRest(entry);
        this.#state = entry.state;
        return;
      case 'stale':
        if (this.#alive.has(entry.child))
          this.#break(7, `an event of the living child ${entry.child} was called stale`, entry);
        return;
      case 'command':
        if (entry.command.type === 'publish') this.#message(entry.command.message, entry);
        return;
      case 'child.start':
        this.#childStart(entry);
        return;
      case 'child.end':
        this.#childEnd(entry);
        return;
      case 'frame':
        this.#frame(entry);
        return;
    }
  }

  /** The log is over: what should have come by now and did not. */
  end(): readonly Violation[] {
    this.#checkRest(null);
    for (const name of this.#alive.keys())
      if (this.#state === 'ended') this.#break(4, `${name} outlived its session`, null);
    if (this.#state === 'idle' || this.#state === 'stopped' || this.#state === 'ended') {
      for (const generation of this.#begun)
        if (!this.#closed.has(generation)) this.#break(6, `generation ${generation} never ended`, null);
    }
    return this.violations;
  }

  #childStart(entry: LogEntry & { type: 'child.start' }): void {
    const { child, kind, generation } = entry;
    if (this.#alive.has(child) || this.#ended.has(child)) this.#break(4, `${child} was started twice`, entry);
    if ([...this.#alive.values()].includes(kind)) this.#break(3, `a second ${kind} was started`, entry);
    this.#alive.set(child, kind);
    if (kind === 'playback') this.#beginGeneration(generation, entry);
  }

  #beginGeneration(generation: number, entry: LogEntry): void {
    if (generation <= this.#generation)
      this.#break(7, `generation ${generation} came after ${this.#generation}`, entry);
    this.#generation = generation;
    this.#begun.add(generation);
    this.#nextFrame = 0;
    this.#replyText = '';
    this.#sentSamples = 0;
  }

  #childEnd(entry: LogEntry & { type: 'child.end' }): void {
    if (!this.#alive.delete(entry.child)) this.#break(4, `${entry.child} ended without living`, entry);
    this.#ended.add(entry.child);
  }

  #frame(entry: LogEntry & { type: 'frame' }): void {
    const { generation, seq } = entry;
    if (generation <= this.#flushed)
      this.#break(1, `a frame of generation ${generation} came after its flush`, entry);
    if (generation !== this.#generation)
      this.#break(3, `generation ${generation} sounds while ${this.#generation} is the reply`, entry);
    else if (seq !== this.#nextFrame)
      this.#break(2, `frame ${seq} came where ${this.#nextFrame} was due`, entry);
    if (this.#closed.has(generation))
      this.#break(1, `a frame of generation ${generation} came after its end`, entry);
    if (this.#state === 'stopped') this.#break(9, 'a frame was sent in emergency stop', entry);
    this.#nextFrame = seq + 1;
    this.#sentSamples += entry.samples;
  }

  #message(message: SessionMessage, entry: LogEntry): void {
    switch (message.type) {
      case 'flush':
        this.#flushed = Math.max(this.#flushed, message.generation);
        return;
      case 'reply':
        if (message.generation === this.#generation) this.#replyText += message.text;
        return;
      case 'reply.end':
        this.#replyEnd(message, entry);
        return;
      case 'action':
        if (message.status === 'started' && this.#state === 'stopped')
          this.#break(9, `action ${message.name} was started in emergency stop`, entry);
        return;
      default:
        return;
    }
  }

  #replyEnd(message: SessionMessage & { type: 'reply.end' }, entry: LogEntry): void {
    const { generation, heard, reason } = message;
    if (this.#closed.has(generation)) this.#break(8, `generation ${generation} ended twice`, entry);
    this.#closed.add(generation);
    if (generation !== this.#generation) return; // interrupted before anything of it began
    const text = this.#replyText.trim();
    if (!text.startsWith(heard)) this.#break(5, 'what was heard is not the beginning of the reply', entry);
    if (heard !== '' && this.#sentSamples === 0)
      this.#break(5, 'words count as heard, but no audio was sent', entry);
    if (reason === 'completed' && heard !== text)
      this.#break(5, 'a completed reply was not heard to its end', entry);
  }

  /** What must hold between two events. */
  #checkRest(entry: LogEntry | null): void {
    if (this.#state !== 'idle' && this.#state !== 'stopped' && this.#state !== 'ended') return;
    for (const [name, kind] of this.#alive) {
      if (REPLY_CHILDREN.some((one) => one === kind))
        this.#break(4, `${name} lives in ${this.#state}`, entry);
    }
  }

  #break(invariant: number, what: string, entry: LogEntry | null): void {
    this.violations.push({ invariant, what, entry });
  }
}

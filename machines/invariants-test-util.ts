import { InvariantMonitor, type MonitorOptions } from './invariants.ts';
import type { KernelEvent } from './kernel.ts';
import type { EventSource, LogEntry } from './log.ts';
import type { ChildKind } from './session/children.ts';
import type { Command } from './session/commands.ts';
import type { ListenerSample } from './session/model.ts';
import { PacedPosition } from './session/reply/heard-check.ts';
import type { ActionStatus, EndReason, PublicState, SessionMessage } from './wire.ts';

export const FRAME = 480;
export const TEXT = 'One two three four.';

/** A log written entry by entry, as the runner does; each frame advances `atMs` by 20. */
export class Log {
  readonly entries: LogEntry[] = [];
  #seq = 0;
  #atMs = 0;
  #reply: { readonly generation: number; readonly position: PacedPosition } | undefined;
  #acknowledged: number | undefined;

  event(
    happened: KernelEvent,
    state: PublicState,
    source: EventSource = 'client',
    listener?: ListenerSample,
  ): this {
    const event = { ...happened, ...(listener ? { listener } : this.#sample()) };
    return this.#add({ type: 'event', seq: ++this.#seq, atMs: this.#atMs, source, event, state });
  }

  /** Played samples reported by the client from now on. */
  acknowledges(samples: number): this {
    this.#acknowledged = samples;
    return this;
  }

  /** The listener's position as the runner would sample it. */
  #sample(): Pick<KernelEvent, 'listener'> {
    if (!this.#reply) return {};
    const { generation, position } = this.#reply;
    if (position.sent === 0) return {};
    const paced = Math.min(position.sent, position.at(this.#atMs));
    const played = this.#acknowledged === undefined ? { played: paced } : this.#byClient(position.sent);
    return { listener: { generation, sent: position.sent, heard: 0, ...played } };
  }

  #byClient(sent: number): { readonly played: number; readonly acknowledged: true } {
    return { played: Math.min(sent, this.#acknowledged ?? 0), acknowledged: true };
  }

  command(command: Command): this {
    return this.#add({ type: 'command', seq: this.#seq, atMs: this.#atMs, command });
  }

  publish(message: SessionMessage): this {
    return this.command({ type: 'publish', message });
  }

  start(kind: ChildKind, generation = 1): this {
    return this.#child(kind, generation, { type: 'child.start' });
  }

  stop(kind: ChildKind, generation = 1, how: 'done' | 'error' | 'cancelled' = 'cancelled'): this {
    return this.#child(kind, generation, { type: 'child.end', how });
  }

  #child(
    kind: ChildKind,
    generation: number,
    life: { type: 'child.start' } | { type: 'child.end'; how: 'done' | 'error' | 'cancelled' },
  ): this {
    return this.#add({ atMs: this.#atMs, child: `s/1/${kind}/${generation}`, kind, generation, ...life });
  }

  stale(child: string): this {
    return this.#add({
      type: 'stale',
      atMs: this.#atMs,
      child,
      generation: 1,
      event: { type: 'playout.started' },
    });
  }

  frames(from: number, to: number, generation = 1, samples = FRAME): this {
    for (let seq = from; seq < to; seq++) {
      this.#add({ type: 'frame', atMs: this.#atMs, generation, seq, samples });
      this.#reply?.position.frame(this.#atMs, samples);
      this.#atMs += 20;
    }
    return this;
  }

  pass(ms: number): this {
    this.#atMs += ms;
    return this;
  }

  paused(on: boolean, generation = 1): this {
    this.#reply?.position.setPaused(this.#atMs, on);
    return this.publish({ type: 'playback', generation, state: on ? 'paused' : 'playing' });
  }

  /** The two entries that belong together when a reply is interrupted. */
  flush(generation = 1): this {
    return this.command({ type: 'cancelWork', generation }).publish({ type: 'flush', generation });
  }

  /** A reply that the user ends: its children stop. */
  interrupt(): this {
    return this.event({ type: 'interrupt' }, 'idle').stopAll();
  }

  /** The same with everything that must follow. */
  interrupted(heard: string): this {
    return this.interrupt().flush().end(heard);
  }

  speech(state: PublicState): this {
    return this.event({ type: 'speech.start', sample: 0, ageMs: 0 }, state, 'ear');
  }

  typed(): this {
    return this.event({ type: 'text', text: 'x' }, 'processing');
  }

  rearm(state: PublicState): this {
    return this.event({ type: 'rearm' }, state);
  }

  halt(): this {
    return this.event({ type: 'halt' }, 'stopped');
  }

  end(heard: string, reason: EndReason = 'interrupted', generation = 1): this {
    this.#reply = undefined;
    return this.publish({ type: 'reply.end', turn: 1, generation, reason, heard, timings: {} });
  }

  action(status: ActionStatus, name = 'wave'): this {
    return this.publish({ type: 'action', id: name, name, args: {}, status });
  }

  /** A call begins outside. */
  begins(id = 'wave'): this {
    return this.#add({ type: 'action.start', atMs: this.#atMs, id });
  }

  /** A reply of four words in 1,900 ms, 100 ms per letter, completely synthesised. */
  reply(generation = 1): this {
    return this.open(generation).text(generation);
  }

  /** The same after a filler of 20 frames. */
  filledReply(generation = 1): this {
    return this.open(generation)
      .event({ type: 'filler.audio', samples: 20 * FRAME }, 'processing', 'tts')
      .frames(0, 20, generation)
      .text(generation);
  }

  open(generation: number): this {
    this.event({ type: 'text', text: 'count' }, 'processing')
      .start('tts', generation)
      .start('playback', generation)
      .publish({ type: 'state', value: 'processing', turn: 1, generation, seq: 1, at: 0 });
    this.#reply = { generation, position: new PacedPosition(24_000) };
    return this;
  }

  text(generation: number): this {
    const words = [0, 4, 8, 14].map((offset) => ({ offset, sample: offset * 2_400 }));
    return this.publish({ type: 'reply', turn: 1, generation, text: TEXT })
      .command({ type: 'send', child: 'tts', message: { type: 'segment', segment: 0, text: TEXT } })
      .event({ type: 'segment.ready', segment: 0, samples: 45_600, words }, 'speaking', 'tts');
  }

  stopAll(generation = 1): this {
    return this.stop('tts', generation).stop('playback', generation);
  }

  /** The end of the session, at which the monitor checks for missing entries. */
  over(): this {
    return this.event({ type: 'bye' }, 'ended');
  }

  #add(entry: LogEntry): this {
    this.entries.push(entry);
    return this;
  }
}

/** Numbers of the invariants that a log breaks. */
export function broken(log: Log, options?: MonitorOptions): number[] {
  const monitor = new InvariantMonitor(options);
  for (const entry of log.entries) monitor.observe(entry);
  return monitor.end().map(({ invariant }) => invariant);
}

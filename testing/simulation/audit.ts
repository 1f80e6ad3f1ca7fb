import { type InvariantMonitor, sessionMonitor } from '../../machines/invariants.ts';
import type { LogEntry } from '../../machines/log.ts';
import type { SessionParameters } from '../../machines/parameters.ts';
import type { SessionInput } from '../../machines/session/model.ts';
import type { EndReason, Modality, PublicState } from '../../machines/wire.ts';
import { replayLog } from '../replay-log.ts';
import type { LogHash } from './log-hash.ts';
import type { Finding } from './seed.ts';
import type { Sometimes } from './sometimes.ts';
import { SometimesWatch } from './sometimes-watch.ts';

/** What all sessions of a seed are checked against. */
export interface AuditOptions {
  readonly parameters: SessionParameters;
  readonly hash: LogHash;
  /** What the client sends; audio. */
  readonly hears?: Modality;
  readonly found: (finding: Finding) => void;
  readonly reached: (name: Sometimes) => void;
  readonly onReplyEnd?: (end: { readonly reason: EndReason; readonly heard: string }) => void;
  readonly onLog?: (session: string, entry: LogEntry) => void;
}

/**
 * Checks one session's ordered log as it is written: every invariant at every entry, and at the end that a fresh kernel
 * makes the same decisions. Every entry goes into the hash of the seed.
 */
export class Audit {
  #log: LogEntry[] = [];
  readonly #session: string;
  readonly #input: SessionInput;
  readonly #options: AuditOptions;
  #monitor: InvariantMonitor;
  readonly #watch: SometimesWatch;
  #seq = 0;
  #seen = 0;
  #events = 0;
  #state: PublicState = 'idle';

  constructor(session: string, input: SessionInput, options: AuditOptions) {
    this.#session = session;
    this.#input = input;
    this.#options = options;
    this.#monitor = sessionMonitor(options.parameters, input, options.hears);
    this.#watch = new SometimesWatch(options.reached, input.attention);
  }

  get events(): number {
    return this.#events;
  }

  /** After the last event. */
  get state(): PublicState {
    return this.#state;
  }

  observe(entry: LogEntry): void {
    const { onLog, hash, onReplyEnd } = this.#options;
    this.#log.push(entry);
    onLog?.(this.#session, entry);
    hash.add(entry);
    this.#watch.observe(entry);
    this.#monitor.observe(entry);
    this.#report();
    if (entry.type === 'event') {
      this.#events += 1;
      this.#seq = entry.seq;
      this.#state = entry.state;
    } else if (
      entry.type === 'command' &&
      entry.command.type === 'publish' &&
      entry.command.message.type === 'reply.end'
    )
      onReplyEnd?.(entry.command.message);
  }

  /** Another process continues the session after this log. Its frames are not exact, so it is not judged again. */
  resume(before: readonly LogEntry[]): void {
    const { parameters, hears } = this.#options;
    this.#log = [...before];
    this.#monitor = sessionMonitor(parameters, this.#input, hears);
    for (const entry of before) this.#monitor.observe(entry);
    this.#seen = this.#monitor.violations.length;
  }

  /** Ends the log. */
  end(): void {
    this.#monitor.end();
    this.#report();
    const divergence = replayLog(this.#log, this.#options.parameters, this.#input);
    if (divergence)
      this.#find('replay', `at ${divergence.seq}: ${divergence.expected} became ${divergence.actual}`);
  }

  #report(): void {
    const { violations } = this.#monitor;
    for (; this.#seen < violations.length; this.#seen++) {
      const violation = violations[this.#seen];
      if (violation) this.#find(`invariant ${violation.invariant}`, violation.what);
    }
  }

  #find(by: Finding['by'], what: string): void {
    this.#options.found({ by, what, session: this.#session, seq: this.#seq });
  }
}

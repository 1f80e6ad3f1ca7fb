import { InvariantMonitor } from '../../machines/invariants.ts';
import type { LogEntry } from '../../machines/log.ts';
import { brief } from '../../machines/oracle/brief.ts';
import { Oracle } from '../../machines/oracle.ts';
import type { SessionParameters } from '../../machines/parameters.ts';
import { replayLog } from '../../machines/replay.ts';
import type { SessionInput } from '../../machines/session/context.ts';
import type { SessionMachine } from '../../machines/session/machine.ts';
import type { EndReason } from '../../machines/wire.ts';
import type { Finding } from './findings.ts';
import type { LogHash } from './log-hash.ts';
import { type Sometimes, SometimesWatch } from './sometimes.ts';

/** What all sessions of a seed are checked with. */
export interface AuditOptions {
  readonly machine: SessionMachine;
  readonly parameters: SessionParameters;
  readonly hash: LogHash;
  readonly found: (finding: Finding) => void;
  readonly reached: (name: Sometimes) => void;
  readonly onReplyEnd?: (end: { readonly reason: EndReason; readonly heard: string }) => void;
  readonly onLog?: (session: string, entry: LogEntry) => void;
  /** Keeps the log and replays it at the end by a fresh kernel. */
  readonly replays: boolean;
}

/**
 * Checks one session's ordered log as it is written: every invariant at every entry, the oracle at every step, and at
 * the end that a fresh kernel decides the same. Everything goes into the hash of the seed.
 */
export class Audit {
  readonly log: LogEntry[] = [];
  readonly oracle: Oracle;
  readonly #session: string;
  readonly #input: SessionInput;
  readonly #options: AuditOptions;
  readonly #monitor: InvariantMonitor;
  readonly #watch: SometimesWatch;
  #expected: readonly string[];
  #compared = 0;
  #seq = 0;
  #seen = 0;
  #events = 0;

  constructor(session: string, input: SessionInput, options: AuditOptions) {
    this.#session = session;
    this.#input = input;
    this.#options = options;
    this.#monitor = new InvariantMonitor({
      outputRate: input.outputRate,
      allowedActions: options.parameters.actions.allow,
    });
    this.oracle = new Oracle(options.parameters, input);
    this.#expected = this.oracle.start();
    this.#watch = new SometimesWatch(options.reached);
  }

  get events(): number {
    return this.#events;
  }

  observe(entry: LogEntry): void {
    const { replays, onLog, hash } = this.#options;
    if (replays) this.log.push(entry);
    onLog?.(this.#session, entry);
    hash.add(entry);
    this.#watch.observe(entry);
    this.#monitor.observe(entry);
    this.#report();
    if (entry.type === 'event') {
      this.#closeStep();
      this.#events += 1;
      this.#seq = entry.seq;
      this.#expected = this.oracle.step(entry.event, entry.atMs);
      this.#compared = 0;
      if (this.oracle.state !== entry.state)
        this.#find(
          'oracle',
          `after ${entry.event.type} the oracle is ${this.oracle.state}, the kernel ${entry.state}`,
        );
    } else if (entry.type === 'command') {
      const expected = this.#expected[this.#compared++] ?? 'nothing more';
      const actual = brief(entry.command);
      if (entry.command.type === 'publish' && entry.command.message.type === 'reply.end')
        this.#options.onReplyEnd?.(entry.command.message);
      if (expected !== actual)
        this.#find('oracle', `the oracle expects: ${expected}; the kernel asks: ${actual}`);
    }
  }

  /** The log is over. */
  end(): void {
    this.#closeStep();
    this.#monitor.end();
    this.#report();
    const { machine, replays } = this.#options;
    if (!replays) return;
    const divergence = replayLog(this.log, machine, this.#input);
    if (divergence)
      this.#find('replay', `at ${divergence.seq}: ${divergence.expected} became ${divergence.actual}`);
  }

  #closeStep(): void {
    if (this.#compared < this.#expected.length)
      this.#find('oracle', `the oracle expects besides: ${this.#expected.slice(this.#compared).join('; ')}`);
    this.#compared = this.#expected.length;
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

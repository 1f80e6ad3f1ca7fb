import type { KernelStart, Timer } from '../kernel.ts';
import type { SessionParameters } from '../parameters.ts';
import type { Command } from '../session/commands.ts';
import { initialContext } from '../session/context.ts';
import type { SessionContext, SessionInput } from '../session/model.ts';
import { sessionValue } from '../session/regions.ts';
import type { JournalHeader, JournalRecord } from './record.ts';
import { type KernelState, RecordedState } from './state.ts';

/** A record after which no child ran: its kernel is the recorded state and the delays that were set. */
export interface Quiet {
  readonly record: JournalRecord;
  readonly start: KernelStart;
  /** The same with the members of the context in the order in which they were recorded. */
  readonly state: KernelState;
}

const CONTEXT = 'context.';
/** Members of the context that are null while nothing is under way. */
const NOTHING: readonly (keyof SessionContext)[] = ['utterance', 'pending', 'speculation', 'reply'];

/**
 * Reads a journal's records and keeps the newest at which the session was quiet. A kernel can begin there without a
 * replay of what came before.
 */
export class QuietMoments {
  readonly #input: SessionInput;
  readonly #parameters: SessionParameters;
  readonly #state = new RecordedState();
  #timers: Timer[] = [];
  #newest:
    | (Pick<Quiet, 'record'> & {
        readonly state: RecordedState;
        readonly timers: readonly Timer[];
      })
    | undefined;

  constructor({ input, parameters }: Pick<JournalHeader, 'input' | 'parameters'>) {
    this.#input = input;
    this.#parameters = parameters;
  }

  /** Takes the next record, with its commands parsed. Throws on an invalid change. */
  note(record: JournalRecord, commands: readonly Command[]): void {
    if (record.stale) return;
    this.#state.apply(record.change);
    if (record.source === 'timer' && (this.#timers[0]?.dueMs ?? Infinity) <= record.t) this.#timers.shift();
    for (const command of commands) {
      if (command.type === 'delay') this.#delay(command.id, record.t + command.delayMs);
      else if (command.type === 'cancelDelay')
        this.#timers = this.#timers.filter(({ id }) => id !== command.id);
    }
    if (!record.change.includes('"value"') || !this.#quiet()) return;
    this.#newest = { record, state: this.#state.copy(), timers: [...this.#timers] };
  }

  /** The state of the conversation so far, as JSON. */
  get value(): string {
    return this.#state.part('value') ?? 'null';
  }

  /** Undefined if there was none. */
  newest(): Quiet | undefined {
    if (!this.#newest) return undefined;
    const { record, state, timers } = this.#newest;
    const parsed = (name: string) => JSON.parse(state.part(name) ?? 'null') ?? undefined;
    const context: Record<string, unknown> = {};
    for (const [name, text] of state.texts)
      if (name.startsWith(CONTEXT)) context[name.slice(CONTEXT.length)] = JSON.parse(text);
    const value = parsed('value');
    const regions = parsed('regions');
    const behaviour = parsed('behaviour');
    const start = {
      ...{ seq: record.seq, timers, value: sessionValue(value, regions) },
      ...(behaviour !== undefined && { behaviour }),
      // As a kernel wrote it; the chain of hashes guarantees it.
      context: {
        ...initialContext(this.#input, this.#parameters),
        ...context,
        input: this.#input,
        nowMs: record.t,
      },
    };
    return { record, state: { value, regions, ended: false, behaviour, context }, start };
  }

  #quiet(): boolean {
    const lasting = this.#state.part('context.lasting');
    const discarded = this.#state.part('context.discarded');
    return (
      this.value === '"idle"' &&
      NOTHING.every((name) => this.#state.part(`context.${name}`) === 'null') &&
      (lasting === undefined || lasting.includes('"running":[]')) &&
      (discarded === undefined || discarded.includes('"waiting":[]'))
    );
  }

  #delay(id: string, dueMs: number): void {
    const at = this.#timers.findIndex((other) => other.dueMs > dueMs);
    const timer = { id, dueMs, event: { type: id as Timer['event']['type'] } };
    this.#timers.splice(at < 0 ? this.#timers.length : at, 0, timer);
  }
}

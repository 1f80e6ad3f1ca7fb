import type { JsonObject } from '../../../machines/json.ts';
import { type ActionReport, WIRE_LIMITS } from '../../../machines/wire.ts';
import type { Heard } from './messages.ts';

/** Thrown by an action's handler that will not do what was asked: the result is `refused` instead of `failed`. */
export class Refused extends Error {}

export interface ActionCall {
  readonly id: string;
  readonly name: string;
  /** Aborts when the action must end now: an interruption, the voice stop, its deadline, or, unless the action may outlive its reply, a lost connection. */
  readonly signal: AbortSignal;
  /**
   * Resolves when the robot may move: at once, or, while the server suspects a voice stop (`hold`), when it was none. An action that
   * waits here between its steps stands still meanwhile. Rejects when the action must end.
   */
  mayMove(): Promise<void>;
  /** Reports how far it is; any number of times. */
  progress(message?: string, data?: JsonObject): void;
}

/** Carries out an action. Returns what is reported with `done`: a message, data or nothing. What it throws is its failure. */
export type ActionHandler = (args: JsonObject, call: ActionCall) => ActionResult | Promise<ActionResult>;
// biome-ignore lint/suspicious/noConfusingVoidType: a handler without a result
export type ActionResult = string | JsonObject | undefined | void;

type ActionMessage = Extract<Heard, { type: 'action' }>;

/**
 * Gives the server's actions to their handlers, and the server their results. Actions that may outlive their reply go on while
 * the connection is lost, and are reported again when it is back.
 */
export class Actions {
  readonly #handlers = new Map<string, ActionHandler>();
  readonly #running = new Map<string, AbortController>();
  readonly #report: (id: string, report: ActionReport) => void;
  /** Ids that the server lists beside the conversation. */
  #lasting: ReadonlySet<string> = new Set();
  /** Ends of these that the server has not confirmed. */
  readonly #ended = new Map<string, ActionReport>();
  /** The session came back once: the server may wait for a report of an action whose start arrives only now. */
  #cameBack = false;
  /** Present while the robot must stand still. */
  #held: Hold | undefined;

  constructor(report: (id: string, report: ActionReport) => void) {
    this.#report = report;
  }

  /** True if there is any handler: the server then waits for results. */
  get handled(): boolean {
    return this.#handlers.size > 0;
  }

  handle(name: string, handler: ActionHandler): void {
    this.#handlers.set(name, handler);
  }

  receive(message: ActionMessage): void {
    if (message.runs) return;
    if (message.status === 'started') void this.#run(message);
    else if (message.status !== 'progress') {
      this.#ended.delete(message.id);
      this.#abort(message.id);
    }
  }

  /** The server says which actions may outlive their reply. */
  listLasting(actions: readonly { readonly id: string }[] = []): void {
    this.#lasting = new Set(actions.map(({ id }) => id));
  }

  /** The connection is lost. Actions that end with their reply have ended at the server. */
  lost(): void {
    // A voice stop was suspected, and no verdict will arrive.
    if (this.#held) this.abortAll();
    for (const id of [...this.#running.keys()]) if (!this.#lasting.has(id)) this.#abort(id);
  }

  /** The session is back: it learns what still runs and what has ended. */
  resumed(): void {
    this.#cameBack = true;
    for (const [id, report] of this.#ended) this.#report(id, report);
    for (const id of this.#running.keys()) this.#report(id, { status: 'progress' });
  }

  /** A voice stop is suspected, or was none. */
  hold(held: boolean): void {
    if (held) this.#held ??= newHold();
    else {
      this.#held?.resolve();
      this.#held = undefined;
    }
  }

  abortAll(): void {
    this.hold(false);
    this.#ended.clear();
    for (const id of [...this.#running.keys()]) this.#abort(id);
  }

  #abort(id: string): void {
    this.#running.get(id)?.abort();
    this.#running.delete(id);
  }

  async #run({ id, name, args }: ActionMessage): Promise<void> {
    const handler = this.#handlers.get(name) ?? this.#handlers.get('*');
    if (!handler)
      return this.#report(id, { status: 'refused', message: `this client has no handler for ${name}` });
    const abort = new AbortController();
    const { signal } = abort;
    this.#running.set(id, abort);
    const report = (result: ActionReport) => {
      if (!signal.aborted) this.#report(id, result);
    };
    const progress = (message?: string, data?: JsonObject) =>
      report({ status: 'progress', ...(message !== undefined && { message }), ...(data && { data }) });
    if (this.#cameBack && this.#lasting.has(id)) progress();
    const mayMove = async () => {
      const { promise } = this.#held ?? {};
      if (promise) await Promise.race([promise, aborted(signal)]);
      signal.throwIfAborted();
    };
    const result = await outcome(() => handler(args, { id, name, signal, mayMove, progress }));
    if (this.#lasting.has(id) && !signal.aborted) this.#ended.set(id, result);
    report(result);
    if (this.#running.get(id) === abort) this.#running.delete(id);
  }
}

interface Hold {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

function newHold(): Hold {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

async function outcome(carryOut: () => ActionResult | Promise<ActionResult>): Promise<ActionReport> {
  try {
    const result = await carryOut();
    if (typeof result === 'string') return { status: 'done', message: shortened(result) };
    if (!result) return { status: 'done' };
    const { length } = JSON.stringify(result);
    if (length > WIRE_LIMITS.resultData)
      throw new RangeError(
        `the result has ${length} characters of JSON; at most ${WIRE_LIMITS.resultData} fit`,
      );
    return { status: 'done', data: result };
  } catch (error) {
    const message = shortened(error instanceof Error ? error.message : String(error));
    return { status: error instanceof Refused ? 'refused' : 'failed', message };
  }
}

function shortened(message: string): string {
  return message.slice(0, WIRE_LIMITS.resultText);
}

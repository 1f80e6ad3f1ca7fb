/** Checks the calls of one session: none begins twice, is lost, is delivered twice, or goes on after its cancel. */
import type { ActionRequest } from '../../actors/ports/action.ts';
import { callsOf } from '../../machines/journal/calls.ts';
import type { JournalRecord } from '../../machines/journal/record.ts';
import type { Json } from '../../machines/json.ts';
import type { LogEntry } from '../../machines/log.ts';
import type { ChildInputs } from '../../machines/session/commands.ts';
import { type Message, publishedIn } from '../../machines/session/facts.ts';
import type { ActionOutcome } from '../../machines/session/model.ts';
import { simulationParameters, toolParameters } from './parameters.ts';
import type { Sometimes } from './sometimes.ts';
import { QUESTION } from './tools.ts';

export interface ToolAuditOptions {
  /** Keys of all calls that have begun in this seed. */
  readonly begun: Set<string>;
  readonly found: (what: string) => void;
  readonly reached: (name: Sometimes) => void;
  /** The journal as a crash would leave it. */
  readonly onDisk: () => readonly JournalRecord[];
}

interface Call {
  readonly name: string;
  readonly generation: number;
  /** A tool of the server; others are the robot's and the client's. */
  readonly ours: boolean;
  /** As the client knows it. */
  status: Message<'action'>['status'];
  /** What the tool gave. */
  gave?: { readonly how: 'done' | 'failed'; readonly result?: Json };
  signal?: AbortSignal;
  /** Its end is news to the model: number of requests that did not have it, since the robot was idle. */
  news?: number | undefined;
  /** Number of rounds that led to it, one by another. */
  readonly round: number;
  /** It gets no reply of its own, so only its turn has it: it ended before that, or in the last round. */
  inTurn?: boolean;
  /** The robot was idle since, so what waits for a reply of its own had its chance. */
  rested?: boolean;
  /** The reply that the model was asked for with this result as news, and its text by then. */
  told?: { readonly generation: number; readonly text: number };
}

export class ToolAudit {
  readonly #options: ToolAuditOptions;
  readonly #calls = new Map<string, Call>();
  /** Replies that are not over, or were interrupted: how much of each was heard. */
  readonly #heard = new Map<number, number>();
  /** What was heard of each reply that is over. */
  readonly #said = new Map<number, string>();
  #generation = 0;
  /** Of the newest request, and those of them that led to its reply. */
  #round = 0;
  #earlierRounds = 0;
  #text = 0;
  #interrupted = false;
  /** The user has heard the question about the newest call that needs a yes: once is enough. */
  #askedAloud = false;
  /** The user's last words were not understood with certainty. */
  #isUnsure = false;

  constructor(options: ToolAuditOptions) {
    this.#options = options;
  }

  /** A tool begins its call. Returns what it reports of its end. */
  begins({ id, key = id, name }: ActionRequest, signal: AbortSignal) {
    const { begun, found, reached, onDisk } = this.#options;
    if (begun.has(key)) found(`the call ${key} began twice`);
    begun.add(key);
    const onRecord = callsOf(onDisk()).find((one) => one.id === id);
    if (onRecord?.key !== key) found(`the call ${key} began, and the journal on disk does not have it`);
    const call = this.#calls.get(id);
    if (!call) {
      found(`the call ${id} of ${name} began, and the client was not notified`);
      return () => {};
    }
    call.signal = signal;
    const running = [...this.#calls.values()].filter(
      (one) => one.signal && !one.gave && one.status === 'started',
    );
    if (running.length > 1) reached('several tools ran at once');
    return (how: 'done' | 'failed', result?: Json) => {
      if (call.status !== 'started') reached('a tool that was no longer waited for gave its result');
      call.gave = { how, ...(result !== undefined && { result }) };
    };
  }

  observe(entry: LogEntry): void {
    if (entry.type === 'event' && entry.event.type === 'xstate.done.actor.stt')
      this.#isUnsure = (entry.event.output.confidence ?? 1) < simulationParameters.asking.below;
    if (entry.type === 'event' && entry.event.type === 'text') this.#isUnsure = false;
    if (entry.type === 'event' && entry.event.type === 'llm.action' && entry.event.name === 'buy')
      this.#askedAloud = false;
    if (entry.type === 'command' && entry.command.type === 'spawn' && entry.command.child === 'llm')
      this.#onRequest(entry.command.input);
    // What waits to be delivered is dropped; the history may lose it before the next request.
    if (entry.type === 'event' && (entry.event.type === 'interrupt' || entry.event.type === 'halt'))
      for (const call of this.#calls.values()) call.news = undefined;
    if (entry.type === 'event' && entry.state === 'idle')
      for (const call of this.#calls.values()) call.rested ||= call.news !== undefined;
    const message = publishedIn(entry);
    if (message?.type === 'action') this.#onAction(message);
    else if (message?.type === 'reply') {
      // Parley's own words come before any request.
      if (message.generation !== this.#generation) this.#begin(message.generation);
      this.#text += message.text.length;
    } else if (message?.type === 'reply.end') this.#onEnd(message);
  }

  /** The process is gone: what the journal on disk says of its calls is what is known. */
  crash(): void {
    const { found, reached, onDisk } = this.#options;
    const known = callsOf(onDisk());
    for (const [id, { signal, gave, ours }] of this.#calls) {
      if (!ours) continue;
      const call = known.find((one) => one.id === id);
      if (signal && !call) found(`after a crash it is not known that ${id} had begun`);
      if (call?.status === 'done' && gave?.how !== 'done')
        found(`after a crash ${id} counts as done, and is not`);
      if (signal && !gave && call?.status === 'started') reached('a process died while a tool ran');
      if (call && !signal) reached('a process died between the record of a call and its beginning');
    }
  }

  #onAction({ id, name, status, runs }: Message<'action'>): void {
    const { reached } = this.#options;
    if (status === 'progress') return;
    const call = this.#calls.get(id);
    if (!call) {
      const ours = runs !== undefined;
      this.#calls.set(id, { name, generation: this.#generation, round: this.#round, status, ours });
      if (name === 'buy' && status === 'started' && this.#isUnsure)
        this.#options.found(`${id} began after a yes that was not sure`);
      if (name === 'buy' && status === 'started' && !this.#askedAloud)
        this.#options.found(`${id} began, and the user did not hear the question`);
      if (name === 'buy')
        reached(
          status === 'started'
            ? 'a call waited for a yes, and began'
            : 'a call waited for a yes, and was refused',
        );
      return;
    }
    call.status = status;
    const isNews = (status === 'done' || status === 'failed') && fitsHistory(call.gave?.result);
    call.news = isNews ? 0 : undefined;
    call.inTurn = !this.#said.has(call.generation) || call.round >= (toolParameters.actions.rounds ?? 0);
    if (!call.ours) return;
    if (status === 'done' && call.gave?.how !== 'done')
      this.#options.found(`${id} of ${name} counts as done, and is not`);
    if (status === 'cancelled' && name === 'search') reached('an interruption cancelled a tool');
    if (call.news === 0 && this.#interrupted) reached('a tool ended after its reply was interrupted');
    if (status === 'failed' && !call.gave) reached('a tool missed its deadline');
  }

  #onEnd({ generation, heard, reason }: Message<'reply.end'>): void {
    this.#interrupted = reason === 'interrupted';
    this.#askedAloud ||= heard.includes(QUESTION.slice(0, QUESTION.length / 2));
    this.#heard.set(generation, reason === 'interrupted' ? heard.length : Number.POSITIVE_INFINITY);
    this.#said.set(generation, heard);
    for (const kept of [this.#heard, this.#said])
      for (const old of kept.keys()) if (kept.size > KEPT_REPLIES) kept.delete(old);
  }

  #onRequest({ generation, messages, results = [], round }: ChildInputs['llm']): void {
    const { found, reached } = this.#options;
    if (round !== undefined) reached('a language model went on with the results of its calls');
    if (generation !== this.#generation) {
      this.#begin(generation);
      const rounds =
        round === undefined ? results.map(({ id }) => (this.#calls.get(id)?.round ?? 0) + 1) : [];
      this.#earlierRounds = Math.max(0, ...rounds);
    }
    this.#round = this.#earlierRounds + (round ?? 0);
    const outcomes = messages.flatMap(({ actions = [] }) => actions);
    for (const outcome of [...outcomes, ...results]) this.#checkOutcome(outcome);
    for (const { id, result } of results) if (result.status !== 'started') this.#checkTold(id, generation);
    for (const [id, call] of this.#calls) {
      if (call.news === undefined) continue;
      const told = [...outcomes, ...results].some((one) => one.id === id);
      if (told && generation !== call.generation) reached('the next reply got what an earlier call gave');
      const isForgotten = call.inTurn && this.#isForgotten(call.generation, messages);
      call.news = told || isForgotten ? undefined : call.news + (call.rested ? 1 : 0);
      // What the dialog says of the robot's actions decides which of their ends are said.
      if (call.ours && call.news === MOST_REQUESTS)
        found(`the model did not learn how ${id} of ${call.name} ended`);
    }
  }

  #begin(generation: number): void {
    this.#generation = generation;
    this.#earlierRounds = 0;
    this.#round = 0;
    this.#text = 0;
  }

  /** The history was too long, and this turn has left it with its calls. */
  #isForgotten(generation: number, messages: ChildInputs['llm']['messages']): boolean {
    const heard = this.#said.get(generation);
    if (!heard) return false;
    const told = messages.filter(({ role }) => role === 'assistant').map(({ content }) => content);
    return !told.join(' ').includes(heard);
  }

  #checkOutcome({ id, result }: ActionOutcome): void {
    const { found } = this.#options;
    if (result.status === 'asked')
      found(`the model learned that the user is asked about ${id}: the user is not`);
    const call = this.#calls.get(id);
    if (!call) return;
    // It was stopped with the connection of its client: its end failed, and whether it was done is unknown.
    const mayBeDone = result.status === 'unknown' && call.status === 'failed' && !call.gave;
    if (result.status !== call.status && !mayBeDone)
      found(`the model learned that ${id} of ${call.name} is ${String(result.status)}: it is ${call.status}`);
    if (call.signal?.aborted && call.status === 'started')
      found(`${id} of ${call.name} was stopped, and the client was not notified`);
    if (call.signal && !call.signal.aborted && !call.gave && call.status === 'cancelled')
      found(`${id} of ${call.name} was cancelled, and goes on`);
    const { data } = result;
    if (!call.ours || data === undefined || call.status !== 'done') return;
    if (JSON.stringify(data) !== JSON.stringify(call.gave?.result))
      found(`the model got another result of ${id}`);
  }

  /** Delivered again only if nothing was heard of the reply that said it. */
  #checkTold(id: string, generation: number): void {
    const call = this.#calls.get(id);
    if (!call) return;
    const { told } = call;
    if (told?.generation === generation)
      this.#options.found(`the result of ${id} was delivered twice in a reply`);
    else if (told && (this.#heard.get(told.generation) ?? 0) > told.text)
      this.#options.found(`the result of ${id} was delivered twice`);
    call.told = { generation, text: this.#text };
  }
}

/** A longer one pushes its own turn out of the history. */
function fitsHistory(result: Json | undefined): boolean {
  return JSON.stringify(result ?? null).length / CHARS_PER_TOKEN < simulationParameters.history.maxTokens / 2;
}

const CHARS_PER_TOKEN = 4;
const KEPT_REPLIES = 50;
/** A result of a call that the history does not have any more waits for a reply of its own. */
const MOST_REQUESTS = 6;

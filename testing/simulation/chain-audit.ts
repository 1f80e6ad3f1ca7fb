import type { EngineKind } from '../../actors/subjects.ts';
import type { Clock } from '../../machines/clock.ts';
import type { ErrorCode } from '../../machines/errors.ts';
import { delayName, type KernelEvent } from '../../machines/kernel.ts';
import type { LogEntry } from '../../machines/log.ts';
import { defaultParameters } from '../../machines/parameters.ts';
import type { ChildKind } from '../../machines/session/children.ts';
import type { EndReason, PublicState } from '../../machines/wire.ts';
import type { Chains } from './chains.ts';
import type { Sometimes } from './sometimes.ts';

export interface ChainAuditOptions {
  readonly clock: Clock;
  readonly chains: Chains;
  /** Whether the session reaches its engines over the lossy bus. */
  readonly viaBus: boolean;
  /** Number of messages that the bus has lost so far. */
  readonly lost: () => number;
  readonly found: (what: string) => void;
  readonly reached: (name: Sometimes) => void;
}

/** What the client of a session heard of a reply. */
export interface ReplyHeard {
  readonly generation: number;
  /** The engines that spoke, one entry per change of voice. Empty: nothing was audible. */
  readonly voices: readonly string[];
}

interface ReplyKept {
  text: string;
  /** When its speech synthesis began. */
  sinceMs: number;
  reason: EndReason;
  errorSent: boolean;
  /** Something was lost on the way to its engines. */
  excused: boolean;
  takenOver: number;
}

/** Error codes of a lost worker or message, for which no engine of the chain is responsible. */
const LOST_ON_THE_WAY: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ENGINE_LOST',
  'ENGINE_NO_WORKER',
  'ENGINE_PROTOCOL',
  'ENGINE_OVERLOADED',
]);

const DEADLINES: ReadonlyMap<string, EngineKind> = new Map<string, EngineKind>([
  ['sttDeadline', 'stt'],
  ['llmFirstToken', 'llm'],
  ['llmStall', 'llm'],
  ['ttsDeadline', 'tts'],
]);

/** Longest deadline of an engine with a margin, ms: no turn may stall longer. */
const STANDSTILL_MS = defaultParameters.deadlines.llmFirstTokenMs + 500;

/**
 * Checks a session whose engines are chains by its log and by what was heard. No kind may fail while one engine of its
 * chain works. A reply with words is audible while one speech engine works. If a reply cannot be spoken, an error is
 * sent. Nothing stalls longer than the longest deadline.
 */
export class ChainAudit {
  readonly #options: ChainAuditOptions;
  readonly #startMs = new Map<
    ChildKind,
    { readonly ms: number; readonly askedMs: number; readonly lost: number }
  >();
  readonly #replies = new Map<number, ReplyKept>();
  #speculationMs = Number.POSITIVE_INFINITY;
  #state: PublicState = 'idle';
  #lastMs = 0;
  #generation = 0;
  /** The reply's own text or actions came from the engine. */
  #llmTold = false;

  constructor(options: ChainAuditOptions) {
    this.#options = options;
  }

  observe(entry: LogEntry): void {
    const nowMs = this.#options.clock.nowMs();
    if (entry.type === 'child.start') this.#onStart(entry.kind, entry.generation, nowMs);
    else if (entry.type === 'event') {
      if (
        (this.#state === 'processing' || this.#state === 'speaking') &&
        nowMs - this.#lastMs > STANDSTILL_MS
      )
        this.#find(`nothing happened in ${this.#state} for ${nowMs - this.#lastMs} ms`);
      this.#state = entry.state;
      this.#onEvent(entry.event);
    } else if (entry.type === 'command' && entry.command.type === 'publish') {
      const { message } = entry.command;
      const reply = this.#replies.get(this.#generation);
      if (reply && message.type === 'reply') reply.text += message.text;
      if (reply && message.type === 'error') reply.errorSent = true;
      if (reply && message.type === 'reply.end') reply.reason = message.reason;
    }
    this.#lastMs = nowMs;
  }

  /** The client has finished a reply. */
  heard({ generation, voices }: ReplyHeard): void {
    const { chains, reached } = this.#options;
    const reply = this.#replies.get(generation);
    this.#replies.delete(generation);
    if (!reply) return;
    if (new Set(voices).size > 1 && reply.takenOver === chains.watch.takenOver)
      reached('a reply continued in another voice at the next segment');
    if (reply.reason === 'interrupted' || voices.length > 0 || !/[\p{L}\p{N}]/u.test(reply.text)) return;
    if (!reply.errorSent) this.#find(`reply ${generation} was not audible, and no error was sent`);
    if (!reply.excused && chains.sickbay.worksSince('tts', reply.sinceMs))
      this.#find(`reply ${generation} was not audible though a speech engine works`);
  }

  #onStart(kind: ChildKind, generation: number, nowMs: number): void {
    const lost = this.#options.lost();
    if (kind === 'stt') this.#speculationMs = Number.POSITIVE_INFINITY;
    if (kind === 'speculation') this.#speculationMs = Math.min(this.#speculationMs, nowMs);
    // A reply may take over what was asked for in advance.
    const askedMs = kind === 'stt' ? nowMs : Math.min(nowMs, this.#speculationMs);
    this.#startMs.set(kind, { ms: nowMs, askedMs, lost });
    if (kind === 'llm') this.#llmTold = false;
    if (kind !== 'tts') return;
    this.#generation = generation;
    this.#replies.set(generation, {
      ...{ text: '', reason: 'interrupted', errorSent: false, excused: false },
      sinceMs: askedMs,
      takenOver: this.#options.chains.watch.takenOver,
    });
  }

  #onEvent(event: KernelEvent): void {
    switch (event.type) {
      case 'llm.delta':
        if (event.text !== '') this.#llmTold = true;
        return;
      case 'llm.action':
        this.#llmTold = true;
        return;
      case 'xstate.error.actor.stt':
        this.#onFailure('stt', event.error.code);
        return;
      case 'xstate.error.actor.llm':
        this.#onFailure('llm', event.error.code);
        return;
      case 'xstate.error.actor.tts':
        this.#onFailure('tts', event.error.code);
        return;
      default: {
        if (!event.type.startsWith('xstate.after.')) return;
        const late = DEADLINES.get(delayName(event.type));
        if (late) this.#onFailure(late, undefined);
      }
    }
  }

  /** `code` is undefined if the engine kept the session waiting. */
  #onFailure(kind: EngineKind, code: ErrorCode | undefined): void {
    const { chains, viaBus, lost, reached } = this.#options;
    const start = this.#startMs.get(kind) ?? { ms: 0, askedMs: 0, lost: 0 };
    const reply = this.#replies.get(this.#generation);
    const excused = viaBus && (code ? LOST_ON_THE_WAY.has(code) : lost() > start.lost);
    if (excused && reply) reply.excused = true;
    // Text that was passed on cannot be taken back.
    if (excused || (kind === 'llm' && this.#llmTold && chains.brokenReply === 'fail')) return;
    if (chains.sickbay.downSince(kind, start.ms)) reached(DOWN[kind]);
    if (chains.sickbay.worksSince(kind, start.askedMs))
      this.#find(`${kind} failed (${code ?? 'too late'}) though one engine of its chain works`);
  }

  #find(what: string): void {
    this.#options.found(what);
  }
}

const DOWN = {
  stt: 'all recognisers of a chain were down',
  llm: 'all language engines of a chain were down',
  tts: 'all speech engines of a chain were down',
} as const satisfies Record<EngineKind, Sometimes>;

import type { EngineClients } from '../../actors/engine-rpc/mod.ts';
import type { ActionPort } from '../../actors/ports/action.ts';
import { isTraceparent, withinTrace } from '../../adapters/trace-context.ts';
import type { LogEntry } from '../../machines/log.ts';
import type { ChildKind } from '../../machines/session/children.ts';
import type { SessionMessage } from '../../machines/wire.ts';
import type { SessionRequest } from '../door/session-host.ts';
import type { SessionObserver } from '../observers.ts';
import { type FinishedSpan, newSpanId, newTraceId, traceparentOf } from './span.ts';
import { stagesOf } from './stages.ts';

/** What a child of a turn does, as a span. */
interface OpenSpan {
  readonly turn: TracedTurn;
  readonly spanId: string;
  readonly name: string;
  readonly startMs: number;
  readonly attributes: FinishedSpan['attributes'];
}

/** A turn, from the user's first word. */
interface TracedTurn {
  readonly traceId: string;
  readonly rootId: string;
  /** In ms of the session: where the turn begins, and where the user's part ends. */
  fromMs: number | undefined;
  userEndMs: number | undefined;
  error: string | undefined;
}

interface TracedSession {
  readonly attributes: FinishedSpan['attributes'];
  readonly link: string | undefined;
  /** Of the session's clock to the wall clock, ms. Entries are observed late, so the least is the truest. */
  offsetMs: number;
  coming: TracedTurn;
  /** The turn of the reply that began last. */
  current: TracedTurn;
  /** Turns whose reply has not ended, by its generation. */
  readonly replying: Map<number, TracedTurn>;
  /** By name of the child. */
  readonly children: Map<string, OpenSpan>;
  /** By id of the action. */
  readonly actions: Map<string, OpenSpan>;
  /** The child that started last. */
  started: OpenSpan | undefined;
}

/** What may begin before it is known that a turn follows. */
const BEFORE_REPLY: ReadonlySet<ChildKind> = new Set(['stt', 'speculation']);
/** They last while the session does, or wait for actions, which have spans of their own. */
const WITHOUT_SPAN: ReadonlySet<ChildKind> = new Set(['actions', 'lasting', 'discarded']);

/**
 * Makes a trace of each turn from the ordered log of its session: the turn is the root, its stages, children and actions are spans. No span
 * holds what was said. Engines and tools are asked within the span that asks them.
 */
export class TurnTracer implements SessionObserver {
  readonly #sessions = new Map<string, TracedSession>();
  readonly #send: (span: FinishedSpan) => void;
  readonly #now: () => number;

  /** `now`: wall-clock time, ms since the epoch. */
  constructor(send: (span: FinishedSpan) => void, now: () => number) {
    this.#send = send;
    this.#now = now;
  }

  onOpening({ session, language, endpoint = 'embedded', traceparent }: SessionRequest): void {
    const coming = newTurn();
    this.#sessions.set(session, {
      attributes: { 'parley.session': session, 'parley.language': language, 'parley.endpoint': endpoint },
      link: isTraceparent(traceparent) ? traceparent : undefined,
      offsetMs: Number.POSITIVE_INFINITY,
      ...{ coming, current: coming, replying: new Map() },
      children: new Map(),
      actions: new Map(),
      started: undefined,
    });
  }

  onClosed(session: string): void {
    this.#sessions.delete(session);
  }

  onLog(session: string, entry: LogEntry): void {
    const traced = this.#sessions.get(session);
    if (!traced || entry.type === 'frame') return;
    traced.offsetMs = Math.min(traced.offsetMs, this.#now() - entry.atMs);
    if (entry.type === 'child.start') onChild(traced, entry);
    else if (entry.type === 'child.end') this.#onChildEnd(traced, entry);
    else if (entry.type === 'event') onEvent(traced, entry);
    else if (entry.type === 'command' && entry.command.type === 'publish')
      this.#onMessage(traced, entry.command.message, entry.atMs);
  }

  /** `clients`, with the trace of the child that asks. */
  engines(clients: EngineClients): EngineClients {
    const within = <Scope extends { readonly session: string; readonly generation: number }>(
      scope: Scope,
      kind: 'stt' | 'llm' | 'tts',
    ): Scope => {
      // A child has just started when it asks for its engine; what asks at other times belongs to no turn.
      const span = this.#sessions.get(scope.session)?.started;
      const asks = span?.name === kind || span?.name === 'speculation';
      return span && asks ? { ...scope, traceparent: traceparentOf(idsOf(span)) } : scope;
    };
    return {
      stt: (scope) => clients.stt(within(scope, 'stt')),
      llm: (scope) => clients.llm(within(scope, 'llm')),
      tts: (scope) => clients.tts(within(scope, 'tts')),
    };
  }

  /** `port`, each action within the trace of its turn. */
  actions(port: ActionPort): ActionPort {
    return {
      run: (request, signal) => {
        const span = this.#sessions.get(request.session)?.actions.get(request.id);
        return withinTrace(span && traceparentOf(idsOf(span)), () => port.run(request, signal));
      },
    };
  }

  #onChildEnd(traced: TracedSession, { child, atMs, how }: Extract<LogEntry, { type: 'child.end' }>): void {
    const span = traced.children.get(child);
    traced.children.delete(child);
    if (traced.started === span) traced.started = undefined;
    if (span) this.#end(traced, span, atMs, { 'parley.end': how }, how === 'error' ? how : undefined);
  }

  #onMessage(traced: TracedSession, message: SessionMessage, atMs: number): void {
    if (message.type === 'error') traced.current.error = message.code;
    else if (message.type === 'action') this.#onAction(traced, message, atMs);
    // What was heard and led to nothing belongs to no turn.
    else if (message.type === 'state' && message.value === 'idle') traced.coming = newTurn();
    else if (message.type === 'reply.end') this.#onReplyEnd(traced, message, atMs);
  }

  #onAction(
    traced: TracedSession,
    { id, name, status }: Extract<SessionMessage, { type: 'action' }>,
    atMs: number,
  ): void {
    if (status === 'progress') return;
    if (status === 'started') {
      const attributes = { 'parley.action': name };
      traced.actions.set(id, {
        ...{ turn: traced.current, spanId: newSpanId(), name: 'action', startMs: atMs, attributes },
      });
      return;
    }
    const span = traced.actions.get(id);
    traced.actions.delete(id);
    if (span)
      this.#end(traced, span, atMs, { 'parley.end': status }, status === 'failed' ? status : undefined);
  }

  #onReplyEnd(
    traced: TracedSession,
    { turn, generation, reason, timings }: Extract<SessionMessage, { type: 'reply.end' }>,
    atMs: number,
  ): void {
    const { replying, attributes, link } = traced;
    const ended = replying.get(generation);
    if (!ended) return;
    replying.delete(generation);
    const { traceId, rootId, fromMs = atMs, userEndMs = fromMs, error } = ended;
    const { stages, figures } = stagesOf(timings, userEndMs, atMs);
    for (const { name, startMs, endMs } of stages)
      this.#emit(traced, {
        traceId,
        spanId: newSpanId(),
        parentId: rootId,
        name,
        startMs,
        endMs,
        attributes,
      });
    this.#emit(traced, {
      ...{ traceId, spanId: rootId, name: 'turn', startMs: fromMs, endMs: atMs },
      attributes: {
        ...attributes,
        ...figures,
        ...{ 'parley.turn': turn, 'parley.generation': generation, 'parley.end': reason },
      },
      ...(reason === 'failed' && { failed: error ?? reason }),
      ...(link !== undefined && { link }),
    });
  }

  #end(
    traced: TracedSession,
    span: OpenSpan,
    endMs: number,
    more: FinishedSpan['attributes'],
    failed: string | undefined,
  ): void {
    const { name, startMs, turn } = span;
    this.#emit(traced, {
      ...{ ...idsOf(span), parentId: turn.rootId, name, startMs, endMs },
      attributes: { ...traced.attributes, ...span.attributes, ...more },
      ...(failed !== undefined && { failed }),
    });
  }

  /** From the session's clock to the wall clock. */
  #emit({ offsetMs }: TracedSession, span: FinishedSpan): void {
    this.#send({ ...span, startMs: span.startMs + offsetMs, endMs: span.endMs + offsetMs });
  }
}

function newTurn(): TracedTurn {
  return {
    traceId: newTraceId(),
    rootId: newSpanId(),
    fromMs: undefined,
    userEndMs: undefined,
    error: undefined,
  };
}

function idsOf({ turn, spanId }: OpenSpan): { traceId: string; spanId: string } {
  return { traceId: turn.traceId, spanId };
}

function onChild(
  traced: TracedSession,
  { child, kind, generation, atMs }: Extract<LogEntry, { type: 'child.start' }>,
): void {
  const before = BEFORE_REPLY.has(kind);
  if (!before && kind !== 'lasting' && kind !== 'discarded' && !traced.replying.has(generation)) {
    traced.current = traced.coming;
    traced.current.fromMs ??= atMs;
    traced.replying.set(generation, traced.current);
    traced.coming = newTurn();
  }
  if (WITHOUT_SPAN.has(kind)) return;
  const turn = before ? traced.coming : traced.current;
  const span = { turn, spanId: newSpanId(), name: kind, startMs: atMs, attributes: {} };
  traced.children.set(child, span);
  traced.started = span;
}

/** Where a turn begins, and where the user's part of it ends. */
function onEvent({ coming }: TracedSession, { event, atMs }: Extract<LogEntry, { type: 'event' }>): void {
  if (event.type === 'speech.start') coming.fromMs ??= atMs - event.ageMs;
  else if (event.type === 'speech.stop') coming.userEndMs = atMs - event.ageMs;
  else if (event.type === 'text' || event.type === 'respond') {
    coming.fromMs = atMs;
    coming.userEndMs = atMs;
  }
}

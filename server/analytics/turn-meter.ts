import type { EventType, StreamEvent } from '../../actors/ports/event-stream.ts';
import type { TurnRecord } from '../../actors/ports/store.ts';
import { PIPELINE_RATE } from '../../machines/audio.ts';
import type { JsonObject } from '../../machines/json.ts';
import type { LogEntry } from '../../machines/log.ts';
import type { Command } from '../../machines/session/commands.ts';
import type { SessionMessage } from '../../machines/wire.ts';
import type { SessionRequest } from '../door/session-host.ts';
import type { FlagSource, Flags } from '../flags/flags.ts';
import type { SessionObserver } from '../observers.ts';
import { EngineMeter } from './engine-meter.ts';
import type { TurnFacts } from './turn-facts.ts';

/** What is counted for the reply to come or in progress. */
interface Counts {
  speechSamples: number;
  replySamples: number;
  characters: number;
  tokens: number;
  bargeInMs: number | undefined;
}

interface Metered {
  readonly request: SessionRequest;
  readonly flags: Flags;
  counts: Counts;
  /** Actions of the reply, by id. */
  actions: Map<string, JsonObject>;
  /** Of turns that have ended but are not stored yet, by generation: with failover a turn waits for the brokers. */
  readonly ended: Map<number, Pick<Metered, 'counts' | 'actions'>>;
  /** Of the utterance in progress. */
  speechFrom: number | undefined;
  /** Time of the speech that may interrupt the reply. */
  bargeInAtMs: number | undefined;
  speaking: boolean;
}

/** Makes the events of a turn from what its session did. */
export class TurnMeter implements SessionObserver {
  readonly engines: EngineMeter;
  readonly #sessions = new Map<string, Metered>();
  readonly #now: () => string;
  readonly #remembers: boolean;
  readonly #plugins: boolean;
  readonly #flags: Pick<FlagSource, 'of'>;

  /** `remembers`: turns are for the memory too. `plugins`: and for workers of others. `now`: wall-clock time, ISO 8601. `nowMs`: of a monotonic clock. */
  constructor({
    remembers,
    plugins = false,
    flags,
    now,
    nowMs,
  }: {
    readonly remembers: boolean;
    readonly plugins?: boolean;
    readonly flags: Pick<FlagSource, 'of'>;
    readonly now: () => string;
    readonly nowMs: () => number;
  }) {
    this.engines = new EngineMeter(nowMs);
    this.#flags = flags;
    this.#remembers = remembers;
    this.#plugins = plugins;
    this.#now = now;
  }

  onOpening(request: SessionRequest): void {
    this.#sessions.set(request.session, {
      ...{
        request,
        flags: this.#flags.of(request.session),
        counts: nothing(),
        actions: new Map(),
        ended: new Map(),
        speechFrom: undefined,
        bargeInAtMs: undefined,
        speaking: false,
      },
    });
  }

  onClosed(session: string): void {
    this.#sessions.delete(session);
  }

  onLog(session: string, entry: LogEntry): void {
    const metered = this.#sessions.get(session);
    if (!metered) return;
    if (entry.type === 'frame') metered.counts.replySamples += entry.samples;
    else if (entry.type === 'event') onEvent(metered, entry);
    else if (entry.type === 'command') onCommand(metered, entry.command, entry.atMs);
  }

  /** The events of a turn that ended just now. Their ids depend on the turn only. */
  eventsOf(turn: TurnRecord): StreamEvent[] {
    const metered = this.#sessions.get(turn.session);
    if (!metered?.flags.outbox) return [];
    const ts = this.#now();
    const event = (type: EventType, payload: JsonObject): StreamEvent => ({
      id: `${turn.session}/${turn.turn}/${turn.generation}/${type}`,
      body: {
        correlationId: `${turn.session}#${turn.turn}`,
        sessionId: turn.session,
        turn: turn.turn,
        ...{ type, payload, ts },
      },
    });
    const { counts, actions: begun } = metered.ended.get(turn.generation) ?? metered;
    metered.ended.delete(turn.generation);
    const facts = { ...factsOf(metered.request, counts, turn), engines: this.engines.take() };
    const actions = [...begun.values()];
    const remembered = this.#remembers && metered.flags.memory && turn.userText !== '';
    return [
      ...(remembered
        ? [event('LtmWriteRequested', { ...saidIn(metered.request, turn), vectorize: true })]
        : []),
      event('TurnEnded', { ...facts }),
      ...(this.#plugins
        ? [event('PluginTurnEnded', { ...saidIn(metered.request, turn), reason: turn.reason, actions })]
        : []),
    ];
  }
}

function saidIn({ user, language }: SessionRequest, { userText, heard }: TurnRecord): JsonObject {
  return { text: userText, reply: heard, language, ...(user !== undefined && { user }) };
}

function nothing(): Counts {
  return { speechSamples: 0, replySamples: 0, characters: 0, tokens: 0, bargeInMs: undefined };
}

function onEvent(metered: Metered, { event, atMs }: Extract<LogEntry, { type: 'event' }>): void {
  metered.bargeInAtMs = undefined;
  switch (event.type) {
    case 'speech.start':
      metered.speechFrom = event.sample;
      if (metered.speaking) metered.bargeInAtMs = atMs;
      return;
    case 'speech.stop':
      metered.counts.speechSamples += Math.max(0, event.sample - (metered.speechFrom ?? event.sample));
      metered.speechFrom = undefined;
      return;
    case 'llm.delta':
      if (event.text !== '') metered.counts.tokens += 1;
      return;
    default:
  }
}

function onCommand(metered: Metered, command: Command, atMs: number): void {
  if (command.type === 'persist') {
    const { counts, actions } = metered;
    if (metered.flags.outbox) metered.ended.set(command.turn.generation, { counts, actions });
    metered.counts = nothing();
    metered.actions = new Map();
  } else if (command.type === 'publish') onMessage(metered, command.message, atMs);
  else if (command.type === 'send' && command.child === 'tts' && command.message.type === 'segment')
    metered.counts.characters += command.message.text.length;
}

function onMessage(metered: Metered, message: SessionMessage, atMs: number): void {
  if (message.type === 'state') metered.speaking = message.value === 'speaking';
  if (message.type === 'action') {
    const { id, name, args, status } = message;
    const { key = metered.actions.get(id)?.key } = message;
    metered.actions.set(id, { id, name, args, status, ...(key !== undefined && { key }) });
  }
  const silenced = message.type === 'flush' || (message.type === 'playback' && message.state === 'paused');
  if (!silenced || metered.bargeInAtMs === undefined) return;
  metered.counts.bargeInMs = Math.max(0, atMs - metered.bargeInAtMs);
  metered.bargeInAtMs = undefined;
}

function factsOf(request: SessionRequest, counts: Counts, turn: TurnRecord): Omit<TurnFacts, 'engines'> {
  const { timings, reason, generation, userText } = turn;
  const spoken = timings.stt !== undefined;
  const { bargeInMs } = counts;
  const stages = Object.entries(timings).filter(
    (stage): stage is [string, number] => typeof stage[1] === 'number',
  );
  return {
    ...{ generation, reason, language: request.language, spoken },
    endpoint: request.endpoint ?? 'embedded',
    understood: !spoken || userText !== '',
    stagesMs: Object.fromEntries(stages),
    ...(bargeInMs !== undefined && { bargeInMs }),
    costs: {
      speechSeconds: counts.speechSamples / PIPELINE_RATE,
      replySeconds: counts.replySamples / request.outputRate,
      characters: counts.characters,
      tokens: counts.tokens,
    },
  };
}

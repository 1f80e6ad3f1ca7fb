import { AggregatorRegistry, Registry } from 'prom-client';
import { z } from 'zod';
import type { ChainEvent } from '../../../actors/chain/mod.ts';
import type { Bus } from '../../../actors/ports/bus.ts';
import type { ModelLoad } from '../../../adapters/engine.ts';
import type { ConnectionStats, TokenStats } from '../../../adapters/http/transport.ts';
import type { StoreStats } from '../../../adapters/store/sqlite.ts';
import type { PhraseCacheStats } from '../../../adapters/tts/phrase-cache.ts';
import { PIPELINE_RATE } from '../../../machines/audio.ts';
import { errorRecord } from '../../../machines/errors.ts';
import type { LogEntry } from '../../../machines/log.ts';
import type { GovernorStats } from '../../degradation/governor.ts';
import type { DoorStats } from '../../door/stats.ts';
import type { SessionObserver } from '../../observers.ts';
import type { RelayStats } from '../../outbox/relay.ts';
import type { Siblings } from '../../processes/siblings.ts';
import { Conversations } from './conversations.ts';
import { readings, recorded } from './definitions.ts';
import { describeProcess } from './process.ts';

/** Of language models, by what a server reports. */
const TOKENS: Readonly<Record<keyof TokenStats, string>> = {
  input: 'Tokens of prompts.',
  cached: 'Those of them that the provider had in its cache.',
  output: 'Tokens of answers.',
};

/** The metrics of several processes, as `getMetricsAsJSON` gives them. */
const metricLists = z.array(z.array(z.looseObject({ name: z.string() })));

/** Sources of the metrics that are read on collection. */
export interface MetricSources {
  readonly door: () => DoorStats;
  readonly bus: Bus;
  readonly degradation?: () => GovernorStats;
  /** Of the other servers of the broker, by address. */
  readonly loads?: () => Iterable<readonly [string, number]>;
  readonly store?: () => Omit<StoreStats, 'largestGroup'>;
  readonly outbox?: () => RelayStats;
  /** By `kind:engine`. */
  readonly connections?: () => Iterable<readonly [string, ConnectionStats]>;
  /** By `kind:engine`. */
  readonly models?: () => Iterable<readonly [string, ModelLoad]>;
  readonly phraseCache?: () => Omit<PhraseCacheStats, 'damaged' | 'writeFailures'>;
}

/** The metrics of a server, for Prometheus. docs/reference/metrics.md lists them. */
export interface Metrics extends SessionObserver {
  readonly contentType: string;
  /** The ordered log of every session. */
  onLog(session: string, entry: LogEntry): void;
  onProblem(error: unknown): void;
  /** The output service did not get a speech to its end. */
  onSpeechLost(reason: 'slow' | 'gone'): void;
  onChainEvent(event: ChainEvent): void;
  /** One run of the speech detector's model. */
  onVadRun(windows: number, ms: number): void;
  /** Audio that no stop spotter heard. */
  onStopDropped(samples: number): void;
  /** One group of records is on disk. */
  onCommit(ms: number): void;
  /** Lateness of a timer. */
  onLoopDelay(ms: number): void;
  /** Call once, when all parts exist. */
  read(sources: MetricSources): void;
  /** The text format of Prometheus. */
  text(): Promise<string>;
  /** Content type of `text`. */
  names(): readonly { readonly name: string; readonly help: string; readonly type: string }[];
}

export interface MetricsOptions {
  readonly version: string;
  /** The sessions' clock, in ms. */
  readonly nowMs: () => number;
  /** Processes whose metrics are shown with those of this one, each with the label `process`. Default: none. */
  readonly siblings?: Pick<Siblings, 'name' | 'metrics'> | undefined;
}

export function createMetrics({ version, nowMs, siblings }: MetricsOptions): Metrics {
  const registry = new Registry();
  if (siblings) registry.setDefaultLabels({ process: siblings.name });
  const ofAll = siblings?.metrics(() => registry.getMetricsAsJSON());
  const figures = recorded(registry);
  const conversations = new Conversations(figures, nowMs);
  const { level } = readings(registry);
  level(
    'parley_sessions',
    'Sessions of this process, by public state.',
    () => conversations.byState(),
    'state',
  );
  describeProcess(registry, version);

  return {
    contentType: registry.contentType,
    onLog: (session, entry) => conversations.onLog(session, entry),
    onSpeechLost: (reason) => figures.speechLost.inc({ reason }),
    onProblem: (error) => figures.problems.inc({ code: errorRecord(error, 'INTERNAL').code }),
    onChainEvent(event) {
      const { kind, engine, type } = event;
      figures.engineEvents.inc({ kind, engine, event: nameOf(event) });
      if (type === 'firstByte') figures.engineFirstByte.observe({ kind, engine }, event.ms / 1_000);
    },
    onVadRun(windows, ms) {
      figures.vadWindows.observe(windows);
      figures.vadRun.observe(ms / 1_000);
    },
    onStopDropped: (samples) => figures.stopDropped.inc(samples / PIPELINE_RATE),
    onCommit: (ms) => figures.commit.observe(ms / 1_000),
    onLoopDelay: (ms) => figures.loopDelay.observe(ms / 1_000),
    onClosed: (session) => conversations.forget(session),
    read: (sources) => describeSources(registry, sources),
    text: async () =>
      ofAll ? AggregatorRegistry.aggregate(metricLists.parse(await ofAll())).metrics() : registry.metrics(),
    names: () =>
      registry.getMetricsAsArray().map(({ name, help, type }) => ({ name, help, type: `${type}` })),
  };
}

function nameOf(event: ChainEvent): string {
  switch (event.type) {
    case 'asked':
      return `asked_${event.reason}`;
    case 'breaker':
      return `breaker_${event.state}`;
    case 'streaming':
      return event.on ? 'streamed' : 'unstreamed';
    case 'failed':
      return event.midway ? 'failed_midway' : 'failed';
    default:
      return event.type;
  }
}

function describeSources(
  registry: Registry,
  { door, bus, degradation, loads, store, outbox, connections, models, phraseCache }: MetricSources,
): void {
  const { total, level } = readings(registry);
  level('parley_connections', 'Open WebSockets.', () => door().connections);
  total(
    'parley_sessions_opened_total',
    'Opened sessions, by endpoint.',
    () => Object.entries(door().openedAt),
    'endpoint',
  );
  total(
    'parley_gateway_messages_total',
    'Messages between clients and the door, by kind and direction.',
    () => {
      const { messagesIn, audioMessagesIn, messagesOut, audioMessagesOut } = door();
      return Object.entries({
        text_in: messagesIn,
        audio_in: audioMessagesIn,
        text_out: messagesOut,
        audio_out: audioMessagesOut,
      });
    },
    'kind',
  );
  total(
    'parley_stale_audio_total',
    'Frames dropped because their reply was already flushed.',
    () => door().staleAudio,
  );
  total(
    'parley_stops_total',
    'Voice stops that took effect within 50 ms of their arrival.',
    () => door().stops,
  );
  level(
    'parley_slowest_stop_seconds',
    'Longest time from the arrival of a voice stop until it took effect.',
    () => door().slowestStopMs / 1_000,
  );
  total(
    'parley_stops_failed_total',
    'Voice stops that a session did not carry out in time, so that it was ended. Any value above 0 is a defect.',
    () => door().stopsFailed,
  );
  total(
    'parley_refusals_total',
    'Sessions and typed turns refused because of overload, an outage or a quota, and turns that arrived too fast.',
    () => Object.entries({ session: door().sessionsRefused, turn: door().turnsRefused }),
    'what',
  );
  total(
    'parley_connections_refused_total',
    'Connections refused before the WebSocket upgrade.',
    () => door().refused,
  );
  total(
    'parley_connections_closed_total',
    'WebSockets that closed, by close code.',
    () => Object.entries(door().closes),
    'code',
  );
  level('parley_bus_connected', '1 while messages can flow on the bus.', () => (bus.connected() ? 1 : 0));
  const { counts } = bus;
  if (counts)
    total(
      'parley_bus_messages_total',
      'Messages of this process on the bus.',
      () => Object.entries(counts.call(bus)),
      'direction',
    );
  if (degradation) {
    level(
      'parley_degradation_level',
      'What the process does without in an overload, 0 to 4; see docs/how-to/deploy.md.',
      () => degradation().level,
    );
    total(
      'parley_degradation_changes_total',
      'Steps into an overload (`worse`) and back (`better`).',
      () => Object.entries(degradation().steps),
      'direction',
    );
  }
  if (loads)
    level(
      'parley_server_load',
      'How much of what it can bear another server of the broker has to do, as it says; from 1 on it admits no sessions.',
      loads,
      'server',
    );
  if (store) {
    level('parley_store_waiting_records', 'Records that wait to be written.', () => store().waiting);
    total('parley_store_commits_total', 'Transactions of the store.', () => store().transactions);
    total(
      'parley_store_records_total',
      'Records sent to the store.',
      () => Object.entries({ saved: store().saved, failed: store().failed }),
      'outcome',
    );
  }
  if (outbox) {
    level('parley_outbox_waiting_events', 'Events that wait for their stream.', () => outbox().events);
    level('parley_outbox_age_seconds', 'Age of the oldest of them.', () => outbox().ageMs / 1_000);
    total(
      'parley_outbox_events_total',
      'Attempts to publish an event.',
      () => Object.entries({ published: outbox().published, failed: outbox().failed }),
      'outcome',
    );
  }
  if (connections) {
    total(
      'parley_engine_connections_total',
      'Connections opened to engines.',
      () => Array.from(connections(), ([engine, { opened }]) => [engine, opened] as const),
      'engine',
    );
    total(
      'parley_engine_requests_total',
      'Requests sent over these connections.',
      () => Array.from(connections(), ([engine, { requests }]) => [engine, requests] as const),
      'engine',
    );
    for (const kind of ['input', 'cached', 'output'] as const) {
      const tokens = () =>
        Array.from(connections()).flatMap(([engine, { tokens }]) =>
          tokens ? [[engine, tokens[kind]] as const] : [],
        );
      total(`parley_llm_${kind}_tokens_total`, TOKENS[kind], tokens, 'engine');
    }
  }
  if (models) {
    const each = (value: (load: ModelLoad) => number) => () =>
      Array.from(models(), ([engine, load]) => [engine, value(load)] as const);
    total(
      'parley_model_audio_seconds_total',
      'Audio that the model of an engine has heard or spoken.',
      each(({ audioMs }) => audioMs / 1_000),
      'engine',
    );
    total(
      'parley_model_busy_seconds_total',
      'Time that it took.',
      each(({ busyMs }) => busyMs / 1_000),
      'engine',
    );
    level(
      'parley_model_memory_bytes',
      'Memory of the process of the model.',
      each(({ memoryBytes }) => memoryBytes),
      'engine',
    );
  }
  if (phraseCache) {
    total(
      'parley_phrase_cache_total',
      'Lookups and additions of the phrase cache.',
      () => {
        const { hits, misses, taken, stored, evicted } = phraseCache();
        return Object.entries({ hits, misses, taken, stored, evicted });
      },
      'event',
    );
    level('parley_phrase_cache_entries', 'Phrases in the cache.', () => phraseCache().entries);
    level('parley_phrase_cache_bytes', 'Bytes of their audio.', () => phraseCache().bytes);
  }
}

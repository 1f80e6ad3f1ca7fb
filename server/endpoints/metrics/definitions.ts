import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Buckets that are dense around the time budget (5, 10, 20 ms) and around typical engine delays. */
const STAGE_SECONDS = [
  0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1,
  1.5, 2, 3, 5, 10,
];
/** Buckets for very short durations. */
const DELAY_SECONDS = [
  0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.04, 0.06, 0.1, 0.2, 0.5, 1,
];

/** Metrics updated by events. No label identifies a session. */
export function recorded(registry: Registry) {
  const registers = [registry];
  return {
    stages: new Histogram({
      name: 'parley_turn_stage_seconds',
      help: 'Stages of a turn, as in reply.end. firstAudio is from the end of the speech to the first frame.',
      labelNames: ['stage'],
      buckets: STAGE_SECONDS,
      registers,
    }),
    turns: new Counter({
      name: 'parley_turns_total',
      help: 'Replies that ended, by reason.',
      labelNames: ['reason'],
      registers,
    }),
    bargeIn: new Histogram({
      name: 'parley_barge_in_seconds',
      help: 'Time from detected speech during a reply until playback is paused or the reply is cancelled.',
      buckets: DELAY_SECONDS,
      registers,
    }),
    notice: new Histogram({
      name: 'parley_speech_notice_seconds',
      help: 'Time from the onset of speech in the audio until it is detected.',
      buckets: STAGE_SECONDS,
      registers,
    }),
    lateness: new Histogram({
      name: 'parley_frame_lateness_seconds',
      help: 'Lateness of audio frames against their pacing; every fifth is measured.',
      buckets: DELAY_SECONDS,
      registers,
    }),
    errors: new Counter({
      name: 'parley_errors_total',
      help: 'Errors that sessions sent to their clients, by code.',
      labelNames: ['code'],
      registers,
    }),
    problems: new Counter({
      name: 'parley_problems_total',
      help: 'Logged problems outside of conversations, by code. INTERNAL includes violated invariants.',
      labelNames: ['code'],
      registers,
    }),
    stale: new Counter({
      name: 'parley_stale_events_total',
      help: 'Events of ended children, which were ignored.',
      registers,
    }),
    vadWindows: new Histogram({
      name: 'parley_vad_batch_windows',
      help: 'Windows of 32 ms in one run of the model.',
      buckets: [1, 2, 4, 8, 16, 24, 32, 48, 64],
      registers,
    }),
    vadRun: new Histogram({
      name: 'parley_vad_run_seconds',
      help: 'Duration of one run of the model.',
      buckets: DELAY_SECONDS,
      registers,
    }),
    commit: new Histogram({
      name: 'parley_store_commit_seconds',
      help: 'Time from sending a group of records to the thread of the store until it is on disk.',
      buckets: STAGE_SECONDS,
      registers,
    }),
    engineEvents: new Counter({
      name: 'parley_engine_events_total',
      help: 'Events of the engine chains: asked, failed, switched, hedged, breaker and so on.',
      labelNames: ['kind', 'engine', 'event'],
      registers,
    }),
    engineFirstByte: new Histogram({
      name: 'parley_engine_first_byte_seconds',
      help: 'Time from a request to the first token or audio; of a recogniser, from the end of the audio to its transcript.',
      labelNames: ['kind', 'engine'],
      buckets: STAGE_SECONDS,
      registers,
    }),
    loopDelay: new Histogram({
      name: 'parley_event_loop_delay_seconds',
      help: 'Lateness of a timer of the main thread, measured every 50 ms.',
      buckets: DELAY_SECONDS,
      registers,
    }),
  };
}

export type Recorded = ReturnType<typeof recorded>;

/** Registers a metric whose value is kept elsewhere and read on collection. With `label`, `read` returns a value for each. */
type Register = (
  name: string,
  help: string,
  read: () => number | Iterable<readonly [string, number]>,
  label?: string,
) => void;

/** Metrics that are read on collection: `total` is a counter, `level` a gauge. */
export function readings(registry: Registry): { readonly total: Register; readonly level: Register } {
  const register =
    (Kind: typeof Gauge<string> | typeof Counter<string>): Register =>
    (name, help, read, label) => {
      const metric: Gauge | Counter = new Kind({
        name,
        help,
        labelNames: label === undefined ? [] : [label],
        registers: [registry],
        collect() {
          metric.reset();
          const now = read();
          if (typeof now === 'number') metric.inc(now);
          else for (const [value, count] of now) metric.inc({ [label ?? '']: value }, count);
        },
      });
    };
  return { total: register(Counter), level: register(Gauge) };
}

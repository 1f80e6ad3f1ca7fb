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
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name, help, labelNames, registers });
  const histogram = (name: string, help: string, buckets: number[], labelNames: string[] = []) =>
    new Histogram({ name, help, buckets, labelNames, registers });
  return {
    stages: histogram(
      'parley_turn_stage_seconds',
      'Stages of a turn, as in reply.end. firstAudio is from the end of the speech to the first frame.',
      STAGE_SECONDS,
      ['stage'],
    ),
    turns: counter('parley_turns_total', 'Replies that ended, by reason.', ['reason']),
    bargeIn: histogram(
      'parley_barge_in_seconds',
      'Time from detected speech during a reply until playback is paused or the reply is cancelled.',
      DELAY_SECONDS,
    ),
    notice: histogram(
      'parley_speech_notice_seconds',
      'Time from the onset of speech in the audio until it is detected.',
      STAGE_SECONDS,
    ),
    lateness: histogram(
      'parley_frame_lateness_seconds',
      'Lateness of audio frames against their pacing; every fifth is measured.',
      DELAY_SECONDS,
    ),
    errors: counter('parley_errors_total', 'Errors that sessions sent to their clients, by code.', ['code']),
    speechLost: counter(
      'parley_ingest_dropped_total',
      'Speeches that the output service (ingest.url) did not get to their end, by reason.',
      ['reason'],
    ),
    problems: counter(
      'parley_problems_total',
      'Logged problems outside of conversations, by code. INTERNAL includes violated invariants.',
      ['code'],
    ),
    stale: counter('parley_stale_events_total', 'Events of ended children, which were ignored.'),
    vadWindows: histogram(
      'parley_vad_batch_windows',
      'Windows of 32 ms in one run of the model.',
      [1, 2, 4, 8, 16, 24, 32, 48, 64],
    ),
    vadRun: histogram('parley_vad_run_seconds', 'Duration of one run of the model.', DELAY_SECONDS),
    stopDropped: counter(
      'parley_voice_stop_dropped_seconds_total',
      'Possible speech that was not searched for a stop phrase, because the threads were busy.',
    ),
    commit: histogram(
      'parley_store_commit_seconds',
      'Time from sending a group of records to the thread of the store until it is on disk.',
      STAGE_SECONDS,
    ),
    engineEvents: counter(
      'parley_engine_events_total',
      'Events of the engine chains: asked, failed, switched, hedged, breaker and so on.',
      ['kind', 'engine', 'event'],
    ),
    engineFirstByte: histogram(
      'parley_engine_first_byte_seconds',
      'Time from a request to the first token or audio; of a recogniser, from the end of the audio to its transcript.',
      STAGE_SECONDS,
      ['kind', 'engine'],
    ),
    loopDelay: histogram(
      'parley_event_loop_delay_seconds',
      'Lateness of a timer of the main thread, measured every 50 ms.',
      DELAY_SECONDS,
    ),
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

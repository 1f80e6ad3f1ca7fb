import { percentile } from '../../statistics.ts';
import { firstAudio, flushes, outcomes } from '../load/analysis.ts';
import type { LoadPlan } from '../load/reports.ts';
import type { LoadResult } from '../load/world.ts';
import { type Row, spreadRow, valueRow } from '../report/rows.ts';
import { shown } from '../report/table.ts';
import { type Benchmark, startWorld } from './benchmark.ts';
import { interruptEvery } from './conversations.ts';

type Client = Exclude<LoadPlan['client'], undefined | 'native-echo-unknown' | 'native-40ms'>;

/** Each is measured this many times, in turns, so that a disturbance of the machine meets all of them. */
const ROUNDS = 3;
const SIZES = [10, 50];
const QUICK_SIZES = [2];
const RAMP_MS = 4_000;
const MEASURE_MS = 14_000;

const NAMES: Readonly<Record<Client, string>> = {
  native: 'native, 16 kHz',
  'native-24k': 'native, 24 kHz',
  realtime: 'Realtime',
};
const CLIENTS: readonly Client[] = ['native', 'native-24k', 'realtime'];

/** First audio, barge-in and processor time of OpenAI Realtime beside those of the native endpoint. */
export const realtimeBenchmark: Benchmark = {
  name: 'realtime',
  run: async (context) => {
    const { quick } = context.options;
    const world = await startWorld(context, { bus: 'in-process' });
    const load = (client: Client, sessions: number, measureMs: number) =>
      world.load({
        ...{ does: 'talk', client, sessions, measureMs },
        ...{ interruptEvery: interruptEvery(sessions), rampMs: quick ? 1_000 : RAMP_MS },
      });
    context.progress('warm-up');
    for (const client of CLIENTS) await load(client, quick ? 2 : 10, quick ? 1_500 : 8_000);
    const rows: Row[] = [];
    const notes: string[] = [];
    for (const sessions of quick ? QUICK_SIZES : SIZES) {
      const measured = new Map<Client, LoadResult[]>(CLIENTS.map((client) => [client, []]));
      for (let round = 1; round <= (quick ? 1 : ROUNDS); round++)
        for (const client of CLIENTS) {
          context.progress(`${sessions} sessions, ${NAMES[client]}, round ${round}`);
          measured.get(client)?.push(await load(client, sessions, quick ? 6_000 : MEASURE_MS));
        }
      rows.push(...rowsOf(sessions, measured));
      for (const [client, results] of measured)
        notes.push(`${sessions}, ${NAMES[client]}: ${partsOf(results)}`);
      const errors = [...measured.values()].flat().flatMap((result) => outcomes(result).errors);
      if (errors.length > 0) notes.push(`${sessions}: errors ${[...new Set(errors)].join(', ')}`);
    }
    await world.stop();
    return {
      name: 'realtime',
      method: [
        'Both endpoints of one server with the same users, in turns; own share as in `first-audio`. Barge-in: the log of the VAD’s speech event →',
        '`flush` at a native client, `speech_started` at one of Realtime. CPU is the server’s, all threads. The goals compare with 24 kHz, which Realtime has.',
      ],
      rows,
      notes,
    };
  },
};

/** Medians of the four gaps of first audio, in ms. */
function partsOf(results: readonly LoadResult[]): string {
  const turns = results.flatMap(firstAudio);
  const middle = (pick: (turn: (typeof turns)[number]) => number) => shown(percentile(turns.map(pick), 0.5));
  return `medians of the parts: to STT ${middle((turn) => turn.toSttMs)}, to LLM ${middle((turn) => turn.toLlmMs)}, to TTS ${middle((turn) => turn.toTtsMs)}, to the client ${middle((turn) => turn.toClientMs)} ms`;
}

interface Figures {
  readonly ownMs: readonly number[];
  readonly flushMs: readonly number[];
  /** Of one core, for each session. */
  readonly cpuPercent: number;
}

function rowsOf(sessions: number, measured: ReadonlyMap<Client, readonly LoadResult[]>): Row[] {
  const rows: Row[] = [];
  const figures = new Map<Client, Figures>();
  for (const [client, results] of measured) {
    const own = figuresOf(sessions, results);
    figures.set(client, own);
    const place = (what: string) => ({ what: `${NAMES[client]}: ${what}`, sessions });
    const lost = results.map(outcomes).reduce((sum, { failed, unanswered }) => sum + failed + unanswered, 0);
    rows.push(
      spreadRow(place('own share of first audio'), 'ms', own.ownMs),
      spreadRow(place('VAD’s word → flush'), 'ms', own.flushMs),
      valueRow(place('CPU a session'), '% of a core', own.cpuPercent),
      valueRow(place('turns failed or unanswered'), '', lost, { atMost: 0 }),
    );
  }
  const [same, realtime] = [figures.get('native-24k'), figures.get('realtime')];
  if (!same || !realtime) return rows;
  const more = (pick: (of: Figures) => readonly number[]) =>
    percentile([...pick(realtime)], 0.5) - percentile([...pick(same)], 0.5);
  rows.push(
    valueRow(
      { what: 'first audio, Realtime more than native (medians)', sessions },
      'ms',
      more((of) => of.ownMs),
      { atMost: 2 },
    ),
    valueRow(
      { what: 'barge-in, Realtime more than native (medians)', sessions },
      'ms',
      more((of) => of.flushMs),
      { atMost: 2 },
    ),
    valueRow(
      { what: 'CPU, Realtime more than native', sessions },
      '%',
      100 * (realtime.cpuPercent / same.cpuPercent - 1),
      { atMost: 10 },
    ),
  );
  return rows;
}

function figuresOf(sessions: number, results: readonly LoadResult[]): Figures {
  const cpuMs = results.reduce((sum, { usage }) => sum + usage.to.cpuMs - usage.from.cpuMs, 0);
  const wallMs = results.reduce((sum, { usage }) => sum + usage.to.atMs - usage.from.atMs, 0);
  return {
    ownMs: results.flatMap((result) => firstAudio(result).map(({ overheadMs }) => overheadMs)),
    flushMs: results.flatMap(flushes),
    cpuPercent: (100 * cpuMs) / wallMs / sessions,
  };
}

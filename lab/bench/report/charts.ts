import { lineChart, type Series } from './chart.ts';
import type { BenchmarkResult, Row, Spread } from './rows.ts';

interface Plot {
  readonly benchmark: string;
  readonly file: string;
  readonly title: string;
  readonly subtitle: string;
  /** The row that is drawn. */
  readonly what: string;
  readonly goal: { readonly value: number; readonly name: string };
}

const PLOTS: readonly Plot[] = [
  {
    benchmark: 'first-audio',
    file: 'first-audio',
    title: 'End of turn to first audio: Parley’s own share',
    subtitle: 'Beyond the endpoint delay and the engines’ own time; WebSocket and VAD included',
    what: 'Parley’s own share',
    goal: { value: 20, name: '20 ms' },
  },
  {
    benchmark: 'barge-in',
    file: 'barge-in',
    title: 'Barge-in: the VAD hears speech, the client is silent',
    subtitle: 'To `playback` paused and the last audio frame at the client',
    what: 'VAD’s word → silence',
    goal: { value: 20, name: '20 ms' },
  },
  {
    benchmark: 'jitter',
    file: 'jitter',
    title: 'How evenly frames of 20 ms arrive',
    subtitle: 'Distance of a frame from its place in an even row',
    what: 'frame off its place',
    goal: { value: 20, name: '20 ms' },
  },
  {
    benchmark: 'capacity',
    file: 'capacity',
    title: 'One process on one core',
    subtitle: 'Own share of first audio, by sessions in conversation at once',
    what: 'own share of first audio',
    goal: { value: 20, name: '20 ms' },
  },
];

const PERCENTILES = [
  ['p50', 'median'],
  ['p99', 'p99'],
] as const satisfies readonly (readonly [keyof Spread, string])[];

/** The charts of these results, by file name without extension. */
export function chartsOf(results: readonly BenchmarkResult[]): Map<string, string> {
  const charts = new Map<string, string>();
  for (const { benchmark, file, what, ...labels } of PLOTS) {
    const rows =
      results.find(({ name }) => name === benchmark)?.rows.filter((row) => row.what === what) ?? [];
    if (rows.length === 0) continue;
    const sizes = [...new Set(rows.flatMap(({ sessions }) => (sessions === undefined ? [] : [sessions])))];
    sizes.sort((a, b) => a - b);
    charts.set(
      file,
      lineChart({
        ...labels,
        unit: rows[0]?.unit ?? '',
        xLabel: 'sessions at once',
        x: sizes.map(String),
        series: seriesOf(rows, sizes),
      }),
    );
  }
  return charts;
}

function seriesOf(rows: readonly Row[], sizes: readonly number[]): Series[] {
  const buses = [...new Set(rows.map(({ bus }) => bus))];
  return buses.flatMap((bus, colour) =>
    PERCENTILES.map(([at, name]) => ({
      name: bus === undefined ? name : `${name}, ${bus}`,
      dashed: at === 'p50',
      colour,
      values: sizes.map((size) => rows.find((row) => row.bus === bus && row.sessions === size)?.spread?.[at]),
    })),
  );
}

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import * as z from 'zod';

const readme = fileURLToPath(new URL('../../README.md', import.meta.url));
const results = z
  .object({
    at: z.string(),
    machine: z.object({ cores: z.number(), processor: z.string() }),
    benchmarks: z.array(
      z.object({
        name: z.string(),
        rows: z.array(
          z.object({
            what: z.string(),
            bus: z.string().optional(),
            sessions: z.number().optional(),
            spread: z.object({ p50: z.number().nullable(), p99: z.number().nullable() }).nullish(),
            value: z.number().nullish(),
          }),
        ),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync(new URL('../../lab/results.json', import.meta.url), 'utf8')));

type Row = (typeof results.benchmarks)[number]['rows'][number];
const ms = ({ spread }: Row) => `${spread?.p50?.toFixed(1)} ms, p99 ${spread?.p99?.toFixed(1)} ms`;

/** What a figure of the README is, and where `lab/results.json` has it. */
const FIGURES: readonly {
  readonly what: string;
  readonly of: readonly [benchmark: string, row: string, sessions: number];
  readonly shown: (row: Row) => string;
}[] = [
  {
    what: 'end of speech → first audio, without the engines’ own time, 10 sessions',
    of: ['first-audio', 'Parley’s own share', 10],
    shown: ms,
  },
  {
    what: 'the user interrupts → silence, after the detector’s word, 10 sessions',
    of: ['barge-in', 'VAD’s word → silence', 10],
    shown: ms,
  },
  { what: 'a frame off its place, 10 sessions', of: ['jitter', 'frame off its place', 10], shown: ms },
  {
    what: 'a phrase in the cache, end of turn → first audio, 20 sessions',
    of: ['cached-phrase', 'end of turn → first audio', 20],
    shown: ms,
  },
  {
    what: 'a language engine fails → the next is asked, 20 sessions',
    of: ['failover', 'llm: failed → next asked', 20],
    shown: ms,
  },
  {
    what: 'a talking session’s share of a core, 25 sessions',
    of: ['capacity', 'CPU a session, talking', 25],
    shown: ({ value }) => `${value?.toFixed(1)} %`,
  },
];

it('the README has the figures of lab/results.json (write them with `npx vitest run test/docs/figures.test.ts -u`)', async () => {
  const between = /(<!-- figures: made from lab\/results.json -->\n\n)[\s\S]*?(\n<!-- end of figures -->)/u;
  const text = readFileSync(readme, 'utf8');
  expect(text).toMatch(between);
  await expect(text.replace(between, (_, head, tail) => head + table() + tail)).toMatchFileSnapshot(readme);
});

function table(): string {
  const rows = FIGURES.map(({ what, of: [benchmark, name, sessions], shown }) => {
    const row = results.benchmarks
      .find((one) => one.name === benchmark)
      ?.rows.find(
        (one) => one.what === name && one.sessions === sessions && (one.bus ?? 'in-process') === 'in-process',
      );
    if (!row) throw new Error(`lab/results.json has no ${benchmark}: ${name}, ${sessions} sessions`);
    return `| ${what} | ${shown(row)} |`;
  });
  const { machine } = results;
  return `| on ${machine.cores} × ${machine.processor} | median |\n|---|---|\n${rows.join('\n')}\n`;
}

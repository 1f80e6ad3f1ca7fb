import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { temporaryFolder } from './support/after-test.ts';

/** What it takes alone is some 15 s; a busy machine takes longer, and the figures do not matter here. */
const PATIENCE_MS = 600_000;

const figures = z.object({
  count: z.number(),
  p50: z.number().nullable(),
  p95: z.number().nullable(),
  p99: z.number().nullable(),
  max: z.number().nullable(),
});
const report = z.object({
  machine: z.object({
    node: z.string(),
    processor: z.string(),
    cores: z.number(),
    memoryGigabytes: z.number(),
  }),
  quick: z.literal(true),
  at: z.iso.datetime(),
  loadAverage: z.object({ before: z.number(), after: z.number() }),
  elapsedSeconds: z.number(),
  benchmarks: z.array(
    z.object({
      name: z.string(),
      method: z.tuple([z.string(), z.string()]),
      notes: z.array(z.string()),
      rows: z.array(
        z
          .object({
            what: z.string(),
            // The bare relay has no bus, and one session.
            bus: z.literal('in-process').exactOptional(),
            sessions: z.literal([1, 2]),
            unit: z.string(),
          })
          .and(z.union([z.object({ spread: figures }), z.object({ value: z.number().nullable() })])),
      ),
    }),
  ),
});

let folder = '';
beforeEach(async () => {
  folder = await temporaryFolder();
});

describe('npm run bench', () => {
  it(
    'measures first audio with two sessions and writes figures, table and chart',
    async () => {
      const json = join(folder, 'report.json');
      const bench = run(
        '--quick',
        '--only',
        'first-audio',
        '--sessions',
        '2',
        '--json',
        json,
        '--out',
        folder,
      );
      const [code] = await once(bench, 'close');

      expect(code).toBe(0);
      const { benchmarks } = report.parse(JSON.parse(await readFile(json, 'utf8')));
      expect(benchmarks.map(({ name }) => name)).toEqual(['first-audio']);
      expect(benchmarks[0]?.rows.map(({ what }) => what)).toEqual([
        'a bare relay in a server’s place',
        'Parley’s own share',
        '· all of it',
        '· turns failed or unanswered',
      ]);
      expect(await readFile(join(folder, 'results.md'), 'utf8')).toContain('## first-audio');
      expect(await readFile(join(folder, 'first-audio.svg'), 'utf8')).toMatch(/^<svg [\s\S]*<\/svg>\n$/u);
    },
    PATIENCE_MS,
  );
});

function run(...args: string[]): ChildProcess {
  const script = fileURLToPath(new URL('../dist/lab/bench/bench.js', import.meta.url));
  return spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

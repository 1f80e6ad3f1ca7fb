import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { restoreSession } from '../../actors/records/restore.ts';
import { defaultParameters } from '../../machines/parameters.ts';
import { initialContext } from '../../machines/session/context.ts';
import { CONTEXT_VERSION } from '../../machines/session/context-version.ts';

/**
 * A stored snapshot of each version, `context-<version>.json`, taken in the middle of a reply with a running action. A new version adds
 * one (`npx tsx scripts/record-snapshot.ts`) and never changes an older one.
 */
const SAMPLES = new URL('./', import.meta.url);

const sampleSchema = z.object({
  contextVersion: z.int(),
  snapshot: z.object({ kernel: z.object({ context: z.record(z.string(), z.json()) }).loose() }).loose(),
});
const samples = readdirSync(SAMPLES)
  .filter((name) => name.endsWith('.json'))
  .map((name) => sampleSchema.parse(JSON.parse(readFileSync(new URL(name, SAMPLES), 'utf8'))));

describe('the stored samples of snapshots', () => {
  it('are of every version', () => {
    const versions = samples.map(({ contextVersion }) => contextVersion).sort((a, b) => a - b);
    expect(versions).toEqual(Array.from({ length: CONTEXT_VERSION }, (_, i) => i + 1));
  });

  it.each(samples)(
    'a session of version $contextVersion is resumed: its reply and its action end once',
    (sample) => {
      const record = { ...sample, snapshot: JSON.stringify(sample.snapshot) };
      const { kernel, listener } = restoreSession(record, { parameters: defaultParameters }) ?? {};
      const { commands = [] } =
        kernel?.step({ type: 'resumed', ...(listener && { listener }) }, kernel.nowMs) ?? {};
      const said = commands.flatMap((command) => (command.type === 'publish' ? [command.message] : []));
      expect(said.filter(({ type }) => type === 'action')).toMatchObject([{ status: 'failed' }]);
      expect(said.filter(({ type }) => type === 'reply.end')).toMatchObject([{ reason: 'interrupted' }]);
      expect(kernel?.state).toBe('idle');
      expect(kernel?.context.history.length).toBeGreaterThan(0);
    },
  );

  it('have no member of the context that the current version has lost without a migration', () => {
    const newest = samples.find(({ contextVersion }) => contextVersion === CONTEXT_VERSION);
    const input = { language: 'en', outputRate: 24_000, seed: 1, memory: false } as const;
    const known = Object.keys(initialContext(input, defaultParameters));
    expect(
      Object.keys(newest?.snapshot.kernel.context ?? {}).filter((name) => !known.includes(name)),
    ).toEqual([]);
  });
});

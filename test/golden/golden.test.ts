import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseJournalFile } from '../../server/journal-file.ts';
import { machineHash } from '../../server/machine-hash.ts';
import { describeReport, replayHere } from '../../server/replay/replay.ts';

const folder = fileURLToPath(new URL('./', import.meta.url));
const names = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
/** Journals of older versions that decided otherwise, on purpose: at which record first, and why. */
const differences = z
  .record(z.string(), z.object({ record: z.int(), why: z.string().min(1) }))
  .parse(JSON.parse(readFileSync(join(folder, 'differences.json'), 'utf8')));

describe('golden journals', () => {
  it('are there', () => {
    expect(names.length).toBeGreaterThan(2);
    expect(names).toEqual(expect.arrayContaining(Object.keys(differences)));
  });

  it.each(names)('%s comes out as it was recorded', (name) => {
    const { journal } = parseJournalFile(readFileSync(join(folder, name), 'utf8'), name);
    const report = replayHere(journal, machineHash());
    const known = differences[name];
    if (known) expect(report, known.why).toMatchObject({ code: 'REPLAY_DIVERGED', record: known.record });
    else expect(report.matches, describeReport(report)).toBe(true);
  });
});

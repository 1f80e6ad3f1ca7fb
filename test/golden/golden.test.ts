import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseJournalFile } from '../../server/journal-file.ts';
import { machineHash } from '../../server/machine-hash.ts';
import { describeReport, replayHere } from '../../server/replay/replay.ts';

const folder = fileURLToPath(new URL('./', import.meta.url));
const names = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
describe('golden journals', () => {
  it('are there', () => {
    expect(names.length).toBeGreaterThan(2);
  });

  it.each(names)('%s comes out as it was recorded', (name) => {
    const { journal } = parseJournalFile(readFileSync(join(folder, name), 'utf8'), name);
    const report = replayHere(journal, machineHash());
    expect(report.matches, describeReport(report)).toBe(true);
  });
});

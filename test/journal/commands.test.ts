import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { sqliteStore } from '../../adapters/store/sqlite.ts';
import type { Journal } from '../../machines/journal/record.ts';
import { main } from '../../server/cli.ts';
import { journalLines, piecesOf } from '../../server/journal-file.ts';
import { temporaryFolder } from '../support/after-test.ts';
import { recordedJournal } from './harness.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
let journal: Journal;
let text: string;
let folder: string;
let file: string;
let printed: string[];

beforeAll(async () => {
  journal = await recordedJournal();
  text = [...journalLines({ journal, audio: [] })].join('');
});
beforeEach(async () => {
  folder = await temporaryFolder();
  file = join(folder, 'talk.jsonl');
  writeFileSync(file, text);
  printed = [];
  for (const method of ['log', 'error'] as const)
    vi.spyOn(console, method).mockImplementation((line: unknown) => void printed.push(String(line)));
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Runs the command line; what it printed is in `printed`. */
function run(...args: string[]): Promise<number> {
  printed = [];
  return main([...args, '--data-dir', folder]);
}

function output(): string {
  return printed.join('\n');
}

/** A copy of this version's machine in which turns end later. */
function slowerVersion(): string {
  const other = join(folder, 'other');
  cpSync(join(root, 'machines'), join(other, 'machines'), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(other, 'node_modules'), 'dir');
  writeFileSync(join(other, 'package.json'), '{"type":"module"}');
  const policy = join(other, 'machines', 'session', 'turn', 'endpointing.ts');
  const source = readFileSync(policy, 'utf8');
  const changed = source.replaceAll(/parameters\.(\w*[dD]elayMs)/gu, '(parameters.$1 + 50)');
  expect(changed).not.toBe(source);
  writeFileSync(policy, changed);
  return other;
}

describe('parley replay', () => {
  it('reports a session that replays as recorded, from a file and from the store', async () => {
    expect(await run('replay', file)).toBe(0);
    expect(output()).toContain(
      `${journal.records.length} of ${journal.records.length} records, all as recorded`,
    );
    expect(await run('journal', 'import', file)).toBe(0);
    expect(await run('replay', 'talk', '--json')).toBe(0);
    expect(JSON.parse(output())).toMatchObject({ session: 'talk', matches: true, status: 'ended' });
    expect(await run('replay', '--all')).toBe(0);
  });

  it('fails with the code and the record of the problem', async () => {
    const lines = text.split('\n');
    writeFileSync(file, lines.toSpliced(10, 1).join('\n'));
    expect(await run('replay', file)).toBe(1);
    expect(output()).toContain('record 9');
    expect(output()).toContain('JOURNAL_GAP');
    writeFileSync(file, text.replace('tell me', 'sell me'));
    expect(await run('replay', file, '--json')).toBe(1);
    expect(JSON.parse(output())).toMatchObject({ matches: false, code: 'JOURNAL_ALTERED' });
  });

  it('stops at the given event', async () => {
    expect(await run('replay', file, '--until', '12', '--json')).toBe(0);
    expect(JSON.parse(output()).records).toBeLessThan(journal.records.length);
    expect(await run('replay', file, '--until', 'soon')).toBe(2);
  });

  it('shows where another version decides differently: the event, and both sides', async () => {
    const other = slowerVersion();
    expect(await run('replay', file, '--against', other)).toBe(1);
    expect(output()).toMatch(/differs at event \d+ \(record \d+, \d+\.\d+ s\)/u);
    expect(output()).toMatch(/event, from ear\n {4}\{/u);
    expect(output()).toMatch(/\n {4}- .*"delayMs":\d+.*endpointDelay/u);
    expect(output()).toMatch(/\n {4}\+ .*"delayMs":\d+.*endpointDelay/u);
    expect(await run('replay', file, '--against', other, '--json')).toBe(1);
    const { difference } = JSON.parse(output());
    expect(difference).toMatchObject({ source: 'ear', differs: 'commands' });
    expect(difference.recorded.state).toEqual(difference.replayed.state);
  });

  it('finds no difference to this checkout, and refuses an invalid version', async () => {
    expect(await run('replay', file, '--against', root)).toBe(0);
    expect(await run('replay', file, '--against', folder)).toBe(1);
    expect(output()).toContain('REPLAY_AGAINST');
    expect(await run('replay', file, '--against', 'no-such-revision')).toBe(1);
    expect(output()).toContain('REPLAY_AGAINST');
  });

  it('refuses unknown sessions, and a call without sessions', async () => {
    expect(await run('replay', 'unknown')).toBe(1);
    expect(output()).toContain('SESSION_UNKNOWN');
    expect(await run('replay')).toBe(2);
  });
});

describe('parley journal', () => {
  it('lists, exports what was imported byte for byte, and deletes', async () => {
    await run('journal', 'import', file);
    expect(output()).toBe('talk');
    await run('journal', 'list');
    expect(output()).toMatch(/^talk {2}2026-01-02T03:04:05\.000Z {2}ended, \d+ records, \d+ kB$/u);
    const store = sqliteStore({ path: join(folder, 'parley.db') });
    const [shown] = await store.overviews({ limit: 1 });
    await store.close();
    const turns = journal.records.filter(({ commands }) => commands.includes('"persist"')).length;
    expect(turns).toBeGreaterThan(0);
    expect(shown).toMatchObject({
      session: 'talk',
      turns,
      lastText: expect.stringMatching(/\w/u),
      language: 'en',
    });
    const copy = join(folder, 'copy.jsonl');
    expect(await run('journal', 'export', 'talk', '--output', copy)).toBe(0);
    expect(readFileSync(copy, 'utf8')).toBe(text);
    expect(await run('journal', 'delete', 'talk')).toBe(0);
    expect(await run('journal', 'delete', 'talk')).toBe(1);
    expect(output()).toContain('SESSION_UNKNOWN');
  });

  it('refuses to import a journal that was changed', async () => {
    writeFileSync(file, text.replace('tell me', 'sell me'));
    expect(await run('journal', 'import', file)).toBe(1);
    expect(output()).toContain('JOURNAL_ALTERED');
  });

  it('deletes a session that has not ended only with --force', async () => {
    const store = sqliteStore({ path: join(folder, 'parley.db') });
    const footer = { status: 'open' as const, records: null };
    await store.importJournal(journal, piecesOf({ journal: { ...journal, footer }, audio: [] }));
    await store.close();
    expect(await run('journal', 'delete', 'talk')).toBe(1);
    expect(output()).toContain('SESSION_OPEN');
    expect(await run('journal', 'delete', 'talk', '--force')).toBe(0);
  });
});

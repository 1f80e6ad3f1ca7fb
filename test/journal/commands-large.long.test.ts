import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../adapters/store/sha256.ts';
import { endLine, headerLine, recordLine } from '../../machines/journal/lines.ts';
import { JOURNAL_FORMAT, type JournalHeader, type JournalRecord } from '../../machines/journal/record.ts';
import { chainAfter, headerHash, stateHashOf } from '../../machines/journal/writer.ts';
import { defaultParameters } from '../../machines/parameters.ts';
import { folderOfFile } from '../support/after-test.ts';
import { COMMAND } from '../support/processes.ts';

const MEGABYTES = 80;
const RECORDS = 15_000;
/** Far less than the journal. */
const HEAP_MB = 64;

const folder = folderOfFile();
const file = join(folder, 'large.jsonl');
beforeAll(() => pipeline(Readable.from(lines('large')), createWriteStream(file)), 120_000);

/** A journal of `RECORDS` records and `MEGABYTES`, with valid hashes. */
function* lines(session: string): Generator<string> {
  const header: JournalHeader = {
    ...{ format: JOURNAL_FORMAT, session, machine: 'm', version: '0.1.0' },
    startedAt: '2026-01-02T03:04:05.000Z',
    parameters: defaultParameters,
    input: { language: 'en', outputRate: 24_000, seed: 1, memory: false },
  };
  let before = headerHash(header, sha256);
  yield `${headerLine({ header, headerHash: before })}\n`;
  const event = JSON.stringify({ type: 'text', text: 'x'.repeat((MEGABYTES * 1_000_000) / RECORDS) });
  for (let number = 0; number < RECORDS; number++) {
    const facts = { record: number, seq: number, t: number, generation: 0, stale: false };
    const unhashed = { ...facts, source: 'client' as const, event, change: '[]', commands: '[]' };
    const stateHash = stateHashOf(unhashed, before, sha256);
    const record: JournalRecord = { ...unhashed, stateHash, commandsHash: sha256('[]') };
    before = chainAfter(record);
    yield `${recordLine(record)}\n`;
  }
  yield `${endLine({ footer: { status: 'ended', records: RECORDS } })}\n`;
}

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

async function ended(child: ChildProcess): Promise<Ended> {
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [output, errors] = await Promise.all(
    [child.stdout, child.stderr].map((stream) => (stream ? text(stream) : '')),
  );
  return { code: await code, output: output ?? '', errors: errors ?? '' };
}

/** `parley` with a small heap. */
function small(...args: string[]): Promise<Ended> {
  const node = [`--max-old-space-size=${HEAP_MB}`, COMMAND];
  return ended(
    spawn(process.execPath, [...node, ...args, '--data-dir', join(folder, 'data')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
}

/** Runs a shell line, in which `parley` is the command and `$DATA` its data directory. */
function shell(line: string): Promise<Ended> {
  const parley = `'${process.execPath}' '${COMMAND}'`;
  return ended(
    spawn('sh', ['-c', line.replaceAll('parley', parley)], {
      env: { ...process.env, DATA: join(folder, 'data') },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
}

describe('a journal that is larger than the memory', () => {
  it(`is imported, exported, and piped to a reader that leaves early, with a heap of ${HEAP_MB} MB`, async () => {
    expect(statSync(file).size).toBeGreaterThan(MEGABYTES * 1_000_000);
    expect(await small('journal', 'import', file)).toEqual({ code: 0, output: 'large\n', errors: '' });
    const copy = join(folder, 'copy.jsonl');
    expect(await small('journal', 'export', 'large', '--output', copy)).toMatchObject({
      code: 0,
      errors: '',
    });
    expect(statSync(copy)).toMatchObject({ size: statSync(file).size });
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    const head = await shell('parley journal export large --data-dir "$DATA" | head -1');
    expect(head.errors).toBe('');
    expect(head.output).toMatch(/^\{"type":"header"/u);
    const gone = await shell(
      '{ parley journal export large --data-dir "$DATA"; echo "code $?" >&2; } | head -1',
    );
    expect(gone.errors).toBe('code 141\n');
  }, 240_000);

  it('is refused if one line is 600 MB long, without reading all of it', async () => {
    const long = join(folder, 'long.jsonl');
    writeFileSync(long, '');
    truncateSync(long, 600_000_000);
    for (const args of [
      ['journal', 'import', long],
      ['replay', long],
    ]) {
      const { code, output, errors } = await small(...args);
      expect(code).toBe(1);
      expect(output + errors).toContain('line 1 is longer than 16 MB');
      expect(output + errors).toContain('code: JOURNAL_FORMAT');
      expect(errors).not.toMatch(/\n\s+at /u);
    }
  });
});

it('a limit of 64 open files gives one clear error', async () => {
  const { code, errors } = await shell('ulimit -n 64; parley serve --port 0 --data-dir "$DATA"');
  expect(code).toBe(1);
  expect(errors).toContain('code: TOO_FEW_FILES');
  expect(errors).toContain('ulimit -n 4096');
  expect(errors).not.toMatch(/\n\s+at /u);
});

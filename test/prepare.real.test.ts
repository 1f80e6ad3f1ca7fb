import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from './support/after-test.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const lockModule = new URL('../native/lock.mjs', import.meta.url).href;

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

function node(args: readonly string[], cwd = root): Promise<Ended> {
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const parts: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => parts.push(text));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, output: parts.join('') })));
}

describe('the lock between processes', () => {
  const ROUNDS = 3;

  /**
   * A process that takes the lock in each round, and holds it until this test answers. Appends `in` and `out` to the
   * log that all processes share.
   */
  function contender(at: string, onSaid: (line: string, release: () => void) => void) {
    const code = `
      import { appendFileSync } from 'node:fs';
      import { once } from 'node:events';
      import { withLock } from ${JSON.stringify(lockModule)};
      const log = (line) => appendFileSync(${JSON.stringify(join(at, 'log'))}, line + '\\n');
      for (let round = 0; round < ${ROUNDS}; round++)
        await withLock(${JSON.stringify(join(at, 'lock'))}, () => console.log('waits'), async () => {
          log('in');
          console.log('holds');
          await once(process.stdin, 'data');
          log('out');
        });
      process.stdin.destroy();`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    createInterface(child.stdout).on('line', (line) => onSaid(line, () => child.stdin.write('\n')));
    return new Promise<number | null>((resolve) => child.on('close', resolve));
  }

  it('lets one process in at a time', async () => {
    const at = await temporaryFolder();
    let waiting = 0;
    let held: (() => void) | undefined;
    // The first holder keeps the lock until both others have found it taken.
    const onSaid = (line: string, release: () => void) => {
      if (line === 'waits') waiting++;
      else if (waiting >= 2) return release();
      else held = release;
      if (waiting === 2) held?.();
    };
    const codes = await Promise.all([1, 2, 3].map(() => contender(at, onSaid)));
    expect(codes).toEqual([0, 0, 0]);
    expect(readFileSync(join(at, 'log'), 'utf8')).toBe('in\nout\n'.repeat(3 * ROUNDS));
  });

  it('is taken over from a process that died, by one of those who wait', async () => {
    const at = await temporaryFolder();
    const dead = await node(['-p', 'process.pid']);
    mkdirSync(join(at, 'lock'));
    writeFileSync(join(at, 'lock', 'pid'), dead.output.trim());
    const onSaid = (line: string, release: () => void) => {
      if (line === 'holds') release();
    };
    const codes = await Promise.all([1, 2].map(() => contender(at, onSaid)));
    expect(codes).toEqual([0, 0]);
    expect(readFileSync(join(at, 'log'), 'utf8')).toBe('in\nout\n'.repeat(2 * ROUNDS));
    expect(existsSync(join(at, 'lock'))).toBe(false);
  });
});

describe('two starts in one fresh clone', () => {
  it('compile it once, and both run', { timeout: 180_000 }, async () => {
    const clone = await temporaryFolder();
    const skipped = new Set(
      ['node_modules', 'dist', '.dist', '.git', '.parley', 'docs', 'test'].map((name) => join(root, name)),
    );
    cpSync(root, clone, { recursive: true, filter: (source) => !skipped.has(source) });
    symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'));
    const ended = await Promise.all([1, 2].map(() => node(['bin/parley.mjs', '--version'], clone)));
    const output = ended.map((one) => one.output);
    expect(
      ended.map((one) => one.code),
      output.join(''),
    ).toEqual([0, 0]);
    expect(output.filter((text) => text.includes('compiling …'))).toHaveLength(1);
    expect(output.join('')).toContain('is compiling; waiting for it');
  });
});

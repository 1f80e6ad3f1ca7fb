import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const lockModule = new URL('../native/lock.mjs', import.meta.url).href;

const folders: string[] = [];
function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'parley-prepare-'));
  folders.push(made);
  return made;
}
afterEach(() => {
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
});

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
  /** Appends `in` and `out` around its work to a file that all processes share. */
  const worker = (path: string, log: string) => `
    import { appendFileSync } from 'node:fs';
    import { setTimeout } from 'node:timers/promises';
    import { withLock } from ${JSON.stringify(lockModule)};
    for (let round = 0; round < 3; round++)
      await withLock(${JSON.stringify(path)}, () => {}, async () => {
        appendFileSync(${JSON.stringify(log)}, 'in\\n');
        await setTimeout(5);
        appendFileSync(${JSON.stringify(log)}, 'out\\n');
      });`;

  it('lets one process in at a time', async () => {
    const at = folder();
    const log = join(at, 'log');
    const code = worker(join(at, 'lock'), log);
    const ended = await Promise.all([1, 2, 3].map(() => node(['--input-type=module', '-e', code])));
    expect(ended.map((one) => one.code)).toEqual([0, 0, 0]);
    expect(readFileSync(log, 'utf8')).toBe('in\nout\n'.repeat(9));
  });

  it('is taken over from a process that died, by one of those who wait', async () => {
    const at = folder();
    const log = join(at, 'log');
    const dead = await node(['-p', 'process.pid']);
    mkdirSync(join(at, 'lock'));
    writeFileSync(join(at, 'lock', 'pid'), dead.output.trim());
    const code = worker(join(at, 'lock'), log);
    const ended = await Promise.all([1, 2].map(() => node(['--input-type=module', '-e', code])));
    expect(ended.map((one) => one.code)).toEqual([0, 0]);
    expect(readFileSync(log, 'utf8')).toBe('in\nout\n'.repeat(6));
    expect(existsSync(join(at, 'lock'))).toBe(false);
  });
});

describe('two starts in one fresh clone', () => {
  it('compile it once, and both run', { timeout: 180_000 }, async () => {
    const clone = folder();
    const skipped = new Set(
      ['node_modules', 'dist', '.git', '.parley', 'docs', 'test'].map((name) => join(root, name)),
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

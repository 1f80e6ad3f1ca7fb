import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** What it takes alone is some 15 s; a busy machine takes longer, and the figures do not matter here. */
const PATIENCE_MS = 600_000;

describe('npm run bench', () => {
  it(
    'ends all that it started when it is broken off',
    async () => {
      const bench = run('--quick', '--only', 'first-audio', '--sessions', '2');
      await line(bench, /2 sessions in conversation/u);

      bench.kill('SIGINT');

      // Its processes write to the same standard error: that is closed when the last of them is gone.
      const [code] = await once(bench, 'close');
      expect(code).toBe(130);
    },
    PATIENCE_MS,
  );

  it(
    'says what it can do when it is asked for what it cannot',
    async () => {
      const bench = run('--only', 'everything');
      const told = line(bench, /unknown benchmark everything; known: first-audio, /u);
      const [code] = await once(bench, 'close');
      expect(code).toBe(2);
      await told;
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

/** Resolves with the first line of standard error that matches; rejects if it ends without one. */
function line(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    if (!child.stderr) return reject(new Error('no standard error'));
    const lines: string[] = [];
    const reader = createInterface(child.stderr);
    reader.on('line', (text) => {
      lines.push(text);
      if (pattern.test(text)) resolve(text);
    });
    reader.on('close', () => reject(new Error(`not said: ${pattern}\n${lines.join('\n')}`)));
  });
}

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { beforeEach, describe, expect, it } from 'vitest';
import { afterTest } from '../../test/support/after-test.ts';
import { sqliteStore } from './sqlite.ts';
import { loadSqlite } from './sqlite-binding.ts';
import { path, SESSION, useStoreFolder } from './store-test-util.ts';

useStoreFolder();
beforeEach(async () => {
  const store = sqliteStore({ path });
  await store.saveSession(SESSION);
  await store.close();
});

/** Generations of the turns in the file. */
async function kept(): Promise<number[]> {
  const store = sqliteStore({ path });
  const turns = await store.turns('s1');
  await store.close();
  return turns.map(({ generation }) => generation);
}

describe('sqliteStore in a process that dies', () => {
  const module = JSON.stringify(new URL('../../dist/adapters/store/sqlite.js', import.meta.url).href);

  function run(body: string): ChildProcess {
    const code = `import { sqliteStore } from ${module};
      const store = sqliteStore({ path: process.argv[1] });
      const turn = (generation) => ({ session: 's1', turn: generation, generation, userText: 'u', replyText: 'r'.repeat(2000),
        heard: 'h', reason: 'completed', timings: {}, endedAtMs: generation });
      ${body}`;
    const args = ['--input-type=module', '--eval', code, path];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    afterTest(() => child.kill('SIGKILL'));
    return child;
  }

  it('has every acknowledged turn after kill -9 while writing', async () => {
    const child = run(`for (let n = 1; ; n += 10) {
      const group = Array.from({ length: 10 }, (_, k) => store.saveTurn(turn(n + k)).then(() => console.log(n + k)));
      if (n % 3 === 0) await group[0]; else await Promise.all(group);
    }`);
    const acknowledged: number[] = [];
    const exited = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
    if (!child.stdout) throw new Error('no stdout');
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged.push(Number(line));
      if (acknowledged.length === 500) child.kill('SIGKILL');
    }
    expect(await exited).toBe('SIGKILL');

    const inFile = new Set(await kept());

    expect(acknowledged.length).toBeGreaterThanOrEqual(500);
    expect(acknowledged.filter((generation) => !inFile.has(generation))).toEqual([]);
    const db = new (loadSqlite())(path, { readonly: true });
    const integrity = db.pragma('integrity_check', { simple: true });
    db.close();
    expect(integrity).toBe('ok');
  });

  it('writes all pending records before the process ends by itself, without close', async () => {
    const child = run('void store.saveTurn(turn(1));');
    const code = await new Promise((resolve) => child.once('exit', resolve));

    expect(code).toBe(0);
    expect(await kept()).toEqual([1]);
  });
});

/**
 * How long a client is without its session after `kill -9` of the server: typed turns, each interrupting the one before, then the
 * server is killed and started again with the same port and data directory, by this process. The client comes back by itself.
 * `node dist/lab/bench/restart.js [--turns 100] [--rounds 5]`
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ParleyClient } from '../../clients/typescript/src/node/mod.ts';

const { values } = parseArgs({
  options: { turns: { type: 'string', default: '100' }, rounds: { type: 'string', default: '5' } },
});
const [turns, rounds] = [Number(values.turns), Number(values.rounds)];
const program = fileURLToPath(new URL('../../../bin/parley.mjs', import.meta.url));

const listener = createServer().listen(0, '127.0.0.1');
await once(listener, 'listening');
const address = listener.address();
const port = typeof address === 'object' && address ? address.port : 0;
listener.close();

const dataDir = await mkdtemp(join(tmpdir(), 'parley-restart-'));
const url = `ws://127.0.0.1:${port}`;

async function started(): Promise<ChildProcess> {
  const limits = ['--limits.turns-per-second', '1000'];
  const args = ['serve', '--port', `${port}`, '--data-dir', dataDir, '--log.level', 'warn', ...limits];
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    if (answer?.ok) return child;
    await new Promise((go) => setTimeout(go, 20));
  }
}

async function killed(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

let server = await started();
const client = new ParleyClient({ url });
const times: { readonly serverMs: number; readonly clientMs: number; readonly readyMs: number }[] = [];
try {
  let openedMs = 0;
  client.on('link', ({ link }) => {
    if (link === 'connecting') openedMs = performance.now();
  });
  await client.connect();
  for (let turn = 0; turn < turns; turn++) {
    client.text(`this is what I say in turn ${turn}`);
    await client.next('reply');
  }
  for (let round = 0; round < rounds; round++) {
    // Its last records are on disk.
    await new Promise((go) => setTimeout(go, 500));
    const ready = client.next('ready', () => true);
    await killed(server);
    const killedMs = performance.now();
    server = await started();
    const upMs = performance.now();
    const { resumed } = await ready;
    const readyMs = performance.now();
    if (!resumed) throw new Error('it is another session');
    times.push({ serverMs: upMs - killedMs, clientMs: readyMs - openedMs, readyMs: readyMs - killedMs });
  }
} finally {
  client.close();
  await killed(server);
  await rm(dataDir, { recursive: true, force: true });
}
const median = (of: readonly number[]) => [...of].sort((a, b) => a - b)[Math.floor(of.length / 2)] ?? 0;
console.log(`${turns} turns, ${rounds} kills, ms (median, longest)`);
for (const [key, name] of [
  ['serverMs', 'kill to a server that is ready'],
  ['clientMs', "client's new connection to its session"],
  ['readyMs', 'kill to the session'],
] as const) {
  const all = times.map((one) => one[key]);
  console.log(`${name}: ${median(all).toFixed(0)}, ${Math.max(...all).toFixed(0)}`);
}

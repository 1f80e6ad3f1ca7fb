// Kills a server with many talking sessions, and says how long each waits for the other server. npx tsx scripts/takeover.ts [sessions] [seconds before] [file for a CPU profile of the other server]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { startScene } from '../test/failover/scene.ts';
import { startTalker } from '../test/failover/talker.ts';

const [count = 10, seconds = 60] = process.argv.slice(2, 4).map(Number);
const [, , , , profileTo] = process.argv;
const folder = mkdtempSync(join(tmpdir(), 'parley-takeover-'));
const scene = await startScene(folder, { servers: 2, brokers: 3, workers: 1, logLevel: 'info' });
const [first, second] = scene.servers;
if (!first || !second) throw new Error('two servers');
scene.prefer(first);
const talkers = await Promise.all(Array.from({ length: count }, (_, i) => startTalker(scene.url, `t${i}`)));
await wait(seconds * 1_000);
const profile = profileTo === undefined ? undefined : await profiled(second.process.pid);
await first.process.kill();
await Promise.all(talkers.map((one) => one.answered(1, 30_000)));
if (profileTo !== undefined) writeFileSync(profileTo, JSON.stringify(await profile?.()));
await Promise.all(talkers.map((one) => one.stop()));
await second.process.stop();
for (const line of second.process.lines) {
  if (!line.includes('took a session over')) continue;
  const { time, msg, bytes } = JSON.parse(line);
  console.log(`${time % 100_000} ${msg} ${JSON.stringify({ bytes })}`);
}
const openMs = talkers.flatMap(({ returns }) => returns.map((one) => Math.round(one.openMs)));
const lostMs = talkers.flatMap(({ returns }) => returns.map((one) => Math.round(one.lostMs)));
console.log(`connect to ready: ${openMs.toSorted((a, b) => a - b).join(' ')} ms`);
console.log(`loss to ready: ${lostMs.toSorted((a, b) => a - b).join(' ')} ms`);
await scene.close();
rmSync(folder, { recursive: true, force: true });
process.exit();

/** Begins a CPU profile of a process; the result ends it. */
async function profiled(pid: number): Promise<() => Promise<unknown>> {
  process.kill(pid, 'SIGUSR1');
  let url = '';
  while (url === '') {
    await wait(50);
    const list = await fetch('http://127.0.0.1:9229/json/list').catch(() => undefined);
    if (list)
      url = ((await list.json()) as { webSocketDebuggerUrl: string }[])[0]?.webSocketDebuggerUrl ?? '';
  }
  const socket = new WebSocket(url, { maxPayload: 1 << 30 });
  await new Promise((open) => socket.once('open', open));
  let id = 0;
  const call = (method: string, params = {}) =>
    new Promise<{ profile?: unknown }>((resolve) => {
      const own = ++id;
      socket.on('message', (data) => {
        const answer = JSON.parse(String(data));
        if (answer.id === own) resolve(answer.result);
      });
      socket.send(JSON.stringify({ id: own, method, params }));
    });
  await call('Profiler.enable');
  await call('Profiler.setSamplingInterval', { interval: 500 });
  await call('Profiler.start');
  return async () => {
    const { profile } = await call('Profiler.stop');
    socket.close();
    return profile;
  };
}

/** What a broker needs for a message, an append to a stream and a subscription: the inputs of lab/bench/scale.ts. `node dist/lab/bench/broker.js` */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream, jetstreamManager, StorageType } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { startNatsServer } from '../../testing/nats-server.ts';

const MESSAGES = 200_000;
const RECEIVERS = 20;
/** Appends that are measured, and how many a stream has before them. */
const APPENDS = 4_000;
const BEFORE = [0, 16_000];
const IN_FLIGHT = 200;
const SUBSCRIPTIONS = 100_000;
/** Of `/proc/PID/stat`, as on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

const folder = await mkdtemp(join(tmpdir(), 'parley-broker-'));
const server = await startNatsServer({ args: ['-js', '-sd', folder] });
const client = await connect({ servers: server.url });

/** Processor time of the broker in µs for one of `count` things that `work` does. */
async function cost(count: number, work: () => Promise<void>): Promise<number> {
  const before = await cpuMs();
  await work();
  return ((await cpuMs()) - before) * (1_000 / count);
}

async function cpuMs(): Promise<number> {
  const stat = await readFile(`/proc/${server.pid}/stat`, 'utf8');
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return ((user + system) * 1_000) / TICKS_PER_SECOND;
}

async function residentBytes(): Promise<number> {
  const status = await readFile(`/proc/${server.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/u.exec(status)?.[1]) * 1_024;
}

const presence = new Uint8Array(200);
const receivers = await Promise.all(
  Array.from({ length: RECEIVERS }, () => connect({ servers: server.url })),
);
let received = 0;
for (const one of receivers) one.subscribe('presence.*', { callback: () => void received++ });
await Promise.all(receivers.map((one) => one.flush()));
const delivery = await cost(MESSAGES, async () => {
  for (let sent = 0; sent < MESSAGES / RECEIVERS; sent++) {
    client.publish('presence.one', presence);
    if (sent % IN_FLIGHT === 0) await client.flush();
  }
  await client.flush();
  while (received < MESSAGES)
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
});
await Promise.all(receivers.map((one) => one.close()));

const manager = await jetstreamManager(client);
await manager.streams.add({ name: 'journal', subjects: ['journal.>'], storage: StorageType.Memory });
const stream = jetstream(client);
const batch = new Uint8Array(3_000);
const last = new Array<number>(IN_FLIGHT).fill(0);
let appended = 0;
/** As replicas do: each batch only directly after the one before of its session. */
async function append(count: number): Promise<void> {
  for (const end = appended + count; appended < end; appended += IN_FLIGHT)
    await Promise.all(
      last.map(async (lastSubjectSequence, at) => {
        const { seq } = await stream.publish(`journal.${at}`, batch, { expect: { lastSubjectSequence } });
        last[at] = seq;
      }),
    );
}
const appends: string[] = [];
for (const before of BEFORE) {
  await append(before - appended);
  const micros = await cost(APPENDS, () => append(APPENDS));
  appends.push(`${micros.toFixed(0)} µs of the broker with ${before + APPENDS} in the stream`);
}

const bytesBefore = await residentBytes();
for (let at = 0; at < SUBSCRIPTIONS; at++) {
  client.subscribe(`parley.v1.s.00000000-0000-4000-8000-${String(at).padStart(12, '0')}.cmd`, {
    callback: () => {},
  });
  if (at % 1_000 === 0) await client.flush();
}
await client.flush();
const subscription = ((await residentBytes()) - bytesBefore) / SUBSCRIPTIONS;

console.log(
  `a message of 200 bytes to one of ${RECEIVERS} receivers: ${delivery.toFixed(1)} µs of the broker`,
);
console.log(`an append of 3 kB to a stream in memory, one copy: ${appends.join(', ')}`);
console.log(`a subscription of a session: ${subscription.toFixed(0)} bytes of the broker`);
await client.close();
await server.stop();
await rm(folder, { recursive: true, force: true });

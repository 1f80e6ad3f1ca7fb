// What a turn costs the broker when other servers can take its session: the inputs of lab/bench/scale.ts. npx tsx scripts/replication-cost.ts [sessions] [turns]
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { RECORDS } from '../actors/broker-names.ts';
import { ParleyClient } from '../clients/typescript/src/node/mod.ts';
import { startScene } from '../test/failover/scene.ts';

const [sessions = 10, turns = 15] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(tmpdir(), 'parley-replication-'));
const scene = await startScene(folder, { servers: 1, brokers: 1 });
const [broker] = scene.brokers;
if (!broker) throw new Error('no broker');
const connection = await connect({ servers: broker.url });
const manager = await jetstreamManager(connection);

/** Processor time, ms, and memory, as on every Linux that Node runs on. */
function usage(pid: number): { readonly cpuMs: number; readonly resident: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  const kilobytes = /VmRSS:\s+(\d+)/u.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return { cpuMs: (user + system) * 10, resident: Number(kilobytes) * 1_024 };
}

async function written(): Promise<{ readonly records: number; readonly bytes: number }> {
  const { state } = await manager.streams.info(`KV_${RECORDS}`);
  return { records: state.last_seq, bytes: state.bytes };
}

const clients = await Promise.all(
  Array.from({ length: sessions }, async () => {
    const client = new ParleyClient({ url: scene.url });
    await client.connect();
    return client;
  }),
);
/** One turn of each, typed and answered to its end. */
const round = (number: number) =>
  Promise.all(
    clients.map((client) => {
      const end = client.next('reply.end');
      client.text(`this is what I say in turn ${number}`);
      return end;
    }),
  );
await round(0);
const before = { ...usage(broker.pid), ...(await written()) };
const startMs = performance.now();
for (let number = 1; number <= turns; number++) await round(number);
const seconds = (performance.now() - startMs) / 1_000;
const after = { ...usage(broker.pid), ...(await written()) };
const aTurn = (of: keyof typeof after) => (after[of] - before[of]) / (sessions * turns);
console.log(
  `${sessions} sessions, ${turns} typed turns each, one every ${(seconds / turns).toFixed(1)} s, one broker. A turn:`,
);
console.log(
  `- ${aTurn('records').toFixed(1)} writes of a record; one has ${(after.bytes / sessions).toFixed(0)} bytes at the end`,
);
console.log(`- ${aTurn('resident').toFixed(0)} bytes more in the memory of the broker`);
console.log(`- ${(1_000 * aTurn('cpuMs')).toFixed(0)} µs of its processor, for everything`);
for (const client of clients) client.close();
await connection.close();
await scene.close();
rmSync(folder, { recursive: true, force: true });

/** Kills a server during conversations, and checks the remaining data. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { realClock } from '../../adapters/real-clock.ts';
import { sqliteStore } from '../../adapters/store/sqlite.ts';
import { loadSqlite } from '../../adapters/store/sqlite-binding.ts';
import { nextRandom } from '../../machines/random.ts';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { replayHere } from '../../server/replay/replay.ts';
import { compiled } from '../support/program.ts';

const program = new URL('./kill-server.ts', import.meta.url);
const CLIENTS = 3;
/** The server is killed at one of this many messages. */
const MOMENTS = 500;

export interface KillRound {
  readonly acknowledged: number;
  readonly journals: number;
  readonly records: number;
  /** Problems found; empty if none. */
  readonly problems: readonly string[];
}

/** One round in `dataDir`, which may contain data of earlier rounds: starting with it is part of the round. */
export async function killRound(dataDir: string, seed: number): Promise<KillRound> {
  const server = await startServer(dataDir);
  // The moment is chosen by the number of received messages, so it does not depend on timing.
  let left = 1 + (nextRandom(seed).value % MOMENTS);
  const exited = once(server.child, 'close');
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, () => VoiceClient.connect({ url: server.url, clock: realClock })),
  );
  for (const client of clients) {
    client.onMessage(({ message }) => {
      // Three of four rounds count from the first acknowledged turn; the others may hit the start.
      if ((seed % 4 === 0 || server.acknowledged.length > 0) && --left === 0) server.child.kill('SIGKILL');
      if (message.type === 'reply.end') client.send({ type: 'text', text: `and then? ${left}` });
    });
    client.send({ type: 'text', text: 'hello' });
  }
  await exited;
  await Promise.all(clients.map((client) => client.closed));
  return inspect(dataDir, server.acknowledged);
}

export interface KillServer {
  readonly child: ChildProcess;
  readonly url: string;
  /** `<session> <turn> <generation>` of each turn that the store acknowledged. */
  readonly acknowledged: readonly string[];
}

export async function startServer(dataDir: string, ...natsUrl: readonly string[]): Promise<KillServer> {
  const child = spawn(process.execPath, [await compiled(program), dataDir, ...natsUrl], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const acknowledged: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    child.once('close', () => reject(new Error('the server did not start')));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [word, ...rest] = line.split(' ');
      if (word === 'acknowledged') acknowledged.push(rest.join(' '));
      if (word === 'listens') resolve(rest[1] ?? '');
    });
  });
  return { child, url, acknowledged };
}

async function inspect(dataDir: string, acknowledged: readonly string[]): Promise<KillRound> {
  const path = join(dataDir, 'parley.db');
  const problems: string[] = [];
  const db = new (loadSqlite())(path);
  const integrity = String(db.pragma('integrity_check', { simple: true }));
  db.close();
  if (integrity !== 'ok') problems.push(integrity);
  const store = sqliteStore({ path });
  let records = 0;
  try {
    for (const name of acknowledged) {
      const [session = '', turn] = name.split(' ');
      const kept = await store.turns(session);
      if (!kept.some((one) => one.turn === Number(turn))) problems.push(`turn ${name} is lost`);
    }
    const journals = await store.journals();
    for (const { session } of journals) {
      const report = replayHere(await store.readJournal(session), '');
      records += report.records;
      if (!report.matches) problems.push(`${session}: ${report.message}`);
    }
    return { acknowledged: acknowledged.length, journals: journals.length, records, problems };
  } finally {
    await store.close();
  }
}

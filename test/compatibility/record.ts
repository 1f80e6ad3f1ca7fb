// Records what a version of Parley says on its wires: npx tsx test/compatibility/record.ts FOLDER > test/compatibility/previous.jsonl
// FOLDER is a checkout of that version, installed and built. Needs nats-server.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { startNatsServer } from '../../testing/nats-server.ts';
import { watched } from '../support/processes.ts';

const [folder = ''] = process.argv.slice(2);
/** Messages that are kept of each type of the server's, and of each subject. */
const KEPT = 4;

const said = z.looseObject({ type: z.string() });
const kept = new Map<string, number>();

/** Writes a line, unless there are enough of its kind. */
function record(wire: string, kind: string, message: unknown): void {
  const count = kept.get(`${wire} ${kind}`) ?? 0;
  kept.set(`${wire} ${kind}`, count + 1);
  if (wire === 'client' || count < KEPT) console.log(JSON.stringify({ wire, kind, message }));
}

const work = mkdtempSync(join(tmpdir(), 'parley-record-'));
const nats = await startNatsServer({ args: ['-js', '-sd', join(work, 'nats')] });
const broker = await connect({ servers: nats.url });
for (const [wire, subject] of [
  ['presence', 'parley.v1.server.>'],
  ['event', 'events.>'],
] as const)
  broker.subscribe(subject, {
    callback: (_, message) => {
      const text = message.string();
      if (text !== '') record(wire, wire === 'event' ? '' : message.subject, JSON.parse(text));
    },
  });

const version = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: folder, encoding: 'utf8' });
record('version', 'commit', version.trim());
const server = watched(
  spawn(
    process.execPath,
    [
      ...[join(folder, 'bin/parley.mjs'), 'serve', '--port', '0', '--data-dir', join(work, 'data')],
      ...['--bus.nats-url', nats.url, '--failover.enabled', 'true'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  ),
);
const [, url = ''] = await server.line(/listens on (\S+)/u);

/** A client that says one message after another, each when the server has said what it waits for. */
async function converse(hello: object, steps: readonly (readonly [object, until?: string])[]): Promise<void> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/session`, 'parley.v1');
  const arrived: z.infer<typeof said>[] = [];
  let wake = () => {};
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) return;
    const message = said.parse(JSON.parse(data.toString()));
    record('server', message.type, message);
    arrived.push(message);
    wake();
  });
  const until = async (type: string) => {
    while (!arrived.some((one) => one.type === type)) await new Promise<void>((go) => (wake = go));
    arrived.length = 0;
  };
  await new Promise((go) => socket.once('open', go));
  for (const [message, awaited] of [[hello, 'ready'] as const, ...steps]) {
    record('client', said.parse(message).type, message);
    socket.send(JSON.stringify(message));
    if (awaited !== undefined) await until(awaited);
  }
  await new Promise((go) => socket.once('close', go));
}

await converse(
  {
    ...{
      type: 'hello',
      resume: true,
      actions: 'results',
      attention: 'always',
      ear: 'reports',
      language: 'en',
    },
    audio: { inputRate: 16_000, outputRate: 24_000, echo: 'cancelled', frameMs: 40 },
  },
  [
    [{ type: 'settings', instructions: 'Be brief.', turnDetection: { mode: 'auto', silenceMs: 700 } }],
    [{ type: 'history', entries: [{ role: 'user', content: 'I am Anna' }] }],
    [{ type: 'text', text: 'what is your name' }, 'reply.end'],
    [{ type: 'played', generation: 1, samples: 2_400 }],
    [{ type: 'text', text: 'go forward' }, 'action'],
    [
      { type: 'action.result', id: '2-action-1', status: 'progress', message: 'going', data: { meters: 1 } },
      'reply.end',
    ],
    [{ type: 'text', text: 'tell me a story' }, 'viseme'],
    [{ type: 'interrupt' }, 'reply.end'],
    [{ type: 'body', moving: true, noise: -40 }],
    [{ type: 'body', moving: false }],
    [{ type: 'respond', say: 'I say this.' }, 'reply.end'],
    [{ type: 'halt' }, 'state'],
    [{ type: 'rearm' }, 'state'],
    [{ type: 'commit' }],
    [{ type: 'clear' }],
    [{ type: 'bye' }],
  ],
);
await converse(
  {
    ...{ type: 'hello', resume: true, session: 'gone', secret: 'unknown', epoch: 3, lastSeq: 12 },
    ...{ played: { generation: 2, samples: 480 }, input: 'text', output: 'text', user: 'anna' },
  },
  [[{ type: 'text', text: 'hello' }, 'reply.end'], [{ type: 'bye' }]],
);
await server.stop();
await broker.close();
await nats.stop();
rmSync(work, { recursive: true, force: true });

// Cost of an open inspector for the server: the processor time of a server in its own process with active sessions,
// while a page's connection watches the list and one session, and the part of it in server/endpoints/inspect/. npx tsx
// lab/bench/inspector-cpu.ts [--sessions 20] [--seconds 30] [--output figures.json] Measured with V8's sampling profiler,
// because the load varies by more than the cost of the inspector, so that runs with and without it cannot be compared.
// A sample counts for the inspector if any function of server/endpoints/inspect/ is on its stack, and for the server if
// it is not idle. The connection is that of a page without its drawing.

import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as later } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import WebSocket from 'ws';
import { z } from 'zod';
import {
  INSPECT_LIVE_PATH,
  INSPECT_SUBPROTOCOL,
  serverMessage,
} from '../../server/endpoints/inspect/wire.ts';
import { World } from './load/world.ts';

const { values } = parseArgs({
  options: {
    sessions: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '30' },
    output: { type: 'string' },
  },
});
const sessions = Number(values.sessions);
const measureMs = Number(values.seconds) * 1_000;
const RAMP_MS = 4_000;
const IDLE = new Set(['(idle)', '(program)', '(root)']);

const cpuProfile = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      callFrame: z.object({ functionName: z.string(), url: z.string() }),
      children: z.array(z.number()).optional(),
    }),
  ),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});

/** Watches like a page, until it is closed. */
async function watcher(url: string): Promise<{ close(): Promise<void>; readonly seen: Seen }> {
  const seen: Seen = { lists: 0, records: 0 };
  const socket = new WebSocket(new URL(INSPECT_LIVE_PATH, url.replace(/^http/u, 'ws')), INSPECT_SUBPROTOCOL);
  let watched: string | undefined;
  socket.on('message', (data: Buffer) => {
    const message = serverMessage.parse(JSON.parse(data.toString()));
    if (message.type === 'sessions') {
      seen.lists += 1;
      const [first] = message.sessions;
      if (watched !== undefined || !first) return;
      watched = first.session;
      socket.send(JSON.stringify({ type: 'watch', session: watched }));
    } else if (message.type === 'feed') seen.records += message.feed.records.length;
    else if (message.type === 'error') throw new Error(`${message.code}: ${message.message}`);
  });
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'hello' }));
  socket.send(JSON.stringify({ type: 'sessions', on: true }));
  return {
    seen,
    close: async () => {
      socket.close(1000);
      await once(socket, 'close');
    },
  };
}

interface Seen {
  lists: number;
  records: number;
}

/** Busy milliseconds of a thread, and the inspector's part of them. */
function spent(profile: z.infer<typeof cpuProfile>): { busyMs: number; inspectorMs: number } {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const inspectors = new Set<number>();
  const mark = (id: number, inside: boolean) => {
    const node = nodes.get(id);
    const within = inside || (node?.callFrame.url.includes('/server/endpoints/inspect/') ?? false);
    if (within) inspectors.add(id);
    for (const child of node?.children ?? []) mark(child, within);
  };
  mark(profile.nodes[0]?.id ?? 0, false);
  let busyMs = 0;
  let inspectorMs = 0;
  for (const [at, id] of profile.samples.entries()) {
    if (IDLE.has(nodes.get(id)?.callFrame.functionName ?? '')) continue;
    const ms = (profile.timeDeltas[at] ?? 0) / 1_000;
    busyMs += ms;
    if (inspectors.has(id)) inspectorMs += ms;
  }
  return { busyMs, inspectorMs };
}

const folder = await mkdtemp(join(tmpdir(), 'parley-bench-'));
try {
  const world = await World.start({ bus: 'in-process', profile: folder });
  const seen: Seen[] = [];
  try {
    const load = world.load({ does: 'talk', interruptEvery: 2, sessions, rampMs: RAMP_MS, measureMs });
    await later(RAMP_MS);
    const page = await watcher(world.url);
    await load;
    seen.push(page.seen);
    await page.close();
  } finally {
    await world.stop();
  }
  let [busyMs, inspectorMs] = [0, 0];
  for (const name of await readdir(folder)) {
    const thread = spent(cpuProfile.parse(JSON.parse(await readFile(join(folder, name), 'utf8'))));
    busyMs += thread.busyMs;
    inspectorMs += thread.inspectorMs;
  }
  const figures = {
    sessions,
    seconds: measureMs / 1_000,
    seen: seen[0],
    busyMs: Math.round(busyMs),
    inspectorMs: Math.round(inspectorMs),
    addedShare: inspectorMs / (busyMs - inspectorMs),
  };
  console.log(JSON.stringify(figures, null, 2));
  if (values.output) await writeFile(values.output, `${JSON.stringify(figures, null, 2)}\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}

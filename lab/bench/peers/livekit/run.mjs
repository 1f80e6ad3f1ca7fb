// Sessions of the peer in one process, driven by the benchmark's own users. Started by lab/bench/benchmarks/peer.ts.
import { loadEngines, PeerClient } from './session.mjs';

// The benchmark's compiled modules: this file is a copy in another folder.
const load = (name) => import(new URL(name, process.env.PARLEY_BENCH_LOAD).href);
const { answerParent } = await load('child-process.js');
const { monotonicMs } = await load('monotonic.js');
const { tickAll } = await load('tick-all.js');
const { User } = await load('user.js');
const { userFrames } = await load('user-frames.js');

answerParent(
  {
    usage: () => {
      const { user, system } = process.cpuUsage();
      const { rss, heapUsed, external } = process.memoryUsage();
      return {
        atMs: monotonicMs(),
        cpuMs: (user + system) / 1_000,
        residentBytes: rss,
        heapBytes: heapUsed + external,
      };
    },
    run,
  },
  async () => {},
);

async function run({ engines, endpointMs, plan }) {
  const models = await loadEngines(engines, endpointMs);
  const clients = [];
  while (clients.length < plan.sessions) {
    const client = new PeerClient(monotonicMs);
    await client.start(models);
    clients.push(client);
  }
  const frames = userFrames(plan.speechFile);
  const startMs = monotonicMs() + 20;
  const measureFromMs = startMs + plan.rampMs;
  const endMs = measureFromMs + plan.measureMs;
  const users = clients.map(
    (client, index) =>
      new User(client, {
        index,
        plan,
        frames,
        beginMs: startMs + (plan.rampMs * index) / plan.sessions,
        endMs,
      }),
  );
  const late = await tickAll(users, startMs, endMs, () => false);
  const report = {
    sessions: clients.map((client) => client.report()),
    sendLatenessMs: late,
    measureFromMs,
    endMs,
  };
  // Exit at once: running work is not needed any more, and nothing is shared with other processes.
  await Promise.race([Promise.allSettled(clients.map((client) => client.close())), after(3_000)]);
  return report;
}

function after(ms) {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

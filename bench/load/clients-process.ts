/** The users of the benchmark in their own process: real WebSockets, speech in real time. */
import { FRAME_MS } from '../../machines/audio.ts';
import { answerParent } from './child-process.ts';
import { LoadClient } from './load-client.ts';
import { monotonicMs } from './monotonic.ts';
import { type ClientsReport, type LoadPlan, loadPlan } from './reports.ts';
import { tickAll } from './tick-all.ts';
import { User } from './user.ts';
import { userFrames } from './user-frames.ts';

/** Number of connections opened in parallel. */
const CONNECTING = 20;

let stopping = false;
let clients: LoadClient[] = [];

answerParent({ run: (argument) => run(loadPlan.parse(argument)) }, async () => {
  stopping = true;
  await Promise.all(clients.map((client) => client.close()));
});

async function run(plan: LoadPlan): Promise<ClientsReport> {
  clients = [];
  while (clients.length < plan.sessions) {
    const count = Math.min(CONNECTING, plan.sessions - clients.length);
    clients.push(...(await Promise.all(Array.from({ length: count }, () => LoadClient.connect(plan.url)))));
  }
  const frames = userFrames(plan.speechFile);
  const startMs = monotonicMs() + FRAME_MS;
  const users = clients.map(
    (client, index) =>
      new User(client, {
        index,
        plan,
        frames,
        beginMs: startMs + (plan.rampMs * index) / plan.sessions,
        endMs: startMs + plan.rampMs + plan.measureMs,
      }),
  );
  const cpuBefore = process.cpuUsage();
  const sendLatenessMs = await tickAll(
    users,
    startMs,
    startMs + plan.rampMs + plan.measureMs,
    () => stopping,
  );
  const cpu = process.cpuUsage(cpuBefore);
  const report: ClientsReport = {
    sessions: clients.map((client) => client.report()),
    sendLatenessMs,
    measureFromMs: startMs + plan.rampMs,
    endMs: startMs + plan.rampMs + plan.measureMs,
    cpuMs: (cpu.user + cpu.system) / 1_000,
  };
  await Promise.all(clients.map((client) => client.close()));
  return report;
}

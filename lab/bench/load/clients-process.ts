/** The users of the benchmark in their own process: real WebSockets, speech in real time. */
import { FRAME_MS, PIPELINE_RATE } from '../../../machines/audio.ts';
import { answerParent } from './child-process.ts';
import { LoadClient } from './load-client.ts';
import { monotonicMs } from './monotonic.ts';
import { appendEvents, REALTIME_RATE, RealtimeClient } from './realtime-client.ts';
import { type ClientsReport, type LoadPlan, loadPlan } from './reports.ts';
import { tickAll } from './tick-all.ts';
import { User } from './user.ts';
import { userFrames } from './user-frames.ts';

/** Number of connections opened in parallel. */
const CONNECTING = 20;

let stopping = false;
let clients: (LoadClient | RealtimeClient)[] = [];

/** How each kind of client connects, and what its microphone records. */
const KINDS = {
  native: { connect: (url: string) => LoadClient.connect(url), frames: userFrames },
  'native-echo-unknown': {
    connect: (url: string) => LoadClient.connect(url, PIPELINE_RATE, 'unknown'),
    frames: userFrames,
  },
  'native-40ms': {
    connect: (url: string) => LoadClient.connect(url, PIPELINE_RATE, 'cancelled', 40),
    frames: userFrames,
  },
  'native-24k': {
    connect: (url: string) => LoadClient.connect(url, REALTIME_RATE),
    frames: (file: string) => userFrames(file, REALTIME_RATE),
  },
  realtime: {
    connect: (url: string) => RealtimeClient.connect(url),
    frames: (file: string) => {
      const { quiet, phrase } = userFrames(file, REALTIME_RATE);
      return { quiet: appendEvents(quiet), phrase: appendEvents(phrase) };
    },
  },
};

answerParent({ run: (argument) => run(loadPlan.parse(argument)) }, async () => {
  stopping = true;
  await Promise.all(clients.map((client) => client.close()));
});

async function run(plan: LoadPlan): Promise<ClientsReport> {
  clients = [];
  const { connect, frames: framesOf } = KINDS[plan.client ?? 'native'];
  while (clients.length < plan.sessions) {
    const count = Math.min(CONNECTING, plan.sessions - clients.length);
    clients.push(...(await Promise.all(Array.from({ length: count }, () => connect(plan.url)))));
  }
  const frames = framesOf(plan.speechFile);
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

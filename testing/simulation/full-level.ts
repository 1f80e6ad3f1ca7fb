import { inProcessBus } from '../../adapters/bus/in-process.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { sessionMachine } from '../../machines/session/machine.ts';
import { Vocabulary } from './engines.ts';
import { Faults } from './faults.ts';
import type { Finding } from './findings.ts';
import { FullUser, type FullWorld } from './full-user.ts';
import { LogHash } from './log-hash.ts';
import { simulationParameters } from './parameters.ts';
import { Random } from './random.ts';
import { type SeedOptions, type SeedResult, scriptOf } from './seed.ts';
import { settled } from './settled.ts';
import type { Sometimes } from './sometimes.ts';
import { WeatherPump } from './weather.ts';
import { Workers } from './workers.ts';

const machine = sessionMachine(simulationParameters);

/** After the last session has ended, everything that worked for it must end within this, virtual ms. */
const REST_MS = 20_000;

/** Runner, actors, work protocol, in-process bus and playback, in one thread on the virtual clock. */
export async function runFullSeed(options: SeedOptions): Promise<SeedResult> {
  const { seed } = options;
  const clock = new VirtualClock();
  const faults = new Faults(seed, options.profile, options.suppressed);
  const random = Random.named(seed, 'engines');
  const pump = new WeatherPump(clock, faults);
  const findings: Finding[] = [];
  const reached = new Set<Sometimes>();
  const found = (finding: Finding) => void findings.push(finding);
  const strange = (what: string, error: unknown) =>
    found({ by: 'defect', what: `${what}: ${describe(error)}`, session: '-', seq: -1 });
  const bus = inProcessBus({ pump, clock, onHandlerError: (error, subject) => strange(subject, error) });
  const hash = new LogHash();
  const workers: Workers = new Workers(bus, {
    ...{ clock, faults, random, said: new Vocabulary(), spoken: new Vocabulary() },
    die: (kind) => workers.die(kind),
  });
  const world: FullWorld = {
    ...{ seed, bus, clock, faults, random, workers, machine, parameters: simulationParameters, hash, found },
    reached: (name) => reached.add(name),
    sounding: new Set(),
    onLog: options.onLog,
    replays: options.reference ? 'xstate' : 'kernel',
  };
  const script = options.script ?? scriptOf(seed, options.turns);
  // Every third seed has two users, who share the workers.
  const shares =
    seed % 3 === 0 ? [script.slice(0, script.length >> 1), script.slice(script.length >> 1)] : [script];
  let calmed = 0;
  const users = shares.map(
    (steps, i) =>
      new FullUser(`u${i + 1}`, steps, world, () => {
        calmed += 1;
        if (calmed === shares.length) faults.quiet();
        return calmed === shares.length;
      }),
  );
  const onRejection = (reason: unknown) =>
    found({ by: 'unhandled', what: describe(reason), session: '-', seq: -1 });
  process.on('unhandledRejection', onRejection);
  const settle = () => settled(pump);
  const runUntil = async (over: () => boolean) => {
    await settle();
    while (!over() && findings.length === 0) {
      if (!clock.fireNext()) break;
      await settle();
    }
  };
  try {
    for (const user of users) user.start();
    await runUntil(() => users.every((user) => user.content));
    for (const user of users) user.judge();
    for (const user of users) user.leave('lost');
    const restMs = clock.nowMs() + REST_MS;
    clock.setTimer(REST_MS, () => {});
    await runUntil(() => clock.nowMs() >= restMs);
    for (const user of users) user.end(findings.length === 0);
    if (findings.length === 0 && workers.active() > 0)
      found({
        by: 'liveness',
        what: `${workers.active()} requests are still worked on`,
        session: '-',
        seq: -1,
      });
  } finally {
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', onRejection);
  }
  return {
    ...{ seed, findings, reached, hash: hash.digest(), virtualMs: clock.nowMs() },
    sessions: users.reduce((sum, user) => sum + user.sessions, 0),
    events: users.reduce((sum, user) => sum + user.events, 0),
    turns: script.filter(({ turn }) => turn).length,
    fired: faults.fired,
    faultsDone: faults.done(),
  };
}

function describe(error: unknown): string {
  if (error instanceof ParleyError) return `${error.code} ${error.message}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

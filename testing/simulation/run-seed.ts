import { inProcessBus } from '../../adapters/bus/in-process.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { Caller } from './caller.ts';
import type { CallerWorld } from './caller-world.ts';
import { plannedChains } from './chains.ts';
import { Vocabulary } from './engines.ts';
import { Faults } from './faults.ts';
import { LogHash } from './log-hash.ts';
import { FaultyPump, settled } from './network-faults.ts';
import { simulationParameters, toolParameters } from './parameters.ts';
import { Random } from './random.ts';
import type { Finding, SeedOptions, SeedResult } from './seed.ts';
import { sharesOf } from './shares.ts';
import type { Sometimes } from './sometimes.ts';
import { plannedEngines, Workers } from './workers.ts';

/** Of a session without tools, and of one with them. */
const CHARTS = {
  plain: { parameters: simulationParameters },
  calling: { parameters: toolParameters },
};

/** Number of concurrent sessions that count as a crowd. */
const CROWD = 50;

/** After the last session has ended, everything that worked for it must end within this time, virtual ms. */
const REST_MS = 20_000;

/** Timers at the same moment after which a seed counts as frozen: fifty users need some hundred. */
const STILL_TIMERS = 100_000;

/** Runner, actors, engine protocol, in-process bus and playback, in one thread on the virtual clock. */
export async function runSeed(options: SeedOptions): Promise<SeedResult> {
  const { seed } = options;
  const clock = new VirtualClock();
  const faults = new Faults(seed, options.profile, options.suppressed);
  const random = Random.named(seed, 'engines');
  const pump = new FaultyPump(clock, faults);
  const findings: Finding[] = [];
  const reached = new Set<Sometimes>();
  const found = (finding: Finding) => void findings.push(finding);
  const strange = (what: string, error: unknown) =>
    found({ by: 'defect', what: `${what}: ${describe(error)}`, session: '-', seq: -1 });
  const bus = inProcessBus({ pump, clock, onHandlerError: (error, subject) => strange(subject, error) });
  const hash = new LogHash();
  const engineWorld = {
    ...{ clock, faults, random, said: new Vocabulary(), spoken: new Vocabulary() },
    die: (kind: 'tts') => workers.die(kind),
  };
  const reach = (name: Sometimes) => void reached.add(name);
  // Every other seed uses chains as engines.
  const chains =
    seed % 2 === 0
      ? plannedChains(seed, engineWorld, {
          reached: reach,
          found: (what) => found({ by: 'chain', what, session: '-', seq: -1 }),
        })
      : undefined;
  const workers: Workers = new Workers(bus, engineWorld, chains?.engines ?? plannedEngines(engineWorld));
  const shares = sharesOf(options);
  const world: CallerWorld = {
    ...{
      seed,
      bus,
      clock,
      faults,
      random,
      workers,
      chains,
      charts: CHARTS,
      begun: new Set<string>(),
      hash,
      found,
    },
    reached: reach,
    sounding: new Set(),
    // The rate of sickness does not depend on the number of users.
    onStep: (step) => {
      if (step % shares.length === 0) chains?.sickbay.befall();
      if (shares.length >= CROWD && chains && !chains.sickbay.well)
        reach('fifty sessions talked while an engine was down');
    },
    onLog: options.onLog,
  };
  let calmed = 0;
  const users = shares.map(
    ({ name, steps }) =>
      new Caller(name, steps, world, () => {
        calmed += 1;
        if (calmed < shares.length) return false;
        faults.quiet();
        chains?.sickbay.heal();
        return true;
      }),
  );
  faults.onHalt = () => {
    const stream = faults.stream('user.halt');
    stream.pick(users).halt(stream.ms(0, 2_000));
    reach('a user stopped the robot at the moment of a fault');
  };
  const onRejection = (reason: unknown) =>
    found({ by: 'unhandled', what: describe(reason), session: '-', seq: -1 });
  process.on('unhandledRejection', onRejection);
  const settle = () => settled(pump);
  const runUntil = async (over: () => boolean) => {
    await settle();
    for (let still = 0, atMs = -1; !over() && findings.length === 0; ) {
      if (!clock.fireNext()) break;
      still = clock.nowMs() === atMs ? still + 1 : 0;
      atMs = clock.nowMs();
      if (still >= STILL_TIMERS)
        found({ by: 'liveness', what: `time stands still at ${atMs} ms`, session: '-', seq: -1 });
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
    if (findings.length === 0 && chains && chains.watch.active.size > 0)
      found({
        by: 'liveness',
        what: `engines of the chains still work on ${JSON.stringify([...chains.watch.active])}`,
        session: '-',
        seq: -1,
      });
    const leftAtMs = clock.nextAtMs();
    if (findings.length === 0 && leftAtMs !== undefined)
      found({ by: 'liveness', what: `a timer is left for ${leftAtMs} ms`, session: '-', seq: -1 });
  } finally {
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', onRejection);
  }
  return {
    ...{ seed, findings, reached, hash: hash.digest(), virtualMs: clock.nowMs() },
    sessions: users.reduce((sum, user) => sum + user.sessions, 0),
    events: users.reduce((sum, user) => sum + user.events, 0),
    turns: shares.reduce((sum, { steps }) => sum + steps.filter(({ turn }) => turn).length, 0),
    fired: faults.fired,
    faultsDone: faults.done(),
  };
}

function describe(error: unknown): string {
  if (error instanceof ParleyError) return `${error.code} ${error.message}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

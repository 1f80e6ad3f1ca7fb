import { VirtualClock } from '../../machines/clock.ts';
import { sessionMachine } from '../../machines/session/machine.ts';
import { Audit } from './audit.ts';
import { Faults } from './faults.ts';
import type { Finding } from './findings.ts';
import { LogHash } from './log-hash.ts';
import { ModelSession } from './model-session.ts';
import { simulationParameters } from './parameters.ts';
import { Random } from './random.ts';
import type { UserAct } from './script.ts';
import { type SeedOptions, type SeedResult, scriptOf } from './seed.ts';
import type { Sometimes } from './sometimes.ts';
import { TAIL_LIMIT_MS, tailSteps } from './tail.ts';
import { User } from './user.ts';

const machine = sessionMachine(simulationParameters);

/** Kernel and oracle among modelled children, in one synchronous loop over the virtual clock. */
export function runKernelSeed(options: SeedOptions): SeedResult {
  const { seed } = options;
  const clock = new VirtualClock();
  const faults = new Faults(seed, options.profile, options.suppressed);
  const random = Random.named(seed, 'engines');
  const script = options.script ?? scriptOf(seed, options.turns);
  const hash = new LogHash();
  const findings: Finding[] = [];
  const reached = new Set<Sometimes>();
  const found = (finding: Finding) => void findings.push(finding);
  let sessions = 0;
  let events = 0;
  let user: User | undefined;
  let audit: Audit;
  let calm = false;
  let answered = false;

  const open = (): ModelSession => {
    const id = `s${++sessions}`;
    const input = {
      ...{ language: 'en', seed: random.int(0, 2 ** 31), memory: sessions % 2 === 0 },
      outputRate: 24_000,
    } as const;
    audit = new Audit(id, input, {
      ...{ machine, parameters: simulationParameters, hash, found },
      ...(options.onLog ? { onLog: options.onLog } : {}),
      replays: false,
      reached: (name) => reached.add(name),
      onReplyEnd: ({ reason }) => {
        if (calm && reason === 'completed') answered = true;
      },
    });
    return new ModelSession({
      ...{ session: id, machine, input, clock, faults, random, audit, found },
      onState: (state) => user?.sees(state),
    });
  };
  let session = open();
  const close = (act: UserAct) => {
    session.do(act);
    audit.end();
    events += audit.events;
  };

  let over = false;
  const act = (one: UserAct, step: number) => {
    random.restart(seed, `engines@${step}`);
    faults.atStep(step);
    if (one.type === 'hangUp') {
      close(one);
      session = open();
      reached.add('a user hung up and came back');
      user?.sees('idle');
    } else session.do(one);
  };
  const lastWords = () => {
    const deadlineMs = clock.nowMs() + TAIL_LIMIT_MS;
    const look = () => {
      if (answered || clock.nowMs() >= deadlineMs) over = true;
      else clock.setTimer(100, look);
    };
    calm = true;
    look();
  };
  const rest = () => {
    faults.quiet();
    user = new User(clock, tailSteps(), act, lastWords);
    user.sees(session.state);
    user.start();
  };
  user = new User(clock, script, act, rest);
  user.start();
  while (!over && findings.length === 0) {
    const timerMs = session.nextTimerAtMs();
    const clockMs = clock.nextAtMs();
    if (timerMs !== undefined && (clockMs === undefined || timerMs <= clockMs)) {
      clock.setTimer(timerMs - clock.nowMs(), () => session.wake());
    }
    if (!clock.fireNext()) break;
  }
  if (over && !answered)
    found({
      by: 'liveness',
      what: 'the clean turn after the faults was not answered',
      session: `s${sessions}`,
      seq: -1,
    });
  if (findings.length === 0) close({ type: 'hangUp', how: 'lost' });
  return {
    ...{ seed, sessions, findings, reached, events, hash: hash.digest(), virtualMs: clock.nowMs() },
    turns: script.filter(({ turn }) => turn).length,
    fired: faults.fired,
    faultsDone: faults.done(),
  };
}

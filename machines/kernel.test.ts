import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { replayLog } from '../testing/replay-log.ts';
import { type KernelEvent, SessionKernel } from './kernel.ts';
import type { EventSource, LogEntry } from './log.ts';
import { defaultParameters } from './parameters.ts';
import type { Command } from './session/commands.ts';
import type { SessionEvent } from './session/events.ts';
import type { SessionInput } from './session/model.ts';

const INPUT: SessionInput = { language: 'en', outputRate: 24_000, seed: 7, memory: false };
const error = { code: 'INTERNAL', message: 'as scripted' } as const;

const START: SessionEvent = { type: 'speech.start', sample: 0, ageMs: 0 };
const STOP: SessionEvent = { type: 'speech.stop', sample: 0, ageMs: 0 };
const HEARD: SessionEvent = { type: 'xstate.done.actor.stt', output: { text: 'hello' } };
const TEXT: SessionEvent = { type: 'text', text: 'hello' };
const DELTA: SessionEvent = { type: 'llm.delta', text: 'Hello there. ' };
const PLAYING: SessionEvent = { type: 'playout.started' };
const READY: KernelEvent = {
  ...{ type: 'segment.ready', segment: 0, samples: 9_600, words: [] },
  listener: { generation: 1, sent: 7_200, played: 2_400, heard: 5 },
};

/** Events that lead from the start into each state of the chart. */
const WAYS: Readonly<Record<string, readonly KernelEvent[]>> = {
  idle: [],
  capturing: [START],
  endpointing: [START, STOP],
  transcribing: [START, STOP, { type: 'xstate.error.actor.stt', error }, TEXT],
  thinking: [TEXT],
  streaming: [TEXT, DELTA],
  playing: [TEXT, DELTA, PLAYING, READY],
  hearing: [TEXT, DELTA, PLAYING, READY, START],
  judging: [TEXT, DELTA, PLAYING, READY, START, STOP],
  stopped: [{ type: 'halt' }],
  ended: [{ type: 'bye' }],
};

const EVENTS: readonly KernelEvent[] = [
  TEXT,
  START,
  STOP,
  HEARD,
  DELTA,
  PLAYING,
  READY,
  { type: 'interrupt' },
  { type: 'halt' },
  { type: 'rearm' },
  { type: 'bye' },
  { type: 'lost' },
  { type: 'ear.failed', error },
  { type: 'transcript.partial', text: 'stop' },
  { type: 'transcript.partial', text: 'uh-huh' },
  { type: 'llm.action', id: 'a', name: 'wave', args: {} },
  { type: 'segment.started', segment: 0 },
  { type: 'segment.ready', segment: 0, samples: 9_600, words: [] },
  { type: 'segment.ready', segment: 9, samples: 1, words: [] },
  { type: 'action.done', id: 'a', result: null },
  { type: 'action.failed', id: 'unknown', error },
  { type: 'xstate.done.actor.memory', output: { facts: [] } },
  { type: 'xstate.done.actor.llm' },
  { type: 'xstate.done.actor.tts' },
  { type: 'xstate.done.actor.actions' },
  { type: 'xstate.done.actor.playback', output: { samples: 9_600 } },
  { type: 'xstate.done.actor.stt', output: { text: '' } },
  ...(['stt', 'memory', 'llm', 'tts', 'playback', 'actions'] as const).map(
    (kind): SessionEvent => ({ type: `xstate.error.actor.${kind}`, error }),
  ),
];

/** Events of a reply's children: outside a reply they are late. */
const LATE = EVENTS.filter(
  ({ type }) =>
    /^(?:llm|segment|playout|action)\./u.test(type) ||
    /^xstate\..*\.(?:memory|llm|tts|playback|actions)$/u.test(type),
);

/** A session driven by hand, with a log as the runner writes it. */
function drive() {
  const kernel = new SessionKernel(defaultParameters, INPUT);
  const log: LogEntry[] = kernel.initial.commands.map((command) => ({
    type: 'command',
    seq: 0,
    atMs: 0,
    command,
  }));
  const step = (event: KernelEvent, atMs: number, source: EventSource): readonly Command[] => {
    const { seq, commands, atMs: at } = kernel.step(event, atMs);
    log.push({ type: 'event', seq, atMs: at, source, event, state: kernel.state });
    for (const command of commands) log.push({ type: 'command', seq, atMs: at, command });
    return commands;
  };
  let nowMs = 0;
  return {
    kernel,
    log,
    take: (event: KernelEvent) => step(event, nowMs, 'client'),
    pass: (ms: number) => {
      nowMs += ms;
      if (kernel.ended) return;
      for (let timer = kernel.popTimer(nowMs); timer; timer = kernel.popTimer(nowMs))
        step(timer.event, timer.dueMs, 'timer');
    },
  };
}

describe('the kernel', () => {
  it.each(Object.keys(WAYS))('handles any event in %s, twice, and continues', (state) => {
    for (const event of EVENTS) {
      const session = drive();
      for (const step of WAYS[state] ?? []) session.take(step);
      session.take(event);
      session.take(event);
      session.pass(100_000);
      session.take({ type: 'bye' });
      expect(session.kernel.state).toBe('ended');
      expect(session.kernel.ended).toBe(true);
      expect(replayLog(session.log, defaultParameters, INPUT)).toBeUndefined();
    }
  });

  it.each(['idle', 'capturing', 'endpointing', 'stopped', 'ended'])(
    'in %s takes no notice of late events of a reply',
    (state) => {
      for (const event of LATE) {
        const session = drive();
        for (const step of WAYS[state] ?? []) session.take(step);
        const before = session.kernel.plain();
        const commands = session.take(event);
        expect({ event, commands }).toEqual({ event, commands: [] });
        expect(session.kernel.plain()).toEqual(before);
      }
    },
  );

  it('starts the children of a reply only after those of the last one were stopped', () => {
    const session = drive();
    session.take(TEXT);
    const commands = session.take({ type: 'text', text: 'again' });
    const lastStop = commands.findLastIndex(({ type }) => type === 'stop');
    const firstSpawn = commands.findIndex(({ type }) => type === 'spawn');
    expect(commands.filter(({ type }) => type === 'stop')).toHaveLength(4);
    expect(lastStop).toBeLessThan(firstSpawn);
  });

  it('fires delays in the order of their time, then of their creation', () => {
    const session = drive();
    session.take(START);
    expect(session.kernel.nextTimerAtMs()).toBe(30_000);
    session.take(STOP);
    expect(session.kernel.nextTimerAtMs()).toBe(500);
    expect(session.kernel.popTimer(499)).toBeUndefined();
    expect(session.kernel.popTimer(500)).toMatchObject({ dueMs: 500 });
  });

  it('never steps back in time', () => {
    const kernel = new SessionKernel(defaultParameters, INPUT);
    expect(kernel.step(TEXT, 100).atMs).toBe(100);
    expect(kernel.step(DELTA, 50).atMs).toBe(100);
  });

  it('drops the delays of a session that has ended', () => {
    const session = drive();
    session.take(START);
    session.take({ type: 'lost' });
    expect(session.kernel.nextTimerAtMs()).toBeUndefined();
  });

  it('gives the same steps for the same events', () => {
    const events = fc.array(
      fc.tuple(
        fc.constantFrom(...EVENTS.filter(({ type }) => type !== 'bye' && type !== 'lost')),
        fc.integer({ min: 0, max: 3_000 }),
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(events, (steps) => {
        const session = drive();
        for (const [event, ms] of steps) {
          session.take(event);
          session.pass(ms);
        }
        expect(replayLog(session.log, defaultParameters, INPUT)).toBeUndefined();
      }),
      { seed: 1, numRuns: 60 },
    );
  });
});

describe('a replay', () => {
  function conversation(): LogEntry[] {
    const session = drive();
    for (const event of [START, STOP]) session.take(event);
    session.pass(600);
    session.take(HEARD);
    session.take(DELTA);
    session.pass(20_000);
    return session.log;
  }

  it('of an untouched log finds no difference', () => {
    expect(replayLog(conversation(), defaultParameters, INPUT)).toBeUndefined();
  });

  it('finds the step where a command is missing, changed or added', () => {
    const log = conversation();
    const at = log.findIndex((entry) => entry.type === 'command' && entry.seq === 2);
    const other: LogEntry = {
      type: 'command',
      seq: 2,
      atMs: 0,
      command: { type: 'cancelWork', generation: 9 },
    };
    for (const changed of [log.toSpliced(at, 1), log.toSpliced(at, 1, other), log.toSpliced(at, 0, other)])
      expect(replayLog(changed, defaultParameters, INPUT)).toMatchObject({ seq: 2 });
  });

  it('finds a missing event, a delay that did not fire, and one that fired too soon', () => {
    const log = conversation();
    const timer = log.findIndex((entry) => entry.type === 'event' && entry.source === 'timer');
    const fired = log[timer];
    if (fired?.type !== 'event') throw new Error('no delay fired');
    expect(
      replayLog(
        log.filter((entry) => !(entry.type === 'event' && entry.seq === 2)),
        defaultParameters,
        INPUT,
      ),
    ).toBeDefined();
    expect(
      replayLog(
        log.filter((entry) => !('seq' in entry) || entry.seq !== fired.seq),
        defaultParameters,
        INPUT,
      ),
    ).toBeDefined();
    expect(
      replayLog(log.toSpliced(timer, 1, { ...fired, atMs: fired.atMs - 1 }), defaultParameters, INPUT),
    ).toBeDefined();
  });

  it('finds a different machine or input', () => {
    const other = { ...defaultParameters, endpointing: { ...defaultParameters.endpointing, delayMs: 400 } };
    expect(replayLog(conversation(), other, INPUT)).toMatchObject({ seq: 2 });
    expect(replayLog(conversation(), defaultParameters, { ...INPUT, seed: 8 })).toBeDefined();
  });
});

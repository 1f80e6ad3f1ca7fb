/** Deadlines at times with fractions of a ms, as real clocks have them: sums of such times are not exact. */
import { describe, expect, it } from 'vitest';
import { type ChildLogic, childLogic } from '../../actors/child.ts';
import { type RunnerPorts, SessionRunner } from '../../actors/session/runner.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { SessionKernel } from '../../machines/kernel.ts';
import type { LogEntry } from '../../machines/log.ts';
import { defaultParameters } from '../../machines/parameters.ts';
import type { ChildKind } from '../../machines/session/children.ts';
import { type SessionMachine, sessionMachine } from '../../machines/session/machine.ts';

const input = { language: 'en', outputRate: 24_000, seed: 1, memory: false } as const;
/** Longer than every deadline. */
const LONG_MS = 60_000;

interface Outcome {
  readonly defects: readonly string[];
  readonly events: readonly string[];
}

/** A reply that begins `atMs` after the start: its speech engine gives audio once, its action never ends. */
async function hang(atMs: number, chart: SessionMachine = sessionMachine): Promise<Outcome> {
  const clock = new VirtualClock({ settle: () => new Promise((resolve) => setImmediate(resolve)) });
  const log: LogEntry[] = [];
  const defects: string[] = [];
  let aliveAtMs: number | undefined;
  const child = (kind: ChildKind): ChildLogic =>
    childLogic(async ({ emit, signal }) => {
      if (kind === 'llm') {
        emit({ type: 'llm.delta', text: 'I see a long table by the window. ' });
        emit({ type: 'llm.action', id: 'a', name: 'turn', args: {} });
        return null;
      }
      if (kind === 'tts') {
        emit({ type: 'segment.started', segment: 0 });
        clock.setTimer(atMs / 3, () => {
          aliveAtMs = runner.nowMs();
        });
      }
      return new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    });
  const kernel = new SessionKernel(defaultParameters, input, { machine: chart });
  const ports: RunnerPorts = {
    clock,
    child: (command) => child(command.child),
    listener: () => ({
      ...{ generation: 1, sent: 0, played: 0, heard: 0 },
      ...(aliveAtMs !== undefined && { aliveAtMs }),
    }),
    publish: () => {},
    cancelWork: () => {},
    persist: () => {},
    onDefect: (error) => defects.push(error.message),
    log: (entry) => log.push(entry),
  };
  const runner: SessionRunner = new SessionRunner('s', defaultParameters, input, ports, { kernel });
  runner.start();
  await clock.advance(atMs);
  runner.receive({ type: 'text', text: 'hello' }, 'client');
  await clock.advance(LONG_MS);
  return { defects, events: log.flatMap((entry) => (entry.type === 'event' ? [entry.event.type] : [])) };
}

describe('a speech engine that hangs after some audio, and an action that never ends', () => {
  it('meet their deadlines once, whatever the fractions of their times', async () => {
    for (let round = 340; round < 400; round++) {
      const { defects, events } = await hang(round * 7.123457);
      expect(defects, `round ${round}`).toEqual([]);
      expect(
        events.filter((type) => type.includes('ttsDeadline')),
        `round ${round}`,
      ).toHaveLength(2);
      expect(
        events.filter((type) => type.includes('actionDeadline')),
        `round ${round}`,
      ).toHaveLength(1);
    }
  });
});

it('a chart that sets a delay for the same moment again and again ends its own session only', async () => {
  const endless = sessionMachine.provide({
    guards: { ttsGivesAudio: () => true },
    delays: { ttsDeadline: () => 0 },
  }) as SessionMachine;
  const { defects } = await hang(1, endless);
  expect(defects).toEqual([expect.stringMatching(/ttsDeadline.* expires again and again/u)]);
});

it('a deadline of a session that has ended is never met, whatever comes later', async () => {
  const clock = new VirtualClock();
  const events: string[] = [];
  const runner = new SessionRunner(
    's',
    defaultParameters,
    { ...input, attention: 'wake' },
    {
      ...{ clock, publish: () => {}, cancelWork: () => {}, persist: () => {}, onDefect: () => {} },
      child: () => childLogic(() => new Promise<never>(() => {})),
      log: (entry) => {
        if (entry.type === 'event') events.push(entry.event.type);
      },
    },
  );
  runner.start();
  runner.receive({ type: 'text', text: 'hello' }, 'client');
  runner.receive({ type: 'halt' }, 'client');
  runner.receive({ type: 'rearm' }, 'client');
  runner.receive({ type: 'bye' }, 'client');
  await clock.advance(LONG_MS);
  runner.receive({ type: 'lost' }, 'client');
  expect(events).toEqual(['text', 'halt', 'rearm', 'bye']);
});

/** The runner's behaviour when more events wait than one turn can handle. */
import { describe, expect, it } from 'vitest';
import { type ChildLogic, type ChildScope, childLogic } from '../../actors/child.ts';
import { SessionRunner } from '../../actors/session/runner.ts';
import { VirtualClock } from '../../machines/clock.ts';
import type { LogEntry } from '../../machines/log.ts';
import { defaultParameters } from '../../machines/parameters.ts';
import type { ChildKind } from '../../machines/session/children.ts';
import { replayLog } from '../../testing/replay-log.ts';

const input = { language: 'en', outputRate: 24_000, seed: 1, memory: false } as const;

/** A real runner whose language engine is `flood`; every other child waits. */
function flooded(flood: (scope: ChildScope) => void) {
  const log: LogEntry[] = [];
  const defects: Error[] = [];
  const clock = new VirtualClock({ settle: () => new Promise((resolve) => setImmediate(resolve)) });
  const waits = ({ signal }: ChildScope) =>
    new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  const child = (kind: ChildKind): ChildLogic =>
    childLogic((scope) => {
      if (kind === 'llm') flood(scope);
      return waits(scope);
    });
  const runner = new SessionRunner('s', defaultParameters, input, {
    clock,
    child: (command) => child(command.child),
    publish: () => {},
    cancelWork: () => {},
    persist: () => {},
    onDefect: (error) => defects.push(error),
    log: (entry) => log.push(entry),
  });
  runner.start();
  const events = () => log.filter((entry) => entry.type === 'event').map(({ event }) => event.type);
  const stale = () => log.filter((entry) => entry.type === 'stale').length;
  return { runner, clock, log, events, stale, defects };
}

const deltas = (count: number) => (scope: ChildScope) => {
  for (let i = 0; i < count; i++) scope.emit({ type: 'llm.delta', text: `word ${i} ` });
};

describe('a runner behind 2,000 events of one reply', () => {
  it('handles a part of them per turn of the event loop, and finally all, in order', async () => {
    const { runner, clock, log, events, defects } = flooded(deltas(2_000));
    runner.receive({ type: 'text', text: 'hello' }, 'client');
    expect(events().length).toBeLessThan(100);
    await clock.advance(10);
    expect(events().filter((type) => type === 'llm.delta')).toHaveLength(2_000);
    const texts = log.flatMap((entry) =>
      entry.type === 'event' && entry.event.type === 'llm.delta' ? [entry.event.text] : [],
    );
    expect(texts).toEqual(Array.from({ length: 2_000 }, (_, i) => `word ${i} `));
    expect(replayLog(log, defaultParameters, input)).toBeUndefined();
    expect(defects).toEqual([]);
  });

  it('stops at once, and the waiting events have no effect', async () => {
    const { runner, clock, events, stale } = flooded(deltas(2_000));
    runner.receive({ type: 'text', text: 'hello' }, 'client');
    const handled = events().length;
    runner.receive({ type: 'halt' }, 'client');
    expect(runner.kernel.state).toBe('stopped');
    expect(events()).toHaveLength(handled + 1);
    await clock.advance(10);
    expect(events()).toHaveLength(handled + 1);
    expect(stale()).toBe(2_000 - (handled - 1));
  });

  it('handles commands of the client at once, ahead of waiting events, up to a share of their own', async () => {
    const { runner, clock, events } = flooded(deltas(2_000));
    runner.receive({ type: 'text', text: 'hello' }, 'client');
    const handled = events().length;
    runner.receive({ type: 'interrupt' }, 'client');
    expect(events().slice(handled)).toEqual(['interrupt']);
    expect(runner.kernel.state).toBe('idle');
    for (let i = 0; i < 2_000; i++) runner.receive({ type: 'commit', sample: i }, 'client');
    expect(events().length).toBeLessThan(200);
    await clock.advance(100);
    expect(events().filter((type) => type === 'commit')).toHaveLength(2_000);
  });

  it('stops ahead of the commands of the client that wait', () => {
    const { runner, events } = flooded(deltas(2_000));
    runner.receive({ type: 'text', text: 'hello' }, 'client');
    for (let i = 0; i < 100; i++) runner.receive({ type: 'commit', sample: i }, 'client');
    const handled = events();
    runner.receive({ type: 'halt' }, 'client');
    expect(events()).toEqual([...handled, 'halt']);
  });

  it('is not rearmed by a message sent before the stop', async () => {
    const { runner, clock, events } = flooded(deltas(2_000));
    runner.receive({ type: 'text', text: 'hello' }, 'client');
    for (let i = 0; i < 100; i++) runner.receive({ type: 'commit', sample: i }, 'client');
    runner.receive({ type: 'rearm' }, 'client');
    runner.receive({ type: 'halt' }, 'client');
    await clock.advance(10);
    expect(runner.kernel.state).toBe('stopped');
    expect(events()).not.toContain('rearm');
    runner.receive({ type: 'rearm' }, 'client');
    expect(runner.kernel.state).toBe('idle');
  });

  // It computes: 20,000 deltas of one reply.
  it('fails a child that exceeds the limit of waiting events, and reports why', {
    timeout: 120_000,
  }, async () => {
    const { runner, clock, log } = flooded(deltas(20_000));
    runner.receive({ type: 'text', text: 'hello' }, 'client');
    await clock.advance(10);
    const failed = log.find(
      (entry) => entry.type === 'event' && entry.event.type === 'xstate.error.actor.llm',
    );
    expect(failed).toMatchObject({ event: { error: { code: 'ENGINE_OVERLOADED' } } });
  });
});

describe('a stop in the middle of a step', () => {
  it('goes ahead of everything that the step left behind', () => {
    const { runner, events } = flooded((scope) => {
      scope.emit({ type: 'llm.delta', text: 'one' });
      runner.receive({ type: 'halt' }, 'client');
      scope.emit({ type: 'llm.delta', text: 'two' });
    });
    runner.receive({ type: 'text', text: 'hello' }, 'client');
    expect(events()).toEqual(['text', 'halt']);
    expect(runner.kernel.state).toBe('stopped');
  });
});

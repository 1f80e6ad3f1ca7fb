/** Shrunk cases: one race each, small enough to read. */
import { describe, expect, it } from 'vitest';
import { type ChildLogic, type ChildScope, childLogic } from '../../actors/child.ts';
import { SessionRunner } from '../../actors/session/runner.ts';
import { VirtualClock } from '../../machines/clock.ts';
import type { LogEntry } from '../../machines/log.ts';
import { defaultParameters } from '../../machines/parameters.ts';
import type { ChildKind } from '../../machines/session/children.ts';

type Run = Parameters<typeof childLogic>[0];

/** A real runner whose children do what they are given, and otherwise wait. */
function runnerWith(children: Partial<Record<ChildKind, Run>>) {
  const log: LogEntry[] = [];
  const defects: Error[] = [];
  const clock = new VirtualClock();
  const waits = ({ signal }: ChildScope) =>
    new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  const child = (kind: ChildKind): ChildLogic => childLogic(children[kind] ?? waits);
  const runner = new SessionRunner(
    's',
    defaultParameters,
    { language: 'en', outputRate: 24_000, seed: 1, memory: false },
    {
      clock,
      child: (command) => child(command.child),
      publish: () => {},
      cancelWork: () => {},
      persist: () => {},
      onDefect: (error) => defects.push(error),
      log: (entry) => log.push(entry),
    },
  );
  runner.start();
  const messages = () =>
    log.flatMap((entry) =>
      entry.type === 'command' && entry.command.type === 'publish' ? [entry.command.message] : [],
    );
  const stale = () => log.filter((entry) => entry.type === 'stale').map(({ event }) => event.type);
  const events = () => log.filter((entry) => entry.type === 'event').map(({ event }) => event.type);
  return { runner, stale, events, messages, defects, clock };
}

/** Lets the promises of ended children settle. */
const turns = async () => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};

describe('a late event of a child', () => {
  it('is stale when it waits behind the event that ended the child', () => {
    // Given an LLM that emits text, a voice stop and more text in one step
    const { runner, stale, events, defects } = runnerWith({
      llm: ({ emit }) => {
        emit({ type: 'llm.delta', text: 'Careful! ' });
        emit({ type: 'llm.action', id: 'a', name: 'halt', args: {} });
        emit({ type: 'llm.delta', text: 'Did you see that? ' });
        return new Promise(() => {});
      },
    });
    // When it is asked
    runner.receive({ type: 'text', text: 'hello' }, 'client');
    // Then nothing after the stop has an effect
    expect(runner.kernel.state).toBe('stopped');
    expect(events()).toEqual(['text', 'llm.delta', 'llm.action']);
    expect(stale()).toEqual(['llm.delta']);
    expect(defects).toEqual([]);
  });

  it('is not even stale once the session has ended, because its journal is complete', async () => {
    // Given an LLM with more text than a turn of the event loop takes
    const { runner, stale, events, clock } = runnerWith({
      llm: ({ emit }) => {
        for (let word = 0; word < 300; word++) emit({ type: 'llm.delta', text: 'word ' });
        return new Promise(() => {});
      },
    });
    runner.receive({ type: 'text', text: 'hello' }, 'client');
    // When the client leaves while much of it waits
    runner.receive({ type: 'bye' }, 'client');
    await clock.advance(1_000);
    // Then the end is the last that happened
    expect(events().at(-1)).toBe('bye');
    expect(stale()).toEqual([]);
  });

  it('does not count for the child’s successor', () => {
    // Given TTS children that emit at their start, before the machine has seen them run
    let started = 0;
    const { runner, stale, events } = runnerWith({
      tts: ({ emit }) => {
        started++;
        emit({ type: 'segment.started', segment: 0 });
        return new Promise(() => {});
      },
      llm: ({ emit }) => {
        if (started === 1) runner.receive({ type: 'text', text: 'no, this' }, 'client');
        emit({ type: 'llm.delta', text: 'Well. ' });
        return new Promise(() => {});
      },
    });
    // When a second text arrives in the very step that starts the first reply
    runner.receive({ type: 'text', text: 'hello' }, 'client');
    // Then the client goes ahead of the children of the first reply, and only those of the second have an effect
    expect(runner.kernel.context.generation).toBe(2);
    expect(events()).toEqual(['text', 'text', 'segment.started', 'llm.delta']);
    expect(stale()).toEqual(['segment.started', 'llm.delta']);
    expect(runner.kernel.context.reply?.text).toBe('Well. ');
  });

  it('is ignored when the child ends or fails after it was stopped', async () => {
    // Given children that ignore the abort and end on demand
    const ends: (() => void)[] = [];
    const deaf: Run = () =>
      new Promise((resolve, reject) => {
        ends.push(ends.length % 2 === 0 ? () => resolve(null) : () => reject(new Error('too late')));
      });
    const { runner, events, stale, defects } = runnerWith({ llm: deaf, tts: deaf, playback: deaf });
    runner.receive({ type: 'text', text: 'hello' }, 'client');
    runner.receive({ type: 'interrupt' }, 'client');
    // When all of them end, twice
    for (const end of [...ends, ...ends]) end();
    await turns();
    // Then the session has not noticed
    expect(ends).toHaveLength(3);
    expect(events()).toEqual(['text', 'interrupt']);
    expect(stale()).toEqual([]);
    expect(defects).toEqual([]);
    expect(runner.kernel.state).toBe('idle');
  });

  it('ends a child once, even if it fails and is stopped in one tick', async () => {
    // Given a playback that fails, and a barge-in before anything could react to it
    let fail = () => {};
    const { runner, events, defects } = runnerWith({
      playback: () =>
        new Promise((_, reject) => {
          fail = () => reject(new Error('no sound'));
        }),
    });
    runner.receive({ type: 'text', text: 'hello' }, 'client');
    fail();
    runner.receive({ type: 'speech.start', sample: 0, ageMs: 0 }, 'ear');
    await turns();
    // Then only the barge-in has an effect
    expect(events()).toEqual(['text', 'speech.start']);
    expect(runner.kernel.state).toBe('listening');
    expect(defects).toEqual([]);
  });
});

describe('an action requested after the executor failed', () => {
  it('is refused at once, and the reply does not wait for it', async () => {
    // Given an executor that fails at once, and an LLM that requests an action after that
    let ask = () => {};
    const { runner, messages, defects } = runnerWith({
      actions: () => Promise.reject(new Error('no robot')),
      llm: ({ emit }) =>
        new Promise((resolve) => {
          ask = () => {
            emit({ type: 'llm.action', id: 'a', name: 'wave', args: {} });
            resolve(null);
          };
        }),
      tts: () => Promise.resolve(null),
      playback: () => Promise.resolve({ samples: 0 }),
    });
    runner.receive({ type: 'text', text: 'wave' }, 'client');
    await turns();
    // When it requests it
    ask();
    await turns();
    // Then the client gets the refusal, and the turn is over
    expect(messages().filter(({ type }) => type === 'action')).toMatchObject([
      { id: 'a', status: 'refused' },
    ]);
    expect(messages().filter(({ type }) => type === 'error')).toMatchObject([
      { code: 'ACTION_FAILED' },
      { code: 'ACTION_FAILED' },
    ]);
    expect(runner.kernel.state).toBe('idle');
    expect(defects).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { cachedMemory } from '../../actors/memory/cached-memory.ts';
import type { Memory, MemoryPort } from '../../actors/ports/memory.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { settle } from '../../testing/conversation.ts';
import { hang, pause } from '../../testing/scripted-engines.ts';
import { answered, backToIdle, facts, parameters, say, scene, type Talk, user } from './scene.ts';

const WINDOW_MS = 500;
const TIMEOUT_MS = 2_000;

/** A memory that answers after `delayMs`, and what it was asked. */
function slowMemory(clock: VirtualClock, delayMs: number, facts: readonly string[] = ['drink: tea']) {
  const asked: string[] = [];
  const memory: MemoryPort = {
    async recall({ text }, signal) {
      asked.push(text);
      await pause(clock, delayMs, signal);
      return facts;
    },
  };
  return { memory, asked };
}

const events = (talk: Talk, type: string) =>
  talk.log.flatMap((entry) => (entry.type === 'event' && entry.event.type === type ? [entry] : []));

describe('a recall that comes late', () => {
  it('is not waited for longer than its window, and counts from the next reply on', async () => {
    const clock = new VirtualClock({ settle });
    const { memory } = slowMemory(clock, 600);
    const talk = await scene({ clock, memory });
    await answered(talk, 'hello');
    await answered(talk, 'and now?');

    expect(talk.asked[0]).toEqual([user('hello')]);
    expect(talk.asked[1]?.[0]).toEqual(facts('drink: tea'));
    expect(talk.of('reply.end')[0]?.timings).toMatchObject({ recall: WINDOW_MS });
    expect(events(talk, 'memory.facts')).toMatchObject([
      { source: 'server', event: { facts: ['drink: tea'] } },
    ]);
    expect(talk.of('error')).toEqual([]);
  });

  it('is reported when it fails or hangs after all, once the reply sounds', async () => {
    for (const [recall, code] of [
      [(signal: AbortSignal) => hang(signal), 'MEMORY_TIMEOUT'],
      [
        (signal: AbortSignal, clock: VirtualClock) => pause(clock, 900, signal).then(() => 7),
        'MEMORY_FAILED',
      ],
    ] as const) {
      const clock = new VirtualClock({ settle });
      const memory = { recall: async (_request: unknown, signal: AbortSignal) => recall(signal, clock) };
      const talk = await scene({ clock, memory: memory as unknown as MemoryPort });
      talk.send({ type: 'text', text: 'hello' });
      await talk.until(() => talk.state === 'speaking');
      expect(talk.of('error')).toEqual([]);
      await talk.wait(TIMEOUT_MS);
      expect(talk.of('error').map((error) => error.code)).toEqual([code]);
      await backToIdle(talk);
    }
  });

  it('replaces a fact of the same name, and never delivers one twice', async () => {
    const clock = new VirtualClock({ settle });
    const drinks = ['tea', 'coffee', 'coffee'];
    const memory: MemoryPort = {
      async recall(_request, signal) {
        const drink = drinks.shift();
        await pause(clock, 600, signal);
        return ['name: Ada', `drink: ${drink}`];
      },
    };
    const talk = await scene({ clock, memory });
    for (const text of ['one', 'two', 'three']) await answered(talk, text);
    await talk.wait(1_000);
    expect(talk.asked.map(([first]) => first?.role === 'system' && first.content)).toEqual([
      false,
      'name: Ada\ndrink: tea',
      'name: Ada\ndrink: coffee',
    ]);
    expect(events(talk, 'memory.facts')).toHaveLength(2);
  });
});

describe('what is likely', () => {
  it('is asked for at the onset of speech, and known when the turn ends', async () => {
    const clock = new VirtualClock({ settle });
    const { memory, asked } = slowMemory(clock, 700, ['name: Ada']);
    const talk = await scene({
      clock,
      memory,
      user: 'ada',
      said: [{ partial: 'hello there', text: 'hello there' }],
    });
    await say(talk, 800, 600);
    await backToIdle(talk);
    expect(asked[0]).toBe('');
    expect(talk.asked).toEqual([[facts('name: Ada'), user('hello there')]]);
  });

  it('is asked for with the words so far, so that the answer is there when they are final', async () => {
    const clock = new VirtualClock({ settle });
    const { memory, asked } = slowMemory(clock, 300);
    const whole: Memory = {
      ...memory,
      ...{ remember: async () => {}, list: async () => [], forget: async () => 0, close: async () => {} },
    };
    const said = [{ partial: 'what do I like to drink', text: 'what do I like to drink?' }];
    const talk = await scene({
      ...{ clock, memory: cachedMemory(whole, () => clock.nowMs()), user: 'ada', said },
      parameters: parameters({ speculation: { enabled: false } }),
    });
    await say(talk, 1_500, 600);
    await backToIdle(talk);
    expect(asked).toEqual(['', 'what do I like to drink']);
    expect(talk.of('reply.end')[0]?.timings.recall ?? 0).toBe(0);
    expect(talk.asked).toEqual([[facts('drink: tea'), user('what do I like to drink?')]]);
  });
});

describe('first audio', () => {
  const MEMORIES: Readonly<Record<string, (clock: VirtualClock, signal: AbortSignal) => Promise<unknown>>> = {
    '50 ms': (clock, signal) => pause(clock, 50, signal).then(() => ['drink: tea']),
    '600 ms': (clock, signal) => pause(clock, 600, signal).then(() => ['drink: tea']),
    '3 s': (clock, signal) => pause(clock, 3_000, signal).then(() => ['drink: tea']),
    never: (_clock, signal) => hang(signal),
    'never, deaf to its signal': () => new Promise(() => {}),
    garbage: async () => ({ facts: 'none' }),
    flood: async () => Array.from({ length: 5_000 }, (_, i) => `${i} ${'x\n'.repeat(2_000)}`),
    failure: async () => {
      throw new ParleyError('MEMORY_FAILED', 'as scripted');
    },
  };
  const firstAudioMs = async (how: 'typed' | 'spoken', answer?: (typeof MEMORIES)[string]) => {
    const clock = new VirtualClock({ settle });
    const memory = answer && {
      recall: async (_request: unknown, signal: AbortSignal) => answer(clock, signal),
    };
    const talk = await scene({
      ...{ clock, user: 'ada' },
      ...(memory && { memory: memory as unknown as MemoryPort }),
    });
    if (how === 'typed') talk.send({ type: 'text', text: 'hello' });
    else await say(talk, 800, 600);
    await backToIdle(talk);
    return talk.of('reply.end')[0]?.timings.firstAudio ?? Number.NaN;
  };

  it.each(Object.keys(MEMORIES))(
    'comes at most the window later with a memory that answers in %s',
    async (name) => {
      for (const how of ['typed', 'spoken'] as const) {
        const without = await firstAudioMs(how);
        const added = (await firstAudioMs(how, MEMORIES[name])) - without;
        expect(added).toBeGreaterThanOrEqual(0);
        expect(added).toBeLessThanOrEqual(WINDOW_MS + 5);
      }
    },
  );
});

import { expect, it } from 'vitest';
import { parseDialog } from '../../actors/dialog/mod.ts';
import type { SessionMessage } from '../../machines/wire.ts';
import type { Happened, Held } from './converse.ts';
import { measured } from './measure.ts';
import { addEcho, impulseResponse } from './room.ts';
import { parseScenario } from './scenario.ts';

const dialog = parseDialog(
  'language: en\nname: Robbie\nentries:\n  - { id: left, phrases: turn left, replies: Turning left. }\n',
  'test',
);

function held(step: object, happened: Partial<Happened>, rest: Partial<Held>): Held {
  const [one] = parseScenario({ name: 'test', steps: [step] }).steps;
  if (!one) throw new Error('no step');
  return {
    steps: [
      { step: one, voice: 'en', fromMs: 2_000, toMs: 2_600, untilMs: 9_000, over: undefined, ...happened },
    ],
    ...{ sounding: [], messages: [], asked: [900], cuts: [], virtualMs: 9_000, defects: [], ...rest },
  };
}

function end(generation: number, reason: 'completed' | 'interrupted'): SessionMessage {
  return {
    type: 'reply.end',
    turn: 1,
    generation,
    reason,
    heard: '',
    timings: { turn: 1, generation } as never,
  };
}

it('measures yielding from the begin of speech to the last sound, and in whole ticks as τ-voice does', () => {
  const result = measured(
    'test',
    held(
      { bargeIn: 'turn left', over: 'a story' },
      { over: 1 },
      {
        sounding: [
          { generation: 1, fromMs: 1_000, toMs: 2_150 },
          { generation: 2, fromMs: 3_100, toMs: 4_000 },
        ],
        messages: [
          { atMs: 2_400, message: end(1, 'interrupted') },
          { atMs: 2_900, message: { type: 'transcript', turn: 2, text: 'turn left', final: true } },
        ],
      },
    ),
    dialog,
  );
  expect(result.steps[0]).toMatchObject({ ok: true, understood: 'right', yieldMs: 150, responseMs: 500 });
  // Speech begins in tick 10, the first silent one is 11; speech ends in tick 13, the answer begins in 15.
  expect(result.steps[0]?.tau).toEqual({ ok: true, yieldMs: 200, responseMs: 200 });
  expect(result.yielded).toEqual({ part: 1, of: 1 });
});

it('counts a reply as kept although it paused, but τ-voice only if no tick was silent', () => {
  const paused = (forMs: number) =>
    measured(
      'test',
      held(
        { backchannel: 'uh-huh', over: 'a story' },
        { over: 1 },
        {
          sounding: [
            { generation: 1, fromMs: 1_000, toMs: 2_150 },
            { generation: 1, fromMs: 2_150 + forMs, toMs: 6_000 },
          ],
          messages: [{ atMs: 6_000, message: end(1, 'completed') }],
        },
      ),
      dialog,
    ).steps[0];
  expect(paused(150)).toMatchObject({ ok: true, gapMs: 150, tau: { ok: true } });
  expect(paused(600)).toMatchObject({ ok: true, gapMs: 600, tau: { ok: false } });
});

it('counts a reply that was not interrupted against the robot’s own voice', () => {
  const listening = (messages: Held['messages'], sounding: Held['sounding'] = []) =>
    measured(
      'test',
      held(
        { listen: 'a story' },
        { fromMs: 1_000, toMs: 1_000 },
        {
          sounding: [{ generation: 1, fromMs: 1_000, toMs: 4_000 }, ...sounding],
          messages,
        },
      ),
      dialog,
    ).ownVoiceIgnored;
  expect(listening([{ atMs: 4_000, message: end(1, 'completed') }])).toEqual({ part: 1, of: 1 });
  expect(listening([{ atMs: 3_000, message: end(1, 'interrupted') }])).toEqual({ part: 0, of: 1 });
  const answered = [{ generation: 2, fromMs: 5_000, toMs: 6_000 }];
  expect(listening([{ atMs: 4_000, message: end(1, 'completed') }], answered)).toEqual({ part: 1, of: 2 });
});

it('leaves out what could not happen', () => {
  const result = measured('test', held({ bargeIn: 'turn left', over: 'a story' }, {}, {}), dialog);
  expect(result).toMatchObject({ skipped: 1, yielded: { part: 0, of: 0 } });
});

it('makes a room that keeps the energy of what is played in it, and is silent before it arrives', () => {
  const response = impulseResponse(250, 0.34, 7);
  expect(response.reduce((sum, one) => sum + one * one, 0)).toBeCloseTo(1, 4);
  expect(response).toEqual(impulseResponse(250, 0.34, 7));
  const click = Float32Array.from({ length: 100 }, (_, i) => (i === 10 ? 1 : 0));
  const heard = new Float32Array(100);
  addEcho(heard, 0, click, response, 0.5, 0);
  // 34 cm are 16 samples.
  expect(heard.findIndex((one) => one !== 0)).toBe(10 + 16);
  expect(heard[26]).toBeCloseTo(0.5 * (response[16] ?? 0), 5);
});

it('refuses a scenario that cannot be held, and says where', () => {
  const faults = (value: unknown) => {
    try {
      parseScenario(value, 'room.yaml');
    } catch (error) {
      return error instanceof Error ? error.message : '';
    }
    return '';
  };
  expect(faults({ name: 'x', steps: [{ order: 'hi', stop: 'stop' }] })).toMatch(
    /room\.yaml: steps\.0: a step has exactly one of/,
  );
  expect(faults({ name: 'x', steps: [{ bargeIn: 'hi' }] })).toMatch(/bargeIn needs over/);
  expect(faults({ name: 'x', steps: [{ order: 'hi.wav' }] })).toMatch(/needs expect/);
  expect(faults({ name: 'x', echo: 0, steps: [{ order: 'hi' }] })).toMatch(/echo/);
});

it('counts unrequested replies, in silence and while people talk to each other', () => {
  const sounding = [{ generation: 1, fromMs: 2_900, toMs: 4_000 }];
  for (const step of [{ quiet: 600 }, { chatter: 600 }, { noise: 'music' }]) {
    const spoke = measured('test', held(step, {}, { asked: [], sounding }), dialog);
    expect(spoke).toMatchObject({ falseTurns: 1, steps: [{ ok: false }] });
    expect(measured('test', held(step, {}, { asked: [] }), dialog)).toMatchObject({ falseTurns: 0 });
  }
  // An answer to a user is not one of them.
  expect(measured('test', held({ order: 'turn left' }, {}, { asked: [], sounding }), dialog).falseTurns).toBe(
    0,
  );
});

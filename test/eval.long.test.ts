import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseDialog } from '../actors/dialog/mod.ts';
import { evaluate, parseScenario } from '../testing/mod.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const dialog = parseDialog(readFileSync(join(root, 'examples/robot.dialog.yaml'), 'utf8'), 'robot');

describe('the goals, over a few steps of the scenarios', () => {
  it('are met: people are yielded to and answered in time, noises and music are ignored', {
    timeout: 600_000,
  }, async () => {
    const over = 'tell me a story';
    const scenario = parseScenario({
      name: 'Goals',
      voices: ['en-us', 'en-gb+m3', 'en-us+f3'],
      background: { kind: 'pink', db: -35 },
      steps: [
        { order: 'what is your name' },
        { bargeIn: 'turn left', over, afterMs: 900 },
        { bargeIn: 'tell me a joke', over, afterMs: 2_600 },
        { backchannel: 'uh-huh', over, afterMs: 1_500 },
        { backchannel: 'okay', over, afterMs: 2_100 },
        { noise: 'knocks', over, afterMs: 1_300 },
        { noise: 'beeps', over, afterMs: 700 },
        { noise: 'music', over, ms: 3_000 },
        { noise: 'hum', ms: 2_000 },
        { noise: 'white', ms: 500 },
      ],
    });
    const { all } = await evaluate([scenario], { dialog });
    const share = ({ part, of }: { part: number; of: number }) => part / of;
    expect(all.defects).toEqual([]);
    expect(all.skipped).toBe(0);
    expect(share(all.yielded)).toBeGreaterThanOrEqual(0.97);
    expect(share(all.noisesIgnored)).toBeGreaterThanOrEqual(0.95);
    expect(share(all.backchannelsKept)).toBeGreaterThanOrEqual(0.9);
    expect(all).toMatchObject({ falseStops: 0, falseTurns: 0 });
    expect(all.response.p50Ms).toBeLessThanOrEqual(700);
  });
});

describe('the voice stop, over the robot’s own voice before the ear knows its echo', () => {
  it('stops the robot where neither the lane nor the recogniser is sure alone', {
    timeout: 600_000,
  }, async () => {
    const scenario = parseScenario({
      name: 'Stop',
      voices: ['en-gb+m3'],
      ...{ echoDb: 0, echo: 'present', distortion: 0.2, background: { kind: 'pink', db: -35 } },
      steps: [{ stop: 'stop', over: 'tell me a story' }],
    });
    const { all } = await evaluate([scenario], { dialog, spotStops: 'always' });
    expect(all.defects).toEqual([]);
    expect(all.stops).toEqual({ part: 1, of: 1 });
  });
});

describe('attention, with the real recogniser', () => {
  it('the wake phrase wakes a robot that ignores all else, and the order behind it is understood', {
    timeout: 600_000,
  }, async () => {
    const scenario = parseScenario({
      name: 'Asleep',
      attention: 'wake',
      steps: [
        { aside: 'turn left' },
        { aside: 'I put the keys on the kitchen table' },
        { order: 'what is your name' },
      ],
    });
    const { all } = await evaluate([scenario], { dialog });
    expect(all).toMatchObject({ defects: [], falseTurns: 0, falseWakes: 0 });
    expect(all.asidesIgnored).toEqual({ part: 2, of: 2 });
    expect(all.understood).toEqual({ right: 1, wrong: 0, nothing: 0 });
  });

  it('what is addressed to others neither interrupts nor is answered', { timeout: 600_000 }, async () => {
    const scenario = parseScenario({
      name: 'Addressed',
      attention: 'addressed',
      background: { kind: 'pink', db: -35 },
      steps: [
        { aside: 'did you remember to feed the cat', over: 'tell me a story', db: -12 },
        { aside: 'I put the keys on the kitchen table', db: -12 },
        { bargeIn: 'tell me a joke', over: 'tell me a story' },
      ],
    });
    const { all } = await evaluate([scenario], { dialog });
    expect(all).toMatchObject({ defects: [], falseTurns: 0, falseStops: 0 });
    expect(all.asidesIgnored).toEqual({ part: 2, of: 2 });
    expect(all.yielded).toEqual({ part: 1, of: 1 });
  });
});

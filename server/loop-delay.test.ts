import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startSession } from './door/door-test-util.ts';
import { defaultDoorLimits } from './door/limits.ts';
import { LoopDelay } from './loop-delay.ts';

const EVERY_MS = 50;
/** A sample each, until their median follows the newest ones. */
const HALF = 5;
const ALL = 9;

let nowMs: number;
let loop: LoopDelay;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  nowMs = 0;
  loop = new LoopDelay(() => nowMs);
});
afterEach(() => {
  loop.close();
  vi.useRealTimers();
});

/** Lets the timer fire `times` times, each `lateMs` too late. */
function fire(times: number, lateMs: number): void {
  for (let i = 0; i < times; i++) {
    nowMs += EVERY_MS + lateMs;
    vi.advanceTimersByTime(EVERY_MS);
  }
}

describe('the gate of the event loop', () => {
  it('closes when timers are more than 400 ms late for most of half a second, and opens when they are not', () => {
    const gate = loop.gate(defaultDoorLimits.loopDelayMs);
    fire(ALL, 400);
    expect(gate('session')).toBeUndefined();
    fire(HALF, 401);
    expect(gate('session')).toMatchObject({
      code: 'OVERLOADED',
      message: expect.stringContaining('timers fire 401 ms late'),
    });
    fire(HALF, 0);
    expect(gate('turn')).toBeUndefined();
  });

  it('stays open during one long pause, such as a model that loads', () => {
    fire(ALL, 0);
    fire(1, 10_000);
    expect(loop.gate(defaultDoorLimits.loopDelayMs)('session')).toBeUndefined();
  });

  it('adds up how long the event loop was stalled, from the moment at which it is', () => {
    fire(ALL, 0);
    nowMs += EVERY_MS + 3_000;
    expect(loop.stalledMs()).toBe(3_000);
    vi.advanceTimersByTime(EVERY_MS);
    expect(loop.stalledMs()).toBe(3_000);
    fire(ALL, 0);
    expect(loop.stalledMs()).toBe(0);
  });

  it('keeps new clients out with a fatal error while live sessions continue', async () => {
    const { rig, client, session } = await startSession({
      gates: [loop.gate(defaultDoorLimits.loopDelayMs)],
    });
    fire(ALL, 3_000);
    const late = await rig.connect().opened();
    late.say({ type: 'hello' });
    expect(await late.json()).toMatchObject({ code: 'OVERLOADED', fatal: true });
    expect((await late.closed).code).toBe(4429);
    client.say({ type: 'text', text: 'hello' });
    expect(await client.json()).toMatchObject({ code: 'OVERLOADED', fatal: false });
    client.say({ type: 'halt' });
    expect(await session.commands.take()).toEqual({ type: 'halt' });
  });
});

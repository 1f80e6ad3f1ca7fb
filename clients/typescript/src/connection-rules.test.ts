import { describe, expect, it } from 'vitest';
import { CLOSE_CODES } from '../../../machines/wire.ts';
import { closeAdvice, movedTo, retryDelayMs } from './closes.ts';
import { parseServerMessage } from './messages.ts';

describe('after a close', () => {
  it('connects again only where that can help', () => {
    const retried = Object.entries(CLOSE_CODES).filter(([, code]) => closeAdvice(code).retry);

    expect(retried.map(([name]) => name)).toEqual(['tooMany', 'draining', 'slowReader']);
    expect(closeAdvice(1006).retry).toBe(true);
    expect(closeAdvice(1000).retry).toBe(false);
  });

  it('waits longer with every attempt, up to a limit, and never all clients at once', () => {
    expect([0, 1, 2, 5, 6, 40].map((attempt) => retryDelayMs(attempt, 1))).toEqual([
      250, 500, 1_000, 8_000, 8_000, 8_000,
    ]);
    expect(retryDelayMs(2, 0)).toBe(500);
  });
});

describe('parseServerMessage', () => {
  it('takes an error with a code that this client does not know', () => {
    const text = '{"type":"error","code":"FROM_THE_FUTURE","message":"m","fatal":false}';

    expect(parseServerMessage(text)).toEqual({
      type: 'error',
      code: 'FROM_THE_FUTURE',
      message: 'm',
      fatal: false,
    });
  });

  it.each([
    'no json',
    '[]',
    'null',
    '{"type":"later"}',
    '{"type":"flush"}',
    '{"type":"flush","generation":-1}',
    '{"type":"playback","generation":1,"state":"yes"}',
  ])('ignores %s', (text) => {
    expect(parseServerMessage(text)).toBeUndefined();
  });
});

describe('the address of another server', () => {
  it.each([
    ['ws://one:7400/v1/session', 'ws://two:7401', 'ws://two:7401/v1/session'],
    ['ws://one:7400/v1/session', 'wss://two', 'wss://two/v1/session'],
    ['wss://one/v1/session', 'wss://two:7400', 'wss://two:7400/v1/session'],
    ['wss://one/v1/session', 'ws://two:7400', 'wss://one/v1/session'],
    ['ws://one/v1/session', 'https://two', 'ws://one/v1/session'],
    ['ws://one/v1/session', 'nonsense', 'ws://one/v1/session'],
  ])('of %s and %s is %s', (url, server, moved) => {
    expect(movedTo(url, server)).toBe(moved);
  });
});

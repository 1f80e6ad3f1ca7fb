import { describe, expect, it } from 'vitest';
import { prettyLine } from './log-line.ts';

const time = new Date(2026, 0, 2, 3, 4, 5, 67).getTime();

function line(entry: object, colours = false): string {
  return prettyLine(JSON.stringify({ level: 40, time, ...entry }), colours);
}

describe('a line of the log for people', () => {
  it('has local time, level, message, the code of the error and the other fields', () => {
    const err = {
      type: 'ParleyError',
      message: 'the store failed: disk',
      stack: 'at …',
      code: 'STORE_FAILED',
    };
    expect(line({ session: 's1', ms: 12, err, msg: 'the store failed: disk' })).toBe(
      '03:04:05.067 WARN  the store failed: disk code=STORE_FAILED session=s1 ms=12\n',
    );
    expect(line({ level: 30, msg: 'ready', name: 'two words' })).toBe(
      '03:04:05.067 INFO  ready name="two words"\n',
    );
  });

  it('has the error unless the message contains it, and never a stack', () => {
    const text = line({ err: { message: 'oops', stack: 'at somewhere' }, msg: 'a handler failed' });
    expect(text).toBe('03:04:05.067 WARN  a handler failed (oops)\n');
  });

  it('is coloured on a terminal only', () => {
    expect(line({ msg: 'x' }, true)).toContain('\u001b[33mWARN \u001b[0m');
    expect(line({ msg: 'x' })).not.toContain('\u001b');
  });
});

import { describe, expect, it } from 'vitest';
import type { MonitorOptions } from '../../invariants.ts';
import { broken, Log } from '../../invariants-test-util.ts';

describe('invariant 26 finds', () => {
  const options: MonitorOptions = { actions: { allow: ['*'], maxPerReply: 16, moving: ['drive'] } };
  const body = (log: Log, moving: boolean, noise?: number) =>
    log.event({ type: 'body', moving, ...(noise !== undefined && { noise }) }, 'idle');
  const ear = (log: Log, strict: boolean) => log.command({ type: 'ear', strict });
  const moving = () => ear(body(new Log(), true), true);

  it('no fault in an ear that asks for more while motors are heard', () => {
    expect(broken(ear(body(moving(), false), false), options)).toEqual([]);
    expect(broken(body(new Log(), true, -60), options)).toEqual([]);
  });

  it('an ear that goes on asking for more, or never does', () => {
    expect(broken(body(moving(), false), options)).toEqual([26]);
    expect(broken(body(new Log(), true, -30), options)).toEqual([26]);
  });

  it('an action that moves the robot unheard', () => {
    const drives = new Log()
      .open(1)
      .start('llm')
      .event({ type: 'llm.action', id: 'a', name: 'drive', args: {} }, 'processing', 'llm');
    expect(broken(drives.action('started', 'drive').interrupt(), options)).toContain(26);
  });

  it('one partial transcript that interrupts', () => {
    const over = (times: number) => {
      const log = moving().speech('speaking').speech('speaking');
      for (let n = 0; n < times; n++)
        log.event(
          { type: 'transcript.partial', text: 'wait' },
          n === times - 1 ? 'listening' : 'speaking',
          'stt',
        );
      return broken(log, options);
    };
    expect(over(1)).toContain(26);
    expect(over(2)).not.toContain(26);
  });
});

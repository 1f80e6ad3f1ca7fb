import { describe, expect, it } from 'vitest';
import type { MonitorOptions } from '../../invariants.ts';
import { broken, Log } from '../../invariants-test-util.ts';
import type { AttentionState } from '../../wire.ts';

describe('invariant 25 finds', () => {
  const attention = { mode: 'wake', wake: ['hey robot'], windowMs: 5_000 } as const;
  const options: MonitorOptions = { attention };
  const is = (log: Log, state: AttentionState) => log.publish({ type: 'attention', state });
  const hears = (log: Log, text: string) =>
    log.event({ type: 'xstate.done.actor.stt', output: { text } }, 'processing', 'stt');
  const asleep = () => is(new Log(), 'asleep');

  it('no fault in a wake phrase, a turn, and the window after it', () => {
    const woken = is(is(hears(asleep(), 'Hey, robot, turn left'), 'awake'), 'window');
    expect(broken(is(woken.pass(5_000).typed(), 'asleep'), options)).not.toContain(25);
  });

  it('no fault in a result that waited until the client wanted replies again', () => {
    const wanted = asleep().event(
      { type: 'settings', change: { turnDetection: { mode: 'auto' } }, sample: 0 },
      'processing',
    );
    expect(broken(is(wanted, 'awake'), options)).not.toContain(25);
  });

  it('speech without the phrase that wakes', () => {
    expect(broken(is(hears(asleep(), 'turn left'), 'awake'), options)).toContain(25);
    expect(broken(is(hears(asleep(), 'the hey robot'), 'awake'), options)).toContain(25);
  });

  it('a reply in sleep', () => {
    const replied = hears(asleep(), 'turn left').start('llm').interrupt();
    expect(broken(replied, options)).toContain(25);
  });

  it('a window that stays open', () => {
    const open = is(is(hears(asleep(), 'hey robot'), 'awake'), 'window')
      .pass(5_001)
      .typed();
    expect(broken(open, options)).toContain(25);
  });

  it('many words that the dialog does not know, taken as addressed to the robot', () => {
    const addressed: MonitorOptions = { attention: { ...attention, mode: 'addressed' } };
    const wokenBy = (text: string) => broken(is(hears(asleep(), text), 'awake'), addressed);
    expect(wokenBy('we went all the way back to the station')).toContain(25);
    expect(wokenBy('\ufeff')).toContain(25);
    expect(wokenBy('who are you')).not.toContain(25);
  });

  it('a session that always listens and falls asleep', () => {
    expect(broken(asleep(), {})).toContain(25);
  });
});

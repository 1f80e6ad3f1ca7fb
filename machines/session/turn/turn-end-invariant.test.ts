import { describe, expect, it } from 'vitest';
import { broken, Log } from '../../invariants-test-util.ts';

describe('invariant 30 finds', () => {
  const options = { awaitedDelayMs: 3_000 };
  const awaited = () =>
    new Log()
      .event({ type: 'speech.start', sample: 0, ageMs: 0 }, 'listening', 'ear')
      .start('stt')
      .event({ type: 'transcript.partial', text: '', end: 'awaited' }, 'listening', 'stt')
      .event({ type: 'speech.stop', sample: 0, ageMs: 0 }, 'listening', 'ear');
  const silence = (log: Log, ms: number) =>
    log.pass(ms).event({ type: 'xstate.after.endpointDelay.x' }, 'processing', 'timer');

  it('no fault in a turn that the recogniser ends, or that its silence ends after all', () => {
    expect(broken(silence(awaited(), 3_000), options)).toEqual([]);
    const left = awaited().event({ type: 'transcript.partial', text: '' }, 'listening', 'stt');
    expect(broken(silence(left, 500), options)).toEqual([]);
    const reached = { type: 'transcript.partial', text: '', end: 'reached' } as const;
    expect(broken(awaited().event(reached, 'processing', 'stt'), options)).toEqual([]);
  });

  it('no fault if the client changes its own time of silence while one lasts', () => {
    const settings = (turnDetection: object) => ({
      ...{ type: 'settings' as const, sample: 0 },
      change: { turnDetection: { mode: 'auto' as const, ...turnDetection } },
    });
    const log = new Log().event(settings({ silenceMs: 300 }), 'idle', 'client');
    log
      .event({ type: 'speech.start', sample: 0, ageMs: 0 }, 'listening', 'ear')
      .start('stt')
      .event({ type: 'transcript.partial', text: '', end: 'awaited' }, 'listening', 'stt')
      .event({ type: 'speech.stop', sample: 0, ageMs: 0 }, 'listening', 'ear')
      .command({ type: 'delay', id: 'xstate.after.endpointDelay.x', delayMs: 300 })
      .event(settings({}), 'listening', 'client');
    expect(broken(silence(log, 300), options)).toEqual([]);
  });

  it('a shorter silence that ends a turn whose end is awaited', () => {
    expect(broken(silence(awaited(), 500), options)).toEqual([30]);
  });

  it('a reply that is interrupted because a sound has ended', () => {
    const log = new Log().reply().frames(0, 45).start('stt', 2);
    log.event({ type: 'transcript.partial', text: '', end: 'reached' }, 'listening', 'stt');
    expect(broken(log, options)).toContain(30);
  });
});

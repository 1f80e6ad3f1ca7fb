import { describe, expect, it } from 'vitest';
import type { MonitorOptions } from '../../invariants.ts';
import { broken, Log } from '../../invariants-test-util.ts';
import type { PublicState, SessionMessage } from '../../wire.ts';

describe('invariant 22 finds', () => {
  const lasting = { drive: { whenInterrupted: 'replace', group: 'move' } } as const;
  const options: MonitorOptions = { actions: { allow: ['*'], maxPerReply: 16, lasting } };
  const state = (value: PublicState, ...names: string[]): SessionMessage => ({
    ...{ type: 'state', value, turn: 1, generation: 1, seq: 1, at: 0 },
    ...(names.length > 0 && { actions: names.map((name) => ({ id: name, name })) }),
  });
  const asks = (log: Log, name: string) =>
    log.event({ type: 'llm.action', id: name, name, args: {} }, 'processing', 'llm');
  const started = () =>
    asks(new Log().open(1).start('llm'), 'drive')
      .action('started', 'drive')
      .start('lasting')
      .publish(state('processing', 'drive'));
  const replyOver = () => started().interrupt().stop('llm').flush().end('');
  const over = (log: Log) => log.over().action('cancelled', 'drive').stop('lasting').publish(state('ended'));

  it('no fault in an action that outlives its reply, until it is cancelled with the session', () => {
    expect(broken(over(replyOver()), options)).toEqual([]);
  });

  it('an action that a turn cancels', () => {
    const cancelled = replyOver().typed().action('cancelled', 'drive').stop('lasting');
    expect(broken(cancelled.publish(state('processing')), options)).toContain(22);
  });

  it('a second action beside one of its group', () => {
    const second = asks(started(), 'drive').publish({
      ...{ type: 'action', id: 'other', name: 'drive', args: {}, status: 'started' },
    });
    expect(broken(second, options)).toContain(22);
  });

  it('an action that runs on after the voice stop', () => {
    expect(broken(replyOver().halt().publish(state('stopped', 'drive')).over(), options)).toContain(22);
  });

  it('a state that lists other actions than those that run, and an executor without one', () => {
    expect(broken(over(replyOver().typed().publish(state('processing'))), options)).toContain(22);
    expect(
      broken(replyOver().over().action('cancelled', 'drive').publish(state('ended')), options),
    ).toContain(22);
  });
});

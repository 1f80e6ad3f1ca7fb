import { describe, expect, it } from 'vitest';
import { ParleyError } from '../../machines/errors.ts';
import type { SessionMessage } from '../../machines/wire.ts';
import { acknowledgedTurns } from './acknowledged-turns.ts';

const end = (generation: number): SessionMessage => ({
  ...{ type: 'reply.end', turn: generation, generation, reason: 'completed', heard: '', timings: {} },
});
const state = (value: 'idle' | 'stopped', seq: number): SessionMessage => ({
  ...{ type: 'state', value, turn: 1, generation: 1, seq, at: 0 },
});

function scene() {
  const log: string[] = [];
  const acks: { go: () => void; refuse: () => void }[] = [];
  const turns = acknowledgedTurns({
    acknowledged: () =>
      new Promise((resolve, reject) => {
        acks.push({ go: resolve, refuse: () => reject(new ParleyError('EPOCH_SUPERSEDED')) });
      }),
    publish: (message) =>
      log.push(
        message.type === 'reply.end'
          ? `end ${message.generation}`
          : message.type === 'state'
            ? message.value
            : message.type,
      ),
    save: ({ generation }) => log.push(`saved ${generation}`),
  });
  const settle = () => new Promise((go) => setImmediate(go));
  return { log, acks, turns, settle };
}

describe('the end of a turn', () => {
  it('is delivered when it is acknowledged, and what follows is delivered after it', async () => {
    const { log, acks, turns, settle } = scene();
    turns.publish(state('idle', 1));
    turns.publish(end(1));
    turns.publish(state('idle', 2));
    turns.publish(end(2));
    expect(log).toEqual(['idle']);
    acks[0]?.go();
    await settle();
    expect(log).toEqual(['idle', 'end 1', 'idle']);
    acks[1]?.go();
    await settle();
    expect(log).toEqual(['idle', 'end 1', 'idle', 'end 2']);
  });

  it('does not hold up a flush or a stop: these take with them what waits', async () => {
    const { log, acks, turns, settle } = scene();
    turns.publish(end(1));
    turns.publish({ type: 'flush', generation: 2 });
    expect(log).toEqual(['end 1', 'flush']);
    turns.publish(end(2));
    turns.publish(state('stopped', 3));
    expect(log).toEqual(['end 1', 'flush', 'end 2', 'stopped']);
    for (const ack of acks) ack.go();
    await settle();
    expect(log).toHaveLength(4);
  });

  it('is neither delivered nor saved if another server has the session', async () => {
    const { log, acks, turns, settle } = scene();
    turns.publish(end(1));
    turns.publish(state('idle', 1));
    turns.save({ generation: 1 } as Parameters<typeof turns.save>[0]);
    for (const ack of acks) ack.refuse();
    await settle();
    turns.publish(end(2));
    await settle();
    expect(log).toEqual([]);
  });
});

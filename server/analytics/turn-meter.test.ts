import { expect, it } from 'vitest';
import type { LogEntry } from '../../machines/log.ts';
import type { Command } from '../../machines/session/commands.ts';
import { TurnMeter } from './turn-meter.ts';

const turn = (generation: number) => ({
  ...{ turn: generation, generation, userText: 'hello', replyText: '', heard: '' },
  ...{ reason: 'completed' as const, timings: {}, endedAtMs: 1 },
});

it('a turn that is stored late, as failover does, has its own costs and actions, and the next one has its own', () => {
  const flags = { outbox: true, memory: false, filler: false, speculation: false };
  const meter = new TurnMeter({
    ...{ remembers: false, plugins: true, now: () => '', nowMs: () => 0 },
    flags: { of: () => flags as ReturnType<ConstructorParameters<typeof TurnMeter>[0]['flags']['of']> },
  });
  meter.onOpening({ session: 's', language: 'en', outputRate: 24_000 });
  const commanded = (command: Command): LogEntry => ({ type: 'command', seq: 1, atMs: 1, command });
  const replied = (generation: number, samples: number) => {
    meter.onLog('s', { type: 'frame', atMs: 1, generation, samples } as LogEntry);
    meter.onLog(
      's',
      commanded({
        type: 'publish',
        message: { type: 'action', id: `${generation}`, name: 'wave', args: {}, status: 'done' },
      } as Command),
    );
    meter.onLog('s', commanded({ type: 'persist', turn: turn(generation) }));
  };
  replied(1, 24_000);
  replied(2, 48_000);
  const said = [1, 2].map((generation) =>
    meter.eventsOf({ session: 's', ...turn(generation) }).map(({ body }) => {
      const { costs, actions } = body.payload as {
        costs?: { replySeconds: number };
        actions?: { id: string }[];
      };
      return costs?.replySeconds ?? actions?.map(({ id }) => id);
    }),
  );
  expect(said).toEqual([
    [1, ['1']],
    [2, ['2']],
  ]);
});

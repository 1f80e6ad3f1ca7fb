import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../machines/clock.ts';
import { malformedLog, warnOfOpenBroker } from './bus-log.ts';

function recorder() {
  const lines: { fields: Record<string, unknown>; message: string }[] = [];
  const warn = (fields: Record<string, unknown>, message: string) => lines.push({ fields, message });
  return { lines, log: { warn } as unknown as Parameters<typeof warnOfOpenBroker>[2] };
}

describe('a warning at start', () => {
  it.each([
    'nats://10.0.0.7:4222',
    'nats://broker.example',
    'tls://broker.example:4222',
    'nats://localhost:4222,nats://10.0.0.7:4222',
  ])('comes for the broker %s, which is on another machine and asks for no credentials', (url) => {
    const { lines, log } = recorder();
    warnOfOpenBroker(url, {}, log);
    expect(lines).toHaveLength(1);
    expect(lines[0]?.message).toContain('WITHOUT CREDENTIALS');
  });

  it.each([
    'nats://127.0.0.1:4222',
    'nats://localhost',
    'nats://[::1]:4222',
    'nats://user:secret@broker.example',
    'nats://token@broker.example',
  ])('does not come for the broker %s', (url) => {
    const { lines, log } = recorder();
    warnOfOpenBroker(url, {}, log);
    expect(lines).toEqual([]);
  });

  it.each([{ credentials: 'robot.creds' }, { nkey: 'robot.nk' }, { cert: 'robot.pem' }])(
    'does not come with %j',
    (login) => {
      const { lines, log } = recorder();
      warnOfOpenBroker('nats://10.0.0.7:4222', login, log);
      expect(lines).toEqual([]);
    },
  );
});

it('malformed messages are logged once a second, with their number', async () => {
  const clock = new VirtualClock();
  const { lines, log } = recorder();
  const report = malformedLog(log, clock);
  for (let i = 0; i < 100; i++) report('s', 'what');
  await clock.advance(1_000);
  report('s', 'what');
  expect(lines.map(({ fields }) => fields.count)).toEqual([1, 100]);
});

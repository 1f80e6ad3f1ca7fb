import { expect, it } from 'vitest';
import { realClock } from '../../adapters/real-clock.ts';
import type { ServerMessage } from '../../machines/wire.ts';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { startNatsServer } from '../../testing/nats-server.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { type ParleyProcess, parley } from '../support/processes.ts';
import { speak } from '../support/speech.ts';

async function startServer(natsUrl: string): Promise<{ url: string; server: ParleyProcess }> {
  const dataDir = await temporaryFolder();
  const server = parley(['serve', '--engines', 'remote', '--port', '0', '--data-dir', dataDir], {
    NATS_URL: natsUrl,
  });
  afterTest(() => server.stop());
  const [, url = ''] = await server.line(/listens on (\S+)/u);
  return { url, server };
}

async function startWorker(natsUrl: string, engines: string): Promise<ParleyProcess> {
  const worker = parley(['worker', '--engines', engines], { NATS_URL: natsUrl });
  afterTest(() => worker.kill());
  await worker.line(/worker serves/u);
  return worker;
}

const PATIENCE_MS = 30_000;

function generationOf(message: ServerMessage | undefined): number {
  return message?.type === 'reply.end' ? message.generation : 0;
}

it('holds a spoken conversation over NATS, ends the turn when its worker is killed in mid-reply, and continues with the next worker', async () => {
  const nats = await startNatsServer();
  afterTest(() => nats.stop());
  const [{ url, server }, worker] = await Promise.all([
    startServer(nats.url),
    startWorker(nats.url, 'stt,llm,tts'),
  ]);
  const client = await VoiceClient.connect({ url, clock: realClock });
  afterTest(() => client.close());

  await client.say(speak('what is your name'));
  const first = await client.waitFor((message) => message.type === 'reply.end', { timeoutMs: PATIENCE_MS });
  expect(first?.message).toMatchObject({ turn: 1, reason: 'completed' });
  expect(client.arrivals.map(({ message }) => message)).toContainEqual(
    expect.objectContaining({ type: 'transcript', text: 'what is your name', final: true }),
  );

  const since = client.arrivals.length;
  client.send({ type: 'text', text: 'tell me a story' });
  // Two seconds into the reply, part of it has been heard.
  const speaking = await client.waitFor(
    (message) => message.type === 'state' && message.value === 'speaking',
    {
      since,
      timeoutMs: PATIENCE_MS,
    },
  );
  const startedAt = speaking?.message.type === 'state' ? speaking.message.at : Number.POSITIVE_INFINITY;
  await client.waitFor((message) => message.type === 'viseme' && message.at > startedAt + 2_000, {
    since,
    timeoutMs: PATIENCE_MS,
  });
  await worker.kill();
  const second = await client.waitFor((message) => message.type === 'reply.end', {
    since,
    timeoutMs: PATIENCE_MS,
  });
  expect(second?.message).toMatchObject({ turn: 2, reason: 'failed' });
  const told = client.arrivals
    .slice(since)
    .flatMap(({ message }) => (message.type === 'error' ? [message.code] : []));
  expect(['ENGINE_LOST', 'ENGINE_NO_WORKER']).toContain(told[0]);
  if (second?.message.type !== 'reply.end') throw new Error('no reply.end');
  expect(second.message.heard).toMatch(/^Once upon a time/u);

  await startWorker(nats.url, 'stt,llm,tts');
  const later = client.arrivals.length;
  await client.say(speak('tell me a joke'));
  const third = await client.waitFor((message) => message.type === 'reply.end', {
    since: later,
    timeoutMs: PATIENCE_MS,
  });
  expect(third?.message).toMatchObject({ turn: 3, reason: 'completed' });
  // One generation per reply, always increasing; a discarded speculation has used one too.
  const generations = [first, second, third].map((end) => generationOf(end?.message));
  expect(generations).toEqual([...new Set(generations)].sort((a, b) => a - b));
  expect(generations).not.toContain(0);
  // Every server checks the invariants of its sessions and logs violations.
  expect(server.lines.filter((line) => line.includes('invariant'))).toEqual([]);
});

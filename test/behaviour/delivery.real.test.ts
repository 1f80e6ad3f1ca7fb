/** The delivery robot as users run it: `parley serve --behaviour`, its recogniser and its voice. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { ServerMessage } from '../../machines/wire.ts';
import { VoiceClient, type VoiceClientOptions } from '../../server/client/voice-client.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { PATIENT, parley } from '../support/processes.ts';
import { speak } from '../support/speech.ts';

const FILE = fileURLToPath(new URL('../../examples/delivery/delivery.behaviour.ts', import.meta.url));
const LIMIT = { timeoutMs: 60_000 };

/** A robot and its user. It waits for what the server sends, and fails with all that it got. */
async function robot(options: VoiceClientOptions) {
  const client = await VoiceClient.connect(options);
  afterTest(() => client.close());
  // As a person does: it is asked about words that the recogniser is not sure of.
  client.onMessage(({ message }) => {
    if (message.type === 'reply.end' && message.heard.startsWith('Did you say'))
      void client.say(speak('yes'));
  });
  const next = async (matches: (message: ServerMessage) => boolean, what: string) => {
    const found = await client.waitFor(matches, LIMIT);
    const log = client.arrivals.filter(({ message }) => message.type !== 'viseme');
    if (!found)
      throw new Error(`no ${what} in:\n${log.map(({ message }) => JSON.stringify(message)).join('\n')}`);
    return found.message;
  };
  return {
    client,
    says: (text: string) => next((one) => one.type === 'reply.end' && one.heard === text, text),
    begins: (name: string) =>
      next((one) => one.type === 'action' && one.name === name && one.status === 'started', name),
    ends: (name: string) =>
      next((one) => one.type === 'action' && one.name === name && one.status === 'cancelled', name),
    hears: (text: string) => client.say(speak(text)),
  };
}

it('takes an order by voice, drives, goes on after kill -9, and replays', { timeout: 240_000 }, async () => {
  const dataDir = await temporaryFolder();
  const flags = ['--data-dir', dataDir, '--behaviour', FILE];
  const serve = async () => {
    const server = parley(['serve', '--port', '0', ...flags, ...PATIENT]);
    afterTest(() => server.stop());
    const [, url = ''] = await server.line(/listens on (\S+)/u);
    return { server, url };
  };
  const first = await serve();
  const manners = { actions: 'results', resume: true } as const;
  const before = await robot({ url: first.url, manners });
  await before.hears('bring me some coffee');
  await before.says('To which room?');
  await before.hears('to room twelve');
  expect(await before.begins('drive')).toMatchObject({
    ...{ args: { room: 12 }, origin: 'behaviour' },
    key: expect.stringMatching(/\/delivery\.driving\/1$/u),
  });
  await before.says('I am bringing coffee to room 12.');
  await first.server.kill();

  const ready = before.client.arrivals[0]?.message;
  if (ready?.type !== 'ready') throw new Error('the first message is not ready');
  const { session, secret = '' } = ready;
  const second = await serve();
  const after = await robot({ url: second.url, manners: { ...manners, session, secret } });
  expect(after.client.arrivals[0]?.message).toMatchObject({ type: 'ready', session, resumed: true });
  await after.hears('where are you');
  await after.says('I am on my way to room 12.');
  after.client.send({ type: 'event', name: 'battery.low', data: { percent: 9 } });
  await after.ends('drive');
  await after.begins('dock');
  await after.says('My battery is low. I am going home now.');
  await after.client.close();
  await second.server.stop();

  const replay = parley(['replay', '--all', ...flags]);
  const code = await replay.exited;
  expect(replay.lines.join('\n')).toContain('all as recorded');
  expect(code, replay.lines.join('\n')).toBe(0);
});

it('names file and line of what is wrong with a behaviour', async () => {
  const server = parley(['serve', '--port', '0', '--behaviour', 'none.behaviour.js']);
  expect(await server.exited).toBe(1);
  expect(server.lines.join('\n')).toContain('the behaviour file cannot be read: none.behaviour.js');
});

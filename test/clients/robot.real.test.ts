import { afterAll, beforeAll, expect, it } from 'vitest';
import { ParleyClient } from '../../clients/typescript/src/node/mod.ts';
import { afterTest, folderOfFile } from '../support/after-test.ts';
import { ONLY_TYPED, type ParleyProcess, parley } from '../support/processes.ts';

let server: ParleyProcess;
let url: string;
const dataDir = folderOfFile();

beforeAll(async () => {
  server = parley(['serve', '--port', '0', '--data-dir', dataDir, ...ONLY_TYPED]);
  [, url = ''] = await server.line(/listens on (\S+)/u);
});
afterAll(() => server?.stop());

/** A robot in text alone, whose wheels turn until they must stop, or until `stuck` is called. */
async function robot() {
  const client = new ParleyClient({ url, input: 'text', output: 'text' });
  afterTest(() => client.close());
  const heard: string[] = [];
  client.on('reply.end', (end) => heard.push(end.heard));
  const wheels = { stuck: (_why: string) => {}, stopped: 0 };
  client.onAction('go-forward', (_args, { signal }) => {
    return new Promise((_resolve, reject) => {
      wheels.stuck = (why) => reject(new Error(why));
      signal.addEventListener('abort', () => {
        wheels.stopped += 1;
        reject(signal.reason);
      });
    });
  });
  await client.connect();
  client.text('go forward');
  await client.next('action', ({ status }) => status === 'started');
  return { client, wheels, heard };
}

it('a real server says why an action failed', async () => {
  const { client, wheels, heard } = await robot();
  const told = client.next('reply.end', ({ heard }) => heard.includes('could not'));
  wheels.stuck('a box is in the way');
  await told;

  expect(heard.at(-1)).toBe('I could not move: a box is in the way.');
  expect(wheels.stopped).toBe(0);
  expect(client.link).toBe('connected');
});

it('a real server cancels an action with its reply, and the handler stops', async () => {
  const { client, wheels } = await robot();
  const cancelled = client.next('action', ({ status }) => status === 'cancelled');
  client.interrupt();
  await cancelled;

  expect(wheels.stopped).toBe(1);
});

it('the voice stop stops the handler before the server has answered, and stays in force until it is taken back', async () => {
  const { client, wheels } = await robot();
  const stopped = client.next('state', ({ value }) => value === 'stopped');
  client.halt();
  expect(wheels.stopped).toBe(1);
  await stopped;
  const idle = client.next('state', ({ value }) => value === 'idle');
  client.rearm();
  await idle;
});

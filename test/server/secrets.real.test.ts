/** What a user says for a secret slot, followed through a whole server: to the robot, and nowhere else. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { dialogTools, parseDialog, secretsOf } from '../../actors/dialog/mod.ts';
import { dialogLlm } from '../../adapters/llm/dialog/dialog.ts';
import { ParleyClient } from '../../clients/typescript/src/node/mod.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { JsonObject } from '../../machines/json.ts';
import { settle } from '../../testing/conversation.ts';
import { scene } from '../session/scene.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { ONLY_TYPED, parley } from '../support/processes.ts';

const DIALOG = `
slots:
  pin: { type: "digits 4..12", secret: true }
entries:
  - id: unlock
    phrases: my pin is {pin}
    replies: "Thank you: {pin}."
    actions:
      - { name: unlock, args: { pin: "{pin}", door: front }, whenInterrupted: finish, done: "It is open. {message}" }
`;
/** So long that no port, time or offset has it by chance. */
const PIN = '471190825366';
const SECRET = /4711\s?9082\s?5366/u;

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

it('reaches the client that carries the action out; transcripts, wire, inspector, log and data directory have a mark', async () => {
  const folder = await temporaryFolder();
  const dialog = join(folder, 'bank.dialog.yaml');
  await writeFile(dialog, DIALOG);
  const dataDir = join(folder, 'data');
  const flags = ['--data-dir', dataDir, '--dialog', dialog];
  const server = parley(['serve', '--port', '0', ...flags, ...ONLY_TYPED, '--log.level', 'debug']);
  const [, url = ''] = await server.line(/listens on (\S+)/u);
  const client = new ParleyClient({ url: url.replace('http', 'ws') });
  afterTest(() => client.close());
  const got: JsonObject[] = [];
  client.onAction('unlock', (args) => {
    got.push(args);
    return { message: `opened with ${args.pin}`, pin: Number(PIN) };
  });
  const heard: object[] = [];
  client.on('message', (message) => {
    if (message.type !== 'action') heard.push(message);
  });
  const { session } = await client.connect();
  const wire = await fetch(`${url}/v1/inspect/sessions/${session}/wire`);
  const done = client.next('action', ({ status }) => status === 'done');
  const ended = client.next('reply.end');
  client.text(`My PIN is ${PIN}.`);
  await Promise.all([done, ended]);
  expect(got).toEqual([{ pin: PIN, door: 'front' }]);
  const inspected = await Promise.all(
    ['journal', 'turns'].map(async (what) =>
      (await fetch(`${url}/v1/inspect/sessions/${session}/${what}`)).text(),
    ),
  );
  await client.close();
  const lines = await wire.text();
  await server.stop();

  expect(JSON.stringify(heard)).not.toMatch(SECRET);
  expect(JSON.stringify(heard)).toContain('Thank you: ••••');
  expect(lines).toContain('"type":"text"');
  expect(lines).not.toMatch(SECRET);
  expect(inspected.join()).toContain('my pin is ••••');
  expect(inspected.join()).not.toMatch(SECRET);
  expect(server.lines.join('\n')).not.toMatch(SECRET);
  for (const file of await filesBelow(dataDir))
    expect(await readFile(file, 'latin1'), file).not.toMatch(SECRET);

  const replay = parley(['replay', session, ...flags]);
  expect(await replay.exited).toBe(0);
});

it('is spoken, opens the door by the server, and is in no event, message or failure of the session, which replays', async () => {
  const clock = new VirtualClock({ settle });
  const dialog = parseDialog(DIALOG);
  const secrets = secretsOf(dialog);
  const got: JsonObject[] = [];
  const talk = await scene({
    clock,
    ...(secrets && { secrets }),
    dialogTools: dialogTools(dialog),
    llm: dialogLlm({ dialog }),
    said: [
      { partial: 'my pin is four seven', text: 'my pin is four seven one one' },
      { text: 'my pin is four seven double one' },
    ],
    actions: {
      run: async ({ args }) => {
        got.push(args);
        throw new ParleyError('ACTION_FAILED', `no door opens with ${args.pin}`);
      },
    },
  });
  for (const count of [1, 2]) {
    await talk.speak(600);
    await talk.beSilent(2_000);
    await talk.until(() => talk.of('reply.end').length === count && talk.state === 'idle');
  }
  expect(got).toEqual([{ pin: '4711', door: 'front' }]);
  const finals = talk.of('transcript').filter(({ final }) => final);
  expect(finals.map(({ text }) => text)).toEqual(['my pin is ••••ꞏ', 'my pin is ••••']);
  const sent = talk.heard.filter((one) => one.type !== 'audio' && one.type !== 'action');
  expect(JSON.stringify(sent)).not.toMatch(/4711|four seven/u);
  expect(JSON.stringify(talk.log)).not.toMatch(/4711|four seven/u);
  expect(talk.of('error')).toMatchObject([
    { code: 'ACTION_FAILED', message: expect.stringContaining('••••') },
  ]);
});

import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realClock } from '../../adapters/real-clock.ts';
import type { ActionReport, ServerMessage } from '../../machines/wire.ts';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { sessionsPage } from '../../server/endpoints/inspect/wire.ts';
import { afterTest, folderOfFile } from '../support/after-test.ts';
import { type ParleyProcess, parley } from '../support/processes.ts';
import { speak } from '../support/speech.ts';

const DIALOG = fileURLToPath(new URL('../support/lasting.dialog.yaml', import.meta.url));
const PATIENCE_MS = 60_000;

describe('a server with actions that outlive their reply', () => {
  let url: string;
  let client: VoiceClient;

  const dataDir = folderOfFile();
  let server: ParleyProcess;
  beforeAll(async () => {
    server = parley(['serve', '--port', '0', '--data-dir', dataDir, '--dialog', DIALOG]);
    [, url = ''] = await server.line(/listens on (\S+)/u);
  });
  afterAll(() => server?.stop());

  async function connect(): Promise<void> {
    client = await VoiceClient.connect({ url, clock: realClock, manners: { actions: 'results' } });
    afterTest(() => client.close());
  }

  /** The first message of the whole conversation that matches. */
  async function seen(what: string, matches: (message: ServerMessage) => boolean): Promise<void> {
    const found = await client.waitFor(matches, { timeoutMs: PATIENCE_MS });
    expect(found, what).toBeDefined();
  }
  const action = (status: string, id?: string) => (message: ServerMessage) =>
    message.type === 'action' && message.status === status && (id === undefined || message.id === id);
  const ended = (heard: string) => (message: ServerMessage) =>
    message.type === 'reply.end' && message.heard.startsWith(heard);
  const state = (value: string) => (message: ServerMessage) =>
    message.type === 'state' && message.value === value;

  function messages<Type extends ServerMessage['type']>(type: Type) {
    return client.arrivals
      .map(({ message }) => message)
      .filter((message): message is Extract<ServerMessage, { type: Type }> => message.type === type);
  }
  const actions = () =>
    messages('action').map(({ name, args: { to }, status }) =>
      (typeof to === 'string' ? [name, to, status] : [name, status]).join(' '),
    );
  const newest = () => messages('action').at(-1)?.id ?? '';
  function report(how: ActionReport, id = newest()): void {
    client.send({ type: 'action.result', id, ...how });
  }
  async function live(): Promise<unknown> {
    const page: unknown = await (await fetch(`${url}/v1/inspect/sessions`)).json();
    const own = messages('ready')[0]?.session;
    return sessionsPage.parse(page).live.find(({ session }) => session === own)?.actions;
  }

  it('finishes one after a spoken barge-in, and says so', async () => {
    await connect();
    client.send({ type: 'text', text: 'play some music' });
    await seen('the song begins', action('started'));
    await seen('the reply sounds', state('speaking'));
    await client.wait(1_500);
    await client.say(speak('what is your name'));
    await seen('the answer', ended('My name is'));
    expect(messages('reply.end')[0]).toMatchObject({ reason: 'interrupted' });
    expect(actions()).toEqual(['music started']);
    expect(messages('state').at(-1)).toMatchObject({ actions: [{ id: '1-action-1', name: 'music' }] });
    expect(await live()).toEqual([{ id: '1-action-1', name: 'music' }]);
    report({ status: 'progress', message: 'half' });
    report({ status: 'done' });
    await seen('the end is said', ended('That was the song'));
    expect(actions()).toEqual(['music started', 'music progress', 'music done']);
    expect(messages('state').at(-1)).not.toHaveProperty('actions');
    expect(await live()).toBeUndefined();
  });

  it('replaces one by a newer one of its group, and says why that failed', async () => {
    await connect();
    client.send({ type: 'text', text: 'go home' });
    await seen('the reply is over', ended('On my way'));
    const first = newest();
    client.send({ type: 'text', text: 'what is your name' });
    await seen('an answer', ended('My name is'));
    expect(actions()).toEqual(['drive home started']);
    client.send({ type: 'text', text: 'go to the kitchen' });
    await seen('the reply is over', ended('To the kitchen'));
    expect(actions()).toEqual(['drive home started', 'drive home cancelled', 'drive kitchen started']);
    report({ status: 'done' }, first);
    report({ status: 'failed', message: 'something is in the way' });
    await seen('the failure is said', ended('I could not get there: something is in the way.'));
    const { generation } = messages('reply.end').at(-1) ?? { generation: 0 };
    expect(client.frames.filter((frame) => frame.generation === generation).length).toBeGreaterThan(20);
    expect(messages('error')).toMatchObject([{ code: 'ACTION_RESULT_UNEXPECTED' }]);
  });

  it('cancels one that belongs to its reply with the next turn, and says the failure of another', async () => {
    await connect();
    client.send({ type: 'text', text: 'go forward' });
    await seen('it moves', action('started'));
    client.send({ type: 'text', text: 'what is your name' });
    await seen('an answer', ended('My name is'));
    expect(actions()).toEqual(['go-forward started', 'go-forward cancelled']);
    client.send({ type: 'text', text: 'go forward' });
    await seen('it moves again', action('started', '3-action-1'));
    report({ status: 'failed', message: 'something is in the way' });
    await seen('the failure is said', ended('I could not move: something is in the way.'));
  });

  it('ends all of them with the voice stop, and starts anew after it', async () => {
    await connect();
    for (const text of ['play some music', 'go home']) {
      client.send({ type: 'text', text });
      await seen(text, action('started', `${text === 'go home' ? 2 : 1}-action-1`));
    }
    client.send({ type: 'halt' });
    await seen('the stop', state('stopped'));
    expect(actions()).toEqual([
      'music started',
      'drive home started',
      'music cancelled',
      'drive home cancelled',
    ]);
    expect(messages('state').at(-1)).toMatchObject({ value: 'stopped' });
    expect(messages('state').at(-1)).not.toHaveProperty('actions');
    report({ status: 'done' });
    client.send({ type: 'rearm' });
    client.send({ type: 'text', text: 'go home' });
    await seen('it drives again', action('started', '3-action-1'));
    expect(messages('error')).toMatchObject([{ code: 'ACTION_RESULT_UNEXPECTED' }]);
  });
});

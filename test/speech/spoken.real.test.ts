/** Real engines in two real processes: one Parley is the speech model of the other. */
import { expect, it } from 'vitest';
import { realClock } from '../../adapters/real-clock.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { PATIENT, type ParleyProcess, parley } from '../support/processes.ts';
import { speak } from '../support/speech.ts';
import { Caller } from './scene.ts';

async function start(flags: readonly string[]): Promise<{ server: ParleyProcess; url: string }> {
  const server = parley([
    'serve',
    '--port',
    '0',
    '--data-dir',
    await temporaryFolder(),
    ...PATIENT,
    ...flags,
  ]);
  afterTest(() => server.stop());
  const [, url = ''] = await server.line(/listens on (\S+)/u);
  while (!(await fetch(`${url}/readyz`)).ok) await new Promise<void>((next) => realClock.setTimer(50, next));
  return { server, url };
}

it('holds a spoken conversation, and is interrupted', async () => {
  const model = await start([]);
  const { server, url } = await start([
    ...['--engines.speech', 'openai-realtime', '--speech.openai-realtime.base-url', `${model.url}/v1`],
  ]);
  const caller = new Caller(url);
  afterTest(() => caller.client.close());
  await caller.client.connect();

  await caller.client.speak(speak('tell me a story').samples);
  const heardFirst = () =>
    caller.of('transcript').some(({ text, final }) => final && text === 'tell me a story');
  await caller.until(heardFirst, 'the words of the first turn');
  await caller.until(() => caller.of('state').some(({ value }) => value === 'speaking'), 'speaking');
  await new Promise<void>((later) => realClock.setTimer(2_500, later));
  await caller.client.speak(speak('what is your name').samples);
  const [story, name] = [await caller.reply(0), await caller.reply(1)];
  expect(story).toMatchObject({ reason: 'interrupted' });
  expect(story.heard).toMatch(/^Once upon a time/u);
  expect(name).toMatchObject({ reason: 'completed' });
  expect(name.heard).toMatch(/Parley|robot/iu);
  expect(caller.of('transcript').at(-1)).toMatchObject({ text: 'what is your name', final: true });
  expect(caller.of('error')).toEqual([]);

  const known = await (await fetch(`${model.url}/v1/inspect/sessions`)).text();
  expect(known).toContain('openai-realtime');
  for (const { lines } of [server, model.server])
    expect(lines.filter((line) => /invariant|ENGINE_|_FAILED/u.test(line))).toEqual([]);
});

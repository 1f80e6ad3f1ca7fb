import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { GOAL_STATUS, RosbridgeServer } from '../../testing/loopback/mod.ts';
import { fencesOf } from '../docs/fences.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { withPrintedPage } from '../support/printed-client.ts';
import { parley } from '../support/processes.ts';

it('the examples of docs/how-to/ros.md talk and move with a server as it is started by default, also over TLS', {
  timeout: 120_000,
}, async () => {
  await withPrintedPage('how-to/ros.md', async ({ url, folder, run }) => {
    const endpoint = `${url.replace('http', 'ws')}/rosbridge`;
    expect(await run(0, [endpoint])).toMatch(/Parley/u);
    // More than half a second of speech.
    expect(readFileSync(join(folder, 'answer.pcm')).byteLength).toBeGreaterThan(16_000);
    expect(await run(1, [endpoint])).toMatch(
      /^go-forward started \ndriving \{ \w+: 2.*\}\ngo-forward done the way is free\n$/u,
    );
  });
  await withPrintedPage(
    'how-to/ros.md',
    async ({ url, run }) =>
      expect(await run(0, [`${url.replace('https', 'wss')}/rosbridge`])).toMatch(/Parley/u),
    { tls: true },
  );
});

it('with the dialog of docs/how-to/ros.md a robot is sent home, and says why it did not get there', {
  timeout: 120_000,
}, async () => {
  const robot = await RosbridgeServer.start();
  afterTest(() => robot.close());
  const folder = await temporaryFolder();
  const [entries] = fencesOf('docs/how-to/ros.md').filter(
    ({ marker }) => marker === 'example: dialog entries',
  );
  const dialog = join(folder, 'robot.dialog.yaml');
  writeFileSync(dialog, `entries:\n${entries?.code.replace(/^/gm, '  ')}`);
  const server = parley([
    'serve',
    '--port',
    '0',
    '--data-dir',
    folder,
    '--dialog',
    dialog,
    '--ros.url',
    robot.url,
  ]);
  afterTest(() => server.stop());
  const goals: unknown[] = [];
  robot.action('/drive', async ({ goal }) => {
    goals.push(goal);
    return { status: GOAL_STATUS.aborted, values: { message: 'something is in the way' } };
  });
  await robot.until(() => robot.received.some(({ service }) => service === '/parley/interrupt'));
  robot.publish('/parley/text', { data: 'go home' });
  const said = () => JSON.stringify(robot.received.filter(({ topic }) => topic === '/parley/reply'));
  await robot.until(() => said().includes('I could not get home: something is in the way.'));
  expect(goals).toEqual([{ target: 'home' }]);
});

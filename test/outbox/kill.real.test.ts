import { expect, it } from 'vitest';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { eventKillRound, killScene } from './kill-round.ts';

it('each acknowledged turn reaches both roles when the server is killed', async () => {
  const scene = await killScene(await temporaryFolder());
  afterTest(() => scene.broker.stop());
  const round = await eventKillRound(scene, 3);
  expect(round).toMatchObject({ victim: 'server', problems: [] });
  expect(round.acknowledged).toBeGreaterThan(0);
}, 180_000);

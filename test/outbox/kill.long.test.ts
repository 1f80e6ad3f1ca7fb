import { expect, it } from 'vitest';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { eventKillRound, killScene } from './kill-round.ts';

// More rounds: npm run test:kill-events
it('each acknowledged turn reaches both roles, whichever of server, worker and broker is killed', async () => {
  const scene = await killScene(await temporaryFolder());
  afterTest(() => scene.broker.stop());
  for (const seed of [3, 4, 5]) {
    const round = await eventKillRound(scene, seed);
    expect(round).toMatchObject({ problems: [] });
    expect(round.acknowledged).toBeGreaterThan(0);
  }
}, 180_000);

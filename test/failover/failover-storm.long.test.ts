import { expect, it } from 'vitest';
import { temporaryFolder } from '../support/after-test.ts';
import { storm } from './storm.ts';

// Ten minutes of it: npm run test:failover
it('three servers, three brokers and two workers lose no session, no acknowledged turn and run nothing twice while they are killed and cut off', async () => {
  const report = await storm({
    ...{ folder: await temporaryFolder(), seconds: 11, talkers: 4, everyMs: 2_000, seed: 1 },
    blows: ['kill server', 'kill broker', 'kill worker', 'cut clients', 'cut broker link'],
  });
  expect(report.problems).toEqual([]);
  expect(report.acknowledged).toBeGreaterThan(10);
  expect(report.takeovers).toBeGreaterThan(0);
  expect(report.events).toBeGreaterThan(10);
}, 180_000);

import { expect, it } from 'vitest';
import { MAX_LEVEL } from '../../server/degradation/levels.ts';
import { spokenAttack } from '../overload/spoken-attack.ts';
import { violations } from '../overload/violations.ts';

/** The short form: a server that believes it is small, so that the crowd need not fill the machine. `npm run test:overload` sends 300 to a server with its own limits. */
const SMALL = [
  // With one session it has too much to do, and a sixteenth of a quarter of these is left for the bystanders.
  ...['--limits.waiting-requests=8', '--limits.new-sessions=256'],
  ...['--overload.loop-percent=1', '--overload.worse-ms=1500', '--overload.better-ms=500'],
];

it('many spoken talkers with tokens leave bystanders their replies or a clear error, and health checks and the stop', async () => {
  const report = await spokenAttack({ talkers: 40, bystanders: 3, attackMs: 10_000, flags: SMALL });
  expect(violations(report), JSON.stringify(report, null, 2)).toEqual([]);
  expect(Math.max(...report.levels.map(({ level }) => level))).toBe(MAX_LEVEL);
}, 180_000);

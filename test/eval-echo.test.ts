import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { parseDialog } from '../actors/dialog/mod.ts';
import { evaluate, parseScenario } from '../testing/mod.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const dialog = parseDialog(readFileSync(join(root, 'examples/robot.dialog.yaml'), 'utf8'), 'robot');

it.each([
  { echo: 'unknown', echoDb: -10 },
  { echo: 'unknown' },
  { echo: 'cancelled', echoDb: -10 },
  { echo: 'cancelled' },
  { echo: 'present' },
])(
  'a robot whose client says $echo (echo: $echoDb dB) never answers its own voice, and yields to a person',
  { timeout: 600_000 },
  async (room) => {
    const scenario = parseScenario({
      name: 'Own voice',
      ...{ ...room, distortion: 0.2, background: { kind: 'pink', db: -35 } },
      steps: [
        { listen: 'tell me a joke' },
        { listen: 'what is your name' },
        { bargeIn: 'turn left', over: 'tell me a story', afterMs: 900 },
      ],
    });
    const { all } = await evaluate([scenario], { dialog });
    expect(all).toMatchObject({ defects: [], falseTurns: 0, falseStops: 0 });
    expect(all.ownVoiceIgnored.part).toBe(all.ownVoiceIgnored.of);
    expect(all.yielded).toEqual({ part: 1, of: 1 });
    expect(all.yield.p50Ms).toBeLessThanOrEqual(300);
  },
);

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseDialog } from '../../../actors/dialog/mod.ts';
import type { StopSpotter } from '../../../actors/ports/stop-spotter.ts';
import { writeSttModel } from '../../../testing/models/stt-models.ts';
import { toneSpeech } from '../../../testing/models/tones.ts';
import { detectModel } from '../../sherpa/model-folder.ts';
import { sherpaSpotter } from './sherpa.ts';

const folder = mkdtempSync(join(tmpdir(), 'parley-sherpa-spotter-'));
const spotters: StopSpotter[] = [];
afterAll(async () => {
  await Promise.all(spotters.map((spotter) => spotter.close()));
  rmSync(folder, { recursive: true });
});

const robot = parseDialog(
  readFileSync(new URL('../../../examples/robot.dialog.yaml', import.meta.url), 'utf8'),
  'robot.dialog.yaml',
);

async function spotterOf(halts: readonly string[]): Promise<StopSpotter> {
  const model = await detectModel(writeSttModel('lstm-transducer', join(folder, 'model')));
  // Audio comes faster than in real time here.
  const spotter = await sherpaSpotter({ dialog: { ...robot, halts }, model, maxBehindMs: 60_000 });
  spotters.push(spotter);
  return spotter;
}

/** What a spotter says of words until `last` is confirmed. */
function heard(spotter: StopSpotter, last: string, ...words: string[]): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const log: string[] = [];
    const stretch = spotter.listen({
      onSuspected: (phrase) => log.push(`suspected ${phrase}`),
      onConfirmed: (phrase) => {
        log.push(`confirmed ${phrase}`);
        if (phrase === last) resolve(log);
      },
      onRefuted: () => log.push('refuted'),
      onLost: (error) => resolve([...log, error.message]),
    });
    const speech = toneSpeech(...words);
    for (let at = 0; at < speech.length; at += 320) stretch.push(speech.slice(at, at + 320));
    stretch.end();
  });
}

describe('sherpaSpotter', () => {
  it('confirms the stop phrases of the dialog and nothing else', async () => {
    const spotter = await spotterOf(['stop', 'turn left']);
    expect(spotter.phrases).toEqual(['stop', 'turn left']);
    expect(await heard(spotter, 'stop', 'hello', 'turn', 'right', 'stop')).toEqual([
      'suspected stop',
      'confirmed stop',
    ]);
    expect(await heard(spotter, 'stop', 'turn', 'left', 'yes', 'stop')).toEqual([
      'suspected turn left',
      'confirmed turn left',
      'suspected stop',
      'confirmed stop',
    ]);
  });

  it('refuses a dialog whose phrases the model cannot spell', async () => {
    await expect(spotterOf(['halt'])).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseDialog } from '../actors/dialog/mod.ts';
import { writeSttModel } from '../testing/models/stt-models.ts';
import { loadConfig } from './config/load.ts';
import { makeStopSpotter } from './stop-spotter.ts';

const folder = mkdtempSync(join(tmpdir(), 'parley-stop-spotter-'));
afterAll(() => rmSync(folder, { recursive: true }));

const dialog = parseDialog(
  readFileSync(new URL('../examples/robot.dialog.yaml', import.meta.url), 'utf8'),
  'robot.dialog.yaml',
);

const made = (env: Record<string, string>, spoken = dialog) =>
  makeStopSpotter({ config: loadConfig({ env }) }, spoken, undefined, () => {});

describe('the configured stop spotter', () => {
  it('is SoundSwallower for English while the robot acts, is busy, or always', async () => {
    for (const when of ['acting', 'busy', 'always']) {
      const spotter = await made(when === 'acting' ? {} : { PARLEY_VOICE_STOP_LISTEN: when });
      expect([spotter?.name, spotter?.when]).toEqual(['soundswallower', when]);
      await spotter?.close();
    }
    expect(await made({ PARLEY_VOICE_STOP_LISTEN: 'never' })).toBeUndefined();
    expect(await made({}, { ...dialog, language: 'de' })).toBeUndefined();
  });

  it('is a model of sherpa-onnx, in any language whose phrases it can spell', async () => {
    const model = writeSttModel('lstm-transducer', join(folder, 'model'));
    const chinese = { ...dialog, language: 'zh', halts: ['stop'] };
    const spotter = await made({ PARLEY_VOICE_STOP_MODEL: model }, chinese);
    expect([spotter?.name, spotter?.phrases]).toEqual(['sherpa', ['stop']]);
    await spotter?.close();
  });

  it('says how to fetch a model that is not there', async () => {
    const elsewhere = { PARLEY_VOICE_STOP_MODEL: 'keywords-en', PARLEY_MODELS_DIR: folder };
    await expect(made(elsewhere)).rejects.toThrow('parley models pull keywords-en');
  });
});

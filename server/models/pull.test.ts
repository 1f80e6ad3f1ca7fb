import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseDialog } from '../../actors/dialog/mod.ts';
import { inProcessBus } from '../../adapters/bus/in-process.ts';
import { tarOf } from '../../adapters/models/tar-test-util.ts';
import { realClock } from '../../adapters/real-clock.ts';
import { temporaryFolder } from '../../test/support/after-test.ts';
import { answer, type ScriptedServer, scriptedServer } from '../../testing/loopback/http-script.ts';
import { writeTtsModel } from '../../testing/models/tts-model.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { makeEngine } from '../engines.ts';
import { say } from './measure.ts';
import { prepareModels } from './pull.ts';

let folder: string;
let publisher: ScriptedServer<string>;

beforeEach(async () => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  folder = await temporaryFolder();
  const voice = writeTtsModel(join(folder, 'published'));
  const archive = gzipSync(
    tarOf([
      { path: 'voice/model.onnx', content: await readFile(join(voice, 'model.onnx')) },
      { path: 'voice/tokens.txt', content: await readFile(join(voice, 'tokens.txt')) },
    ]),
  );
  publisher = await scriptedServer(
    realClock,
    ({ url }) => url.pathname,
    () => answer(200, 'application/gzip', archive),
  );
  const model = {
    ...{ name: 'tones', kind: 'tts', type: 'vits', languages: ['en'], summary: 'Says letters as tones' },
    ...{ licence: 'MIT', origin: 'https://example.org', sources: [`${publisher.baseURL}/tones.tar.gz`] },
    files: { model: 'model.onnx', tokens: 'tokens.txt' },
  };
  await writeFile(join(folder, 'catalogue.json'), JSON.stringify([model]));
});

afterEach(async () => {
  vi.restoreAllMocks();
  await publisher.close();
});

function configured(more: Readonly<Record<string, string>> = {}): Config {
  const flags = {
    'engines.tts': 'sherpa,espeak',
    'tts.sherpa.model': 'tones',
    'models.dir': join(folder, 'models'),
    'models.catalogue': join(folder, 'catalogue.json'),
    ...more,
  };
  return loadConfig({ flags, cwd: folder });
}

describe('prepareModels', () => {
  it('names the command for a configured model that is absent', async () => {
    const command = `run: parley models pull tones --models.dir=${join(folder, 'models')}`;
    await expect(prepareModels(configured(), false)).rejects.toThrow(command);
    expect(publisher.requests).toEqual([]);
  });

  it('fetches it if asked to, once, and the engine speaks with it', async () => {
    const config = configured();
    await prepareModels(config, true);
    await prepareModels(config, true);
    await prepareModels(config, false);
    expect(publisher.requests).toEqual(['/v1/tones.tar.gz']);
    const dialog = parseDialog('entries: [{ id: a, phrases: hello, replies: hello }]');
    const tts = await makeEngine('tts', 'sherpa', config, dialog, { bus: inProcessBus() });
    try {
      expect((await say(tts, 'a tone', 'en', realClock)).audioMs).toBe(300);
    } finally {
      await tts.close();
    }
  });

  it('leaves models of engines alone that are not used here', async () => {
    await prepareModels(configured({ 'engines.tts': 'espeak' }), true);
    await prepareModels(configured(), true, ['stt', 'llm']);
    expect(publisher.requests).toEqual([]);
  });

  it('fetches the spotter of stops for a server, not for a worker', async () => {
    const spotter = { 'voiceStop.model': 'tones' };
    const config = configured({ 'engines.tts': 'espeak', ...spotter });
    await prepareModels(config, true, ['stt', 'llm', 'tts']);
    expect(publisher.requests).toEqual([]);
    await prepareModels(config, true);
    expect(publisher.requests).toEqual(['/v1/tones.tar.gz']);
  });

  it('does not fetch a folder', async () => {
    const config = configured({ 'tts.sherpa.model': './my-voice' });
    await expect(prepareModels(config, true)).rejects.toMatchObject({ code: 'MODEL_MISSING' });
  });
});

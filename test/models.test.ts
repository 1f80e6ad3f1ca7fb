import { createHash } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BZIP2_ARCHIVE } from '../adapters/models/tar-test-util.ts';
import { realClock } from '../adapters/real-clock.ts';
import { main } from '../server/cli.ts';
import { type ScriptedServer, scriptedServer } from '../testing/loopback/http-script.ts';
import { fencesOf } from './docs/fences.ts';
import { temporaryFolder } from './support/after-test.ts';

let folder: string;
let models: string;
let server: ScriptedServer<string>;
let printed: string[];
let shown: string;

beforeEach(async () => {
  folder = await temporaryFolder();
  models = join(folder, 'models');
  printed = [];
  shown = '';
  for (const method of ['log', 'error'] as const)
    vi.spyOn(console, method).mockImplementation((line: unknown) => void printed.push(String(line)));
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    shown += String(text);
    return true;
  });
  server = await scriptedServer(
    realClock,
    ({ url }) => url.pathname,
    () => [
      { do: 'head', status: 200, headers: { 'content-length': String(BZIP2_ARCHIVE.length) } },
      { do: 'send', bytes: BZIP2_ARCHIVE },
      { do: 'end' },
    ],
  );
  await writeFile(join(folder, 'catalogue.json'), JSON.stringify([tiny(server.baseURL)]));
});

afterEach(async () => {
  vi.restoreAllMocks();
  await server.close();
});

function tiny(from: string) {
  return {
    ...{ name: 'tiny', kind: 'stt', type: 'senseVoice', languages: ['en'], summary: 'Hears nothing' },
    ...{ licence: 'MIT', origin: 'https://example.org', sources: [`${from}/tiny.tar.bz2`] },
    sha256: createHash('sha256').update(BZIP2_ARCHIVE).digest('hex'),
    files: { model: 'model.onnx', tokens: 'tokens.txt' },
  };
}

function run(...args: string[]): Promise<number> {
  printed = [];
  const catalogue = `--models.catalogue=${join(folder, 'catalogue.json')}`;
  return main(['models', ...args, `--models.dir=${models}`, catalogue]);
}

describe('parley models', () => {
  it('pulls, lists, verifies and removes a model, and prints its folder', async () => {
    expect(await run('pull', 'tiny')).toBe(0);
    expect(printed).toEqual([join(models, 'tiny')]);
    expect(shown).toMatch(/tiny: downloading from 127\.0\.0\.1:\d+: 100 % of 1 MB\n/u);
    expect(shown).toMatch(/tiny: ready\n$/u);

    expect(await run('list')).toBe(0);
    expect(printed[0]).toMatch(/^\* tiny +stt, en, \?, MIT\n +Hears nothing$/u);
    expect(printed[1]).toMatch(/^ {2}zipformer-en-20m +streaming-stt, en, 128 MB, Apache-2\.0\n/u);
    expect(await run('path', 'tiny')).toBe(0);
    expect(printed).toEqual([join(models, 'tiny')]);

    expect(await run('verify')).toBe(0);
    expect(printed).toEqual(['tiny: ok']);
    await writeFile(join(models, 'tiny', 'tokens.txt'), 'other');
    expect(await run('verify', 'tiny')).toBe(1);
    expect(printed).toEqual(['tiny: damaged\n  tokens.txt was changed']);

    expect(await run('rm', 'tiny')).toBe(0);
    expect(await readdir(models)).toEqual(['tiny.lock.json']);
    expect(await run('path', 'tiny')).toBe(1);
    expect(printed[0]).toContain(`run: parley models pull tiny --models.dir=${models}`);
    expect(printed[0]).toContain('code: MODEL_MISSING');
  });

  it('takes the archive from a folder', async () => {
    await mkdir(join(folder, 'stick'));
    await writeFile(join(folder, 'stick', 'tiny.tar.bz2'), BZIP2_ARCHIVE);
    expect(await run('pull', 'tiny', '--from', join(folder, 'stick'))).toBe(0);
    expect(server.requests).toEqual([]);
    expect(await readdir(join(models, 'tiny'))).toEqual(['model.onnx', 'parley-model.json', 'tokens.txt']);
  });

  it('reads the catalogue that docs/how-to/engines.md shows', async () => {
    const [example] = fencesOf('docs/how-to/engines.md').filter(({ language }) => language === 'json');
    await writeFile(join(folder, 'catalogue.json'), example?.code ?? '');
    expect(await run('list')).toBe(0);
    expect(printed[0]).toContain('our-robot-words');
  });

  it('says what went wrong, with what to do', async () => {
    expect(await run('pull', 'tinny')).toBe(1);
    expect(printed[0]).toContain('tinny; did you mean tiny?');
    expect(printed[0]).toContain('code: MODEL_UNKNOWN');
    // The mirror has another file than the catalogue says.
    expect(await run('pull', 'keywords-en', '--from', `${server.baseURL}/mirror`)).toBe(1);
    expect(server.requests).toEqual([
      '/v1/mirror/sherpa-onnx-kws-zipformer-gigaspeech-3.3M-2024-01-01.tar.bz2',
    ]);
    expect(printed[0]).toContain('code: MODEL_CHECKSUM');
    await writeFile(join(folder, 'catalogue.json'), '[{"name":"no"}]');
    expect(await run('list')).toBe(1);
    expect(printed[0]).toContain('code: CONFIG_INVALID');
  });
});

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CATALOGUE } from './catalogue.ts';
import { DESCRIPTION_FILE } from './description.ts';
import { resolveModel } from './resolve.ts';

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'parley-models-'));
});

afterEach(() => rm(dir, { recursive: true }));

describe('resolveModel', () => {
  it('finds a model of the catalogue by its name', async () => {
    await mkdir(join(dir, 'zipformer-en-20m'));
    const model = await resolveModel('zipformer-en-20m', dir);
    expect(model.dir).toBe(join(dir, 'zipformer-en-20m'));
    expect(model.description?.files.tokens).toBe('tokens.txt');
  });

  it('finds any folder by its path, with the description in it', async () => {
    const own = join(dir, 'own');
    const description = { kind: 'tts', type: 'vits', languages: ['en'], files: { model: 'm.onnx' } };
    await mkdir(own);
    expect(await resolveModel(own, dir)).toEqual({ name: 'own', dir: own, description: undefined });
    await writeFile(join(own, DESCRIPTION_FILE), JSON.stringify(description));
    expect(await resolveModel(own, dir)).toEqual({ name: 'own', dir: own, description });
    expect(await resolveModel('own', dir)).toEqual({ name: 'own', dir: own, description });
  });

  it('names the command that fetches an absent model', async () => {
    const error = resolveModel('zipformer-en-20m', dir);
    await expect(error).rejects.toMatchObject({ code: 'MODEL_MISSING' });
    await expect(error).rejects.toThrow(`run: parley models pull zipformer-en-20m --models.dir=${dir}`);
    await expect(resolveModel('./none', dir)).rejects.toMatchObject({ code: 'MODEL_MISSING' });
  });

  it('refuses an unknown name', async () => {
    for (const name of ['zipformer-xx', '', 'a b'])
      await expect(resolveModel(name, dir)).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' });
  });

  it('refuses a description that points outside of its folder', async () => {
    const own = join(dir, 'own');
    await mkdir(own);
    for (const path of ['../tokens.txt', '/etc/passwd', 'a/../../b', 'C:\\b']) {
      const description = { kind: 'tts', type: 'vits', languages: ['en'], files: { model: path } };
      await writeFile(join(own, DESCRIPTION_FILE), JSON.stringify(description));
      await expect(resolveModel(own, dir)).rejects.toMatchObject({ code: 'MODEL_DAMAGED' });
    }
  });
});

describe('the catalogue', () => {
  it('has each name once', () => {
    const names = CATALOGUE.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('names sources that cannot be changed on the way', () => {
    for (const { sources } of CATALOGUE) for (const source of sources) expect(source).toMatch(/^https:/u);
  });
});

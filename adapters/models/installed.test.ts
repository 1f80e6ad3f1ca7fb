import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { installedModels, removeModel, verifyModel } from './installed.ts';
import { PullRig } from './pull-test-util.ts';

let rig: PullRig;

beforeEach(async () => {
  rig = await PullRig.open();
});

afterEach(() => rig.close());

const refused = (code: string) => ({ code });

describe('verifyModel', () => {
  it('names what is missing, changed or added', async () => {
    await rig.pull();
    expect(await installedModels(rig.dir)).toEqual(['small']);
    await rm(join(rig.dir, 'small', 'tokens.txt'));
    await writeFile(join(rig.dir, 'small', 'model.onnx'), 'other');
    await writeFile(join(rig.dir, 'small', 'more'), '');
    expect(await verifyModel('small', rig.dir)).toEqual([
      'model.onnx was changed',
      'tokens.txt is missing',
      'more was added',
    ]);
  });

  it('knows nothing of a folder that was not pulled', async () => {
    await mkdir(join(rig.dir, 'own'));
    expect(await verifyModel('own', rig.dir)).toBeUndefined();
  });
});

describe('removeModel', () => {
  it('removes a model, and nothing outside of the folder', async () => {
    await rig.pull();
    await removeModel('small', rig.dir);
    expect(await installedModels(rig.dir)).toEqual([]);
    await expect(removeModel('small', rig.dir)).rejects.toMatchObject(refused('MODEL_MISSING'));
    await expect(removeModel('..', rig.dir)).rejects.toMatchObject(refused('MODEL_UNKNOWN'));
  });
});

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { onnxModel } from '../../testing/models/onnx.ts';
import { writeSttModel } from '../../testing/models/stt-models.ts';
import { writeTtsModel } from '../../testing/models/tts-model.ts';
import { configuredModel } from './configured.ts';
import { detectModel } from './model-folder.ts';
import { onnxMetadata } from './onnx-metadata.ts';

const folder = mkdtempSync(join(tmpdir(), 'parley-sherpa-model-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A folder with these files; a record is the metadata of a model. */
function folderOf(name: string, files: Record<string, string | Record<string, string>>): string {
  const path = join(folder, name);
  mkdirSync(path);
  for (const [file, content] of Object.entries(files)) {
    const model = { inputs: [], outputs: [], constants: [], nodes: [] };
    const bytes = typeof content === 'string' ? content : onnxModel({ ...model, metadata: content });
    writeFileSync(join(path, file), bytes);
  }
  return path;
}

const typeOf = async (path: string) => {
  const { kind, type } = await detectModel(path);
  return [kind, type];
};

describe('detectModel', () => {
  it('recognises the models by their files and metadata', async () => {
    const transducer = { 'decoder.onnx': {}, 'joiner.onnx': {}, 'tokens.txt': '' };
    const found = [
      typeOf(writeSttModel('zipformer2-ctc', join(folder, 'ctc'))),
      typeOf(writeSttModel('lstm-transducer', join(folder, 'streaming'))),
      typeOf(
        folderOf('parakeet', { ...transducer, 'encoder.int8.onnx': { model_type: 'EncDecRNNTBPEModel' } }),
      ),
      typeOf(writeSttModel('sense-voice', join(folder, 'sense'))),
      typeOf(
        folderOf('whisper', {
          'tiny-encoder.int8.onnx': { model_type: 'whisper-tiny' },
          'tiny-decoder.int8.onnx': {},
          'tiny-tokens.txt': '',
        }),
      ),
      typeOf(writeTtsModel(join(folder, 'vits'))),
      typeOf(folderOf('kokoro', { 'model.onnx': {}, 'voices.bin': '', 'tokens.txt': '' })),
    ];
    expect(await Promise.all(found)).toEqual([
      ['streaming-stt', 'zipformer2Ctc'],
      ['streaming-stt', 'transducer'],
      ['stt', 'transducer'],
      ['stt', 'senseVoice'],
      ['stt', 'whisper'],
      ['tts', 'vits'],
      ['tts', 'kokoro'],
    ]);
  });

  it('takes weights in whole numbers, or those of full precision', async () => {
    const metadata = { sample_rate: '16000' };
    const path = folderOf('both', { 'voice.onnx': metadata, 'voice.int8.onnx': metadata, 'tokens.txt': '' });
    expect((await detectModel(path)).files.model).toBe(join(path, 'voice.int8.onnx'));
    expect((await detectModel(path, true)).files.model).toBe(join(path, 'voice.onnx'));
  });

  it('names a folder without a model, and a model that is cut off', async () => {
    const empty = folderOf('empty', { 'tokens.txt': '' });
    await expect(detectModel(empty)).rejects.toThrow(empty);
    const cut = writeSttModel('zipformer2-ctc', join(folder, 'cut'));
    const path = join(cut, 'model.onnx');
    writeFileSync(path, readFileSync(path).subarray(0, 2_000));
    await expect(detectModel(cut)).rejects.toThrow(`${path} is cut off`);
  });
});

describe('configuredModel', () => {
  it('takes the files and the language of a description', async () => {
    const path = writeSttModel('zipformer2-ctc', join(folder, 'described'));
    const files = { model: 'model.onnx', tokens: 'tokens.txt', ruleFsts: ['a.fst', 'b.fst'] };
    const description = { kind: 'streaming-stt', type: 'zipformer2Ctc', languages: ['en'], files };
    writeFileSync(join(path, 'parley-model.json'), JSON.stringify(description));
    expect(await configuredModel(path, folder, false)).toEqual({
      language: 'en',
      model: {
        kind: 'streaming-stt',
        type: 'zipformer2Ctc',
        files: {
          model: join(path, 'model.onnx'),
          tokens: join(path, 'tokens.txt'),
          ruleFsts: `${join(path, 'a.fst')},${join(path, 'b.fst')}`,
        },
      },
    });
  });

  it('says how to get a model that is not there', async () => {
    await expect(configuredModel('zipformer-en-20m', folder, false)).rejects.toThrow(
      'parley models pull zipformer-en-20m',
    );
  });
});

describe('onnxMetadata', () => {
  it('reads the metadata behind the weights, however large', async () => {
    const path = join(folder, 'large.onnx');
    const weights = { name: 'w', type: 'float', dims: [100_000], data: new Float32Array(100_000) } as const;
    const metadata = { key: 'välue', empty: '', long: 'x'.repeat(300) };
    writeFileSync(path, onnxModel({ inputs: [], outputs: [], constants: [weights], nodes: [], metadata }));
    expect(Object.fromEntries(await onnxMetadata(path))).toEqual(metadata);
  });
});

import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseWav, writeWav } from '../adapters/wav.ts';
import { PIPELINE_RATE } from '../machines/audio.ts';
import { main } from '../server/cli.ts';
import { writeSttModel } from '../testing/models/stt-models.ts';
import { toneSpeech } from '../testing/models/tones.ts';
import { TONE_VOICE_RATE, writeTtsModel } from '../testing/models/tts-model.ts';
import { temporaryFolder } from './support/after-test.ts';

const bin = fileURLToPath(new URL('../bin/parley.mjs', import.meta.url));

let folder: string;
let printed: string[];

beforeEach(async () => {
  folder = await temporaryFolder();
  printed = [];
  for (const method of ['log', 'error'] as const)
    vi.spyOn(console, method).mockImplementation((line: unknown) => void printed.push(String(line)));
  const samples = toneSpeech('turn', 'left');
  await writeFile(join(folder, 'said.wav'), writeWav({ rate: PIPELINE_RATE, samples }));
});

afterEach(() => {
  vi.restoreAllMocks();
});

const run = (...args: string[]) => main(['models', ...args, `--models.dir=${folder}`]);

describe('parley models try', () => {
  it('transcribes recordings with a recogniser, and ends', async () => {
    const model = writeSttModel('sense-voice', join(folder, 'ears'));
    const args = [bin, 'models', 'try', model, join(folder, 'said.wav')];
    // A process of its own: what the model runs in must not keep it, nor let it end too soon.
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args);
    expect(stdout).toBe(`${join(folder, 'said.wav')}: turn left [en]\n`);
    expect(stderr).toMatch(
      /^0\.64 s of audio in [\d.]+ s \(real-time factor [\d.]+\), 0 partial transcripts$/mu,
    );
  });

  it('has a voice say a text', async () => {
    writeTtsModel(join(folder, 'voice'));
    const out = join(folder, 'out.wav');
    expect(await run('try', 'voice', 'a', 'tone.', '--out', out)).toBe(0);
    expect(printed[0]).toBe(out);
    expect(printed[1]).toMatch(/real-time factor [\d.]+\), first audio after [\d.]+ s$/u);
    expect(parseWav(await readFile(out)).rate).toBe(TONE_VOICE_RATE);
  });

  it('refuses what is neither', async () => {
    const description = { kind: 'spotter', type: 'transducer', languages: ['en'], files: {} };
    writeSttModel('sense-voice', join(folder, 'ears'));
    await writeFile(join(folder, 'ears', 'parley-model.json'), JSON.stringify(description));
    expect(await run('try', 'ears', 'said.wav')).toBe(1);
    expect(printed[0]).toContain('ears is a spotter');
    expect(await run('try', 'zipformer-en-20m', 'said.wav')).toBe(1);
    expect(printed[1]).toContain(`run: parley models pull zipformer-en-20m --models.dir=${folder}`);
  });
});

describe('parley models check', () => {
  it('fails for a model that does not understand speech', async () => {
    writeSttModel('zipformer2-ctc', join(folder, 'ears'));
    expect(await run('check', 'ears')).toBe(1);
    expect(printed[0]).toMatch(
      /^en: \d+ % of "turn left and go to the kitchen" as ".*", [\d.]+ s of audio in [\d.]+ s \(real-time factor [\d.]+\)$/u,
    );
    expect(printed.at(-1)).toBe('ears: less than half of the words were right in each language');
  });

  it('says so if it has no sentences in the language', async () => {
    writeTtsModel(join(folder, 'voice'));
    expect(await run('check', 'voice', '--language', 'th')).toBe(1);
    expect(printed[0]).toContain('use: parley models try voice');
  });
});

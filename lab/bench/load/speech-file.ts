import { createHash } from 'node:crypto';
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { espeakTts } from '../../../adapters/tts/espeak/espeak.ts';
import { PIPELINE_RATE } from '../../../machines/audio.ts';
import { speaker } from '../../../server/demo/user-voice.ts';

const VOICE = 'en-us+m3';

/** The phrase that the benchmark's users speak. */
const PHRASE = 'please tell me what you see';

/** The phrase as PCM16LE at 16 kHz without silence at its ends, synthesised once and kept in the temporary folder. */
export async function speechFile(): Promise<string> {
  const key = createHash('sha256').update(`${VOICE}|${PHRASE}|1`).digest('hex').slice(0, 12);
  const folder = join(tmpdir(), 'parley-bench-speech');
  const path = join(folder, `${key}.pcm`);
  const known = await stat(path).catch(() => undefined);
  if (known && known.size > PIPELINE_RATE) return path;
  const tts = espeakTts({ voice: VOICE });
  const { samples } = await (await speaker(tts))(PHRASE);
  await tts.close();
  const loud = (sample: number) => Math.abs(sample) > 300;
  const spoken = samples.slice(samples.findIndex(loud), samples.findLastIndex(loud) + 1);
  await mkdir(folder, { recursive: true });
  const partial = `${path}.${process.pid}.tmp`;
  await writeFile(partial, new Uint8Array(spoken.buffer, spoken.byteOffset, spoken.byteLength));
  await rename(partial, path);
  return path;
}

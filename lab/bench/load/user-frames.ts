import { readFileSync } from 'node:fs';
import { type InputRate, PIPELINE_RATE, samplesPerFrame } from '../../../machines/audio.ts';
import { nextRandom } from '../../../machines/random.ts';

/** Noise of a quiet room: about -66 dB of full scale, because digital silence would be too easy for detectors. */
const NOISE = 16;

/** Microphone audio as messages of 20 ms, ready to send. */
export interface UserFrames {
  readonly quiet: readonly Buffer[];
  readonly phrase: readonly Buffer[];
}

/** Two seconds of room noise, and the file's speech with the same noise. */
export function userFrames(speechFile: string, rate: InputRate = PIPELINE_RATE): UserFrames {
  const file = readFileSync(speechFile);
  const perFrame = samplesPerFrame(rate);
  let random = 7;
  const noise = () => {
    const next = nextRandom(random);
    random = next.state;
    return (next.value % (2 * NOISE + 1)) - NOISE;
  };
  const frames = (samples: number, sampleAt: (index: number) => number) =>
    Array.from({ length: Math.ceil(samples / perFrame) }, (_, frame) => {
      const bytes = Buffer.alloc(perFrame * 2);
      for (let i = 0; i < perFrame; i++) {
        const sample = sampleAt(frame * perFrame + i) + noise();
        bytes.writeInt16LE(Math.max(-32_768, Math.min(32_767, sample)), i * 2);
      }
      return bytes;
    });
  const spoken = Math.floor(file.length / 2);
  const step = PIPELINE_RATE / rate;
  const fileAt = (index: number) => (index < spoken ? file.readInt16LE(index * 2) : 0);
  return {
    quiet: frames(2 * rate, () => 0),
    phrase: frames(Math.ceil(spoken / step), (index) => {
      const at = Math.floor(index * step);
      return Math.round(fileAt(at) + (fileAt(at + 1) - fileAt(at)) * (index * step - at));
    }),
  };
}

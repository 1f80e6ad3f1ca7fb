import { readFileSync } from 'node:fs';
import { PIPELINE_RATE, samplesPerFrame } from '../../machines/audio.ts';
import { nextRandom } from '../../machines/random.ts';

const FRAME = samplesPerFrame(PIPELINE_RATE);
/** Noise of a quiet room: about -66 dB of full scale, because digital silence would be too easy for detectors. */
const NOISE = 16;

/** Microphone audio as messages of 20 ms, ready to send. */
export interface UserFrames {
  readonly quiet: readonly Buffer[];
  readonly phrase: readonly Buffer[];
}

/** Two seconds of room noise, and the file's speech with the same noise. */
export function userFrames(speechFile: string): UserFrames {
  const file = readFileSync(speechFile);
  let random = 7;
  const noise = () => {
    const next = nextRandom(random);
    random = next.state;
    return (next.value % (2 * NOISE + 1)) - NOISE;
  };
  const frames = (samples: number, sampleAt: (index: number) => number) =>
    Array.from({ length: Math.ceil(samples / FRAME) }, (_, frame) => {
      const bytes = Buffer.alloc(FRAME * 2);
      for (let i = 0; i < FRAME; i++) {
        const sample = sampleAt(frame * FRAME + i) + noise();
        bytes.writeInt16LE(Math.max(-32_768, Math.min(32_767, sample)), i * 2);
      }
      return bytes;
    });
  const spoken = Math.floor(file.length / 2);
  return {
    quiet: frames(2 * PIPELINE_RATE, () => 0),
    phrase: frames(spoken, (index) => (index < spoken ? file.readInt16LE(index * 2) : 0)),
  };
}

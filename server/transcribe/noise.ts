import { type Pcm, PIPELINE_RATE, type PipelineRate, samplesInMs } from '../../machines/audio.ts';

/** Frames within this of the loudest count as speech; pauses must not make a recording seem soft. */
const SPEECH_RANGE_DB = 30;
const FRAME = samplesInMs(20, PIPELINE_RATE);

/** Adds a stretch of `noise` to `sound`, `snrDb` below the level of its speech. `name` chooses the stretch: the same name, the same result. */
export function withNoiseAt(
  sound: Pcm<PipelineRate>,
  noise: Pcm<PipelineRate>,
  snrDb: number,
  name: string,
): Pcm<PipelineRate> {
  const { length } = noise.samples;
  const noiseRms = Math.sqrt(power(noise.samples));
  if (noiseRms === 0) return sound;
  const gain = speechRms(sound.samples) / noiseRms / 10 ** (snrDb / 20);
  const start = hash(name) % length;
  const samples = sound.samples.map((sample, i) => {
    const mixed = sample + gain * (noise.samples[(start + i) % length] ?? 0);
    return Math.max(-32_768, Math.min(32_767, Math.round(mixed)));
  });
  return { rate: PIPELINE_RATE, samples };
}

function speechRms(samples: Int16Array): number {
  const powers: number[] = [];
  for (let at = 0; at + FRAME <= samples.length; at += FRAME)
    powers.push(power(samples.subarray(at, at + FRAME)));
  const least = Math.max(0, ...powers) / 10 ** (SPEECH_RANGE_DB / 10);
  const speech = powers.filter((one) => one >= least);
  return Math.sqrt(speech.reduce((sum, one) => sum + one, 0) / Math.max(1, speech.length));
}

function power(samples: Int16Array): number {
  return samples.reduce((sum, sample) => sum + sample * sample, 0) / Math.max(1, samples.length);
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const letter of text) value = Math.imul(value ^ letter.charCodeAt(0), 0x01000193) >>> 0;
  return value;
}

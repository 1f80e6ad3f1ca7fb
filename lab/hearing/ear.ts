/**
 * The stages of the ear's front end: what they cost, and what the speech detector then hears. Run: `npx tsx lab/hearing/ear.ts [--recordings DIR]
 * [--noise FILE]`. DIR has WAV files of people, which are brought to −29 dBFS; the noise is mixed in 6 and 0 dB below them. Without DIR: costs, babble and talk only.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openEar } from '../../actors/ear/ear.ts';
import { defaultEarParameters, type EarParameters, FrontEnd } from '../../actors/ear/front-end.ts';
import { InputAudio } from '../../actors/ear/input-audio.ts';
import { speexResampler } from '../../adapters/audio/resampler.ts';
import { rnnoise } from '../../adapters/denoiser/rnnoise.ts';
import { espeakTts } from '../../adapters/tts/espeak/espeak.ts';
import { sileroVad } from '../../adapters/vad/silero.ts';
import { PIPELINE_RATE, samplesInMs } from '../../machines/audio.ts';
import { VirtualClock } from '../../machines/clock.ts';
import type { EarEvent } from '../../machines/session/events.ts';
import { withRoom } from '../../server/transcribe/hear.ts';
import { withNoiseAt } from '../../server/transcribe/noise.ts';
import { readRecording } from '../../server/transcribe/recording.ts';
import { levelOf, Sounds } from '../../testing/eval/sounds.ts';

const { values } = parseArgs({ options: { recordings: { type: 'string' }, noise: { type: 'string' } } });
const FRAME = samplesInMs(20, PIPELINE_RATE);
const SPEECH_DBFS = -29;
const SECONDS = 40;
/** The last window of the detector, and what a denoiser holds back. */
const LAST = 512 + 400;

const VARIANTS: Readonly<Record<string, Partial<EarParameters>>> = {
  nothing: {},
  'high-pass 80 Hz': { highPassHz: 80 },
  denoiser: { denoiser: await rnnoise(await speexResampler()) },
  'gate -45 dBFS': { gateDbfs: -45 },
  'gate -35 dBFS': { gateDbfs: -35 },
  'gain to -20 dBFS': { targetDbfs: -20 },
};

/** Processor time for 20 ms of a session, µs. */
function cost(parameters: EarParameters): number {
  const frame = Int16Array.from({ length: FRAME }, (_, i) => 3_000 * Math.sin(i / 7));
  const frontEnd = new FrontEnd(parameters, undefined);
  const run = (times: number) => {
    const before = process.cpuUsage();
    for (let i = 0; i < times; i++) frontEnd.process(frame, i * FRAME);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / times;
  };
  run(500);
  const each = run(2_000);
  frontEnd.close();
  return each;
}

interface Found {
  readonly starts: readonly number[];
  /** Samples that count as speech. */
  readonly speech: number;
}

async function listen(samples: Int16Array, ear: EarParameters): Promise<Found> {
  const vad = sileroVad({ thread: false, maxQueuedMs: Number.POSITIVE_INFINITY });
  const events: EarEvent[] = [];
  const open = await new Promise<{ close(): void }>((resolve) => {
    const opened = openEar({
      vad: {
        ...{ name: vad.name, close: () => vad.close() },
        open: (onWindow, onError) =>
          vad.open((window) => {
            onWindow(window);
            if (window.startSample + window.samples >= samples.length - LAST) resolve(opened);
          }, onError),
      },
      ...{ audio: new InputAudio(samples.length), clock: new VirtualClock(), ear },
      emit: (event) => events.push(event),
    });
    for (let at = 0; at < samples.length; at += FRAME)
      opened.hear(new Uint8Array(samples.slice(at, at + FRAME).buffer), undefined);
  });
  open.close();
  await vad.close();
  const at = (type: string) =>
    events.flatMap((event) => (event.type === type && 'sample' in event ? [event.sample] : []));
  const [starts, stops] = [at('speech.start'), at('speech.stop')];
  const speech = starts.reduce((sum, start, i) => sum + (stops[i] ?? samples.length) - start, 0);
  return { starts, speech };
}

function atLevel(sound: Float32Array, db: number): Int16Array {
  const gain = (0x8000 * 10 ** (db / 20)) / levelOf(sound);
  return Int16Array.from(sound, (one) => Math.max(-32_768, Math.min(32_767, gain * one)));
}

const tts = espeakTts();
const sounds = new Sounds(tts);
const others = {
  babble: await sounds.noise('babble', 1_000 * SECONDS, 1),
  talk: await sounds.chatter(1_000 * SECONDS, 1),
};
const names = values.recordings
  ? (await readdir(values.recordings)).filter((name) => name.endsWith('.wav')).sort()
  : [];
const noise = values.noise && (await readRecording(values.noise));

for (const [name, change] of Object.entries(VARIANTS)) {
  const ear = { ...defaultEarParameters, ...change };
  const each = cost(ear);
  console.log(`\n${name}: ${each.toFixed(2)} µs for 20 ms, ${(each / 200).toFixed(3)} % of a core`);
  for (const [kind, sound] of Object.entries(others))
    for (const db of [-44, -38]) {
      const { speech } = await listen(atLevel(sound, db), ear);
      console.log(`  ${kind} at ${db} dBFS: ${Math.round((100 * speech) / sound.length)} % taken for speech`);
    }
  for (const snr of names.length === 0 ? [] : noise ? [undefined, 6, 0] : [undefined]) {
    let [found, starts] = [0, 0];
    for (const file of names) {
      const recording = await readRecording(join(values.recordings ?? '', file));
      const floats = Float32Array.from(recording.samples, (one) => one / 0x8000);
      const room = withRoom(
        { ...recording, samples: atLevel(floats, SPEECH_DBFS) },
        { delayMs: 400, prerollMs: 0 },
      );
      const mixed = snr === undefined || !noise ? room : withNoiseAt(room, noise, snr, file);
      const heard = await listen(mixed.samples, ear);
      starts += heard.starts.length;
      if (heard.starts.some((start) => start < PIPELINE_RATE)) found++;
    }
    const room = snr === undefined ? 'quiet' : `noise ${snr} dB below`;
    console.log(
      `  people, ${room}: ${found} of ${names.length} found in their first half second, ${starts} starts`,
    );
  }
}
await tts.close();

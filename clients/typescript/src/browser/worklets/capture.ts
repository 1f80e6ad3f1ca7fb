/** The microphone's side in the audio thread: any rate in, 20 ms frames of PCM16 at 16 kHz out. */
import { PIPELINE_RATE, samplesPerFrame } from '../../../../../machines/audio.ts';
import { Downsampler } from '../../audio/downsampler.ts';
import { Framer } from '../../audio/framer.ts';
import { CAPTURE_PROCESSOR, type CaptureMessage } from './protocol.ts';

class Capture extends AudioWorkletProcessor {
  readonly #downsampler = new Downsampler(Math.round(sampleRate), PIPELINE_RATE);
  readonly #framer = new Framer(samplesPerFrame(PIPELINE_RATE));

  process(inputs: Float32Array[][]): boolean {
    const mono = inputs[0]?.[0];
    if (mono) {
      for (const { samples, level } of this.#framer.push(this.#downsampler.process(mono))) {
        const message: CaptureMessage = { pcm: samples.buffer, level };
        this.port.postMessage(message, [samples.buffer]);
      }
    }
    return true;
  }
}

registerProcessor(CAPTURE_PROCESSOR, Capture);

import { AUDIO_HEADER_BYTES, type AudioHeader } from '../../../../machines/audio-message.ts';
import type { Played, PlayoutStats } from '../audio/playout.ts';
import type { PlayoutOrder, Speaker } from '../speaker.ts';
import { PLAYOUT_PROCESSOR, type PlayoutCommand, type PlayoutReport } from './worklets/protocol.ts';

/** The speaker: hands audio and orders to the playback worklet, and its counts back. */
export class AudioSpeaker implements Speaker {
  readonly #context: AudioContext;
  readonly #node: AudioWorkletNode;
  #stats: PlayoutStats = { underruns: 0, gaps: 0, stale: 0, overflow: 0 };

  private constructor(context: AudioContext, node: AudioWorkletNode, onPlayed: (played: Played) => void) {
    this.#context = context;
    this.#node = node;
    node.port.onmessage = (event: MessageEvent<PlayoutReport>) => {
      this.#stats = event.data.stats;
      for (const report of event.data.reports) onPlayed(report);
    };
  }

  /** Opens the speaker at `rate` Hz, so that one sample of the server is one of the context. */
  static async open(rate: number, onPlayed: (played: Played) => void): Promise<AudioSpeaker> {
    const context = new AudioContext({ sampleRate: rate, latencyHint: 'interactive' });
    try {
      await context.audioWorklet.addModule(new URL('./worklet-playout.js', import.meta.url));
      const node = new AudioWorkletNode(context, PLAYOUT_PROCESSOR, {
        numberOfInputs: 0,
        outputChannelCount: [1],
      });
      node.connect(context.destination);
      return new AudioSpeaker(context, node, onPlayed);
    } catch (error) {
      await context.close();
      throw error;
    }
  }

  get rate(): number {
    return this.#context.sampleRate;
  }

  get stats(): PlayoutStats {
    return this.#stats;
  }

  /** Starts the audio if the browser blocked it until the user's first click. */
  async wake(): Promise<void> {
    if (this.#context.state !== 'running') await this.#context.resume();
  }

  /** `message` is handed over, not copied: it is empty afterwards. */
  frame(header: AudioHeader, message: ArrayBuffer): void {
    const { generation, seq } = header;
    const frame: PlayoutCommand = { type: 'frame', generation, seq, message, offset: AUDIO_HEADER_BYTES };
    this.#node.port.postMessage(frame, [message]);
  }

  order(order: PlayoutOrder): void {
    this.#node.port.postMessage(order);
  }

  async close(): Promise<void> {
    this.#node.disconnect();
    await this.#context.close();
  }
}

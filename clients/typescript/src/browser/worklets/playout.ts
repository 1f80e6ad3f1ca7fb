/** The speaker's side in the audio thread: commands in, sound and exact counts out. */
import { Declick } from '../../audio/declick.ts';
import { Playout } from '../../audio/playout.ts';
import { PLAYOUT_PROCESSOR, type PlayoutCommand, type PlayoutReport } from './protocol.ts';

class PlayoutProcessor extends AudioWorkletProcessor {
  readonly #playout = new Playout({ rate: sampleRate });
  readonly #declick = new Declick(sampleRate);

  constructor() {
    super();
    this.port.onmessage = (event: MessageEvent<PlayoutCommand>) => {
      this.#obey(event.data);
      this.#report();
    };
  }

  process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const block = outputs[0]?.[0];
    if (block) {
      this.#declick.apply(block, this.#playout.render(block));
      this.#report();
    }
    return true;
  }

  #obey(command: PlayoutCommand): void {
    if (command.type === 'frame') {
      const { generation, seq, message, offset } = command;
      // Browsers are little endian throughout, and the header's 12 bytes keep the samples aligned.
      this.#playout.push(generation, seq, new Int16Array(message, offset));
    } else this.#playout.obey(command);
  }

  #report(): void {
    const reports = this.#playout.takeReports();
    if (reports.length === 0) return;
    const message: PlayoutReport = { reports, stats: this.#playout.stats };
    this.port.postMessage(message);
  }
}

registerProcessor(PLAYOUT_PROCESSOR, PlayoutProcessor);

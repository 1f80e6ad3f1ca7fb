import { PIPELINE_RATE, samplesInMs } from '../../machines/audio.ts';
import { type FvadOptions, loadFvad } from './fvad.ts';

/** The shortest frame, and the second most permissive mode. It passed every window of speech, down to -30 dB and in white noise; 2 and 3 lose quiet consonants. */
const DETECTOR = { frameMs: 10, aggressiveness: 1 } as const satisfies Omit<FvadOptions, 'onFrame'>;
/** Time that the gate stays open after the last voice: most gaps within a sentence are shorter. */
const HANGOVER = samplesInMs(256, PIPELINE_RATE);

/** A cheap detector that decides whether the model must run. */
export interface Gate {
  /** Processes the next samples of the stream; returns true while they may be speech. */
  open(samples: Int16Array): boolean;
  /** The same for the beginning of the next samples. `open` then gets the rest of them, and answers for all. */
  begin(samples: Int16Array): boolean;
  close(): void;
}

export interface GateFactory {
  create(): Gate;
}

/** Gates that are open while the WebRTC voice detector hears a voice, and a little longer. */
export async function loadGates(): Promise<GateFactory> {
  const fvad = await loadFvad();
  return {
    create() {
      let openFor = 0;
      let begun = 0;
      let voiced = false;
      const onFrame = (voice: boolean) => {
        if (voice) voiced = true;
      };
      const detector = fvad.create({ ...DETECTOR, onFrame });
      return {
        open(samples) {
          detector.push(samples);
          openFor = voiced ? HANGOVER : openFor - begun - samples.length;
          begun = 0;
          voiced = false;
          return openFor > 0;
        },
        begin(samples) {
          detector.push(samples);
          begun += samples.length;
          return voiced || openFor > begun;
        },
        close: () => detector.close(),
      };
    },
  };
}

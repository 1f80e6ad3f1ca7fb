/** Fillers of the simulation: phrases that are usually in the voice's cache. */
import type { TtsEngine, TtsEvent } from '../../actors/ports/tts.ts';
import { samplesInMs } from '../../machines/audio.ts';
import type { Clock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { hang, pause } from '../scripted-engines.ts';
import type { FaultChoice } from './faults.ts';
import { simulationParameters } from './parameters.ts';
import type { Random } from './random.ts';

/** Sample value of a filler: it stands for no word of a reply. */
export const FILLER_SOUND = 800;
const RATE = 24_000;
const PIECE_MS = 100;

const { fillers } = simulationParameters.phrases;

interface FillerPlan {
  /** From the request to the first sound. */
  readonly afterMs: number;
  /** Duration. */
  readonly ms: number;
  readonly end: 'done' | 'hang' | 'TTS_FAILED';
}

/** Whether the cache has the filler now. */
function hasFiller(faults: FaultChoice): boolean {
  return !faults.does('tts.fillerMissing');
}

function fillerPlan(faults: FaultChoice, random: Random, text: string): FillerPlan {
  return {
    afterMs: faults.does('tts.fillerSlow') ? random.ms(20, 2_000) : 0,
    ms: text.length * random.int(8, 40),
    end: faults.does('tts.fillerHang') ? 'hang' : faults.does('tts.fillerError') ? 'TTS_FAILED' : 'done',
  };
}

export interface FillerWorld {
  readonly clock: Clock;
  readonly faults: FaultChoice;
  readonly random: Random;
}

/** Adds a cache with the fillers to `voice`. */
export function withFillers(voice: TtsEngine, { clock, faults, random }: FillerWorld): TtsEngine {
  async function* say(text: string, signal: AbortSignal): AsyncGenerator<TtsEvent, void, void> {
    const { afterMs, ms, end } = fillerPlan(faults, random, text);
    if (afterMs > 0) await pause(clock, afterMs, signal);
    if (end === 'hang') await hang(signal);
    for (let at = 0; at < ms; at += PIECE_MS) {
      const samples = new Int16Array(samplesInMs(Math.min(PIECE_MS, ms - at), RATE)).fill(FILLER_SOUND);
      yield { type: 'audio', pcm: { rate: RATE, samples } };
      if (end === 'TTS_FAILED') throw new ParleyError(end, 'as planned');
    }
  }
  return {
    ...voice,
    cached: ({ text }) => fillers.includes(text) && hasFiller(faults),
    synthesize: (request, signal) => {
      if (!fillers.includes(request.text)) return voice.synthesize(request, signal);
      // A direct call skips the bus host's check for the phrase.
      return request.cachedOnly && !hasFiller(faults) ? nothing() : say(request.text, signal);
    },
  };
}

async function* nothing(): AsyncGenerator<never> {}

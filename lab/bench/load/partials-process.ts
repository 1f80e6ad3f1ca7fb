/** A recogniser with partial transcripts, as a worker on NATS, because OpenAI's upload protocol has none. One utterance in four ends differently from its partials.
 */
import { z } from 'zod';
import { hostStt } from '../../../actors/engine-rpc/mod.ts';
import type { SttEngine } from '../../../actors/ports/stt.ts';
import { natsBus } from '../../../adapters/bus/nats.ts';
import { realClock } from '../../../adapters/real-clock.ts';
import { msOfSamples } from '../../../machines/audio.ts';
import { answerParent } from './child-process.ts';
import { idWord } from './identifiers.ts';

const setup = z.object({ natsUrl: z.string(), sttMs: z.number() });

/** The engine's name on the bus. */
const NAME = 'bench-partials';
/** Audio of the utterance, including pre-roll, after which the first words, and all words, are known. */
const FIRST_WORDS_MS = 900;
const ALL_WORDS_MS = 1_700;
const CHANGES_EVERY = 4;

let utterances = 0;
let close = async () => {};

answerParent(
  {
    start: async (argument) => {
      const { natsUrl, sttMs } = setup.parse(argument);
      const bus = await natsBus({ url: natsUrl, name: NAME });
      const host = hostStt(bus, realClock, recogniser(sttMs));
      close = async () => {
        await host.close();
        await bus.drain();
      };
      return NAME;
    },
  },
  () => close(),
);

function recogniser(sttMs: number): SttEngine {
  return {
    name: NAME,
    tellsPartials: true,
    async *transcribe(audio, _request, signal) {
      const number = utterances++;
      const text = `please tell me what you see ${idWord(number)}`;
      const looksLike = number % CHANGES_EVERY === CHANGES_EVERY - 1 ? 'please tell me what you see' : text;
      let heardMs = 0;
      let told = '';
      for await (const { samples, rate } of audio) {
        heardMs += msOfSamples(samples.length, rate);
        const known = heardMs >= ALL_WORDS_MS ? looksLike : heardMs >= FIRST_WORDS_MS ? 'please tell' : '';
        if (known !== told) yield { type: 'partial', text: known };
        told = known;
      }
      await new Promise<void>((resolve) => {
        const timer = realClock.setTimer(sttMs, resolve);
        const callOff = () => {
          timer.cancel();
          resolve();
        };
        signal.addEventListener('abort', callOff, { once: true });
      });
      yield { type: 'final', text };
    },
    close: async () => {},
  };
}

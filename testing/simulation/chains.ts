/** The chains of a simulated world: the real ones of actors/chain, over planned engines with sickness. */
import { type ChainOptions, chainLlm, chainStt, chainTts } from '../../actors/chain/mod.ts';
import type { LlmEngine } from '../../actors/ports/llm.ts';
import type { SttEngine } from '../../actors/ports/stt.ts';
import type { TtsEngine } from '../../actors/ports/tts.ts';
import type { EngineKind } from '../../actors/subjects.ts';
import { pause } from '../scripted-engines.ts';
import { ChainWatch, ENGINE_NAMES } from './chain-watch.ts';
import { type EngineWorld, nearestResampler, plannedLlm, plannedStt, plannedTts } from './engines.ts';
import type { FaultChoice, FaultPoint, Faults } from './faults.ts';
import { withFillers } from './fillers.ts';
import { Random } from './random.ts';
import { failure, sickLlm, sickStt, sickTts, type Well } from './sick-engines.ts';
import { Sickbay, type Sickness } from './sickness.ts';
import type { Sometimes } from './sometimes.ts';
import { Transcripts } from './transcripts.ts';
import type { PlannedEngines } from './workers.ts';

/**
 * The chains' own deadlines, ms. After two engines fail with whole answers, the third still has time before the
 * session's deadline.
 */
const FIRST_BYTE_MS: Readonly<Record<EngineKind, number>> = { stt: 1_200, llm: 1_200, tts: 700 };

const MAX_BACKOFF_MS = 15_000;

/** Plan of a healthy engine: without faults that would make an answer fail. */
const HARMLESS: ReadonlySet<FaultPoint> = new Set<FaultPoint>([
  'stt.early',
  'stt.duplicate',
  'stt.lateAfterCancel',
  'llm.duplicate',
  'llm.empty',
  'llm.garbage',
  'llm.lateAfterCancel',
  'tts.noMarks',
  'tts.lateAfterCancel',
]);

export interface Chains {
  readonly engines: PlannedEngines;
  readonly sickbay: Sickbay;
  readonly watch: ChainWatch;
  /** What happens to a reply that breaks off. */
  readonly brokenReply: 'fail' | 'end';
  readonly close: () => Promise<void>;
}

export function plannedChains(
  seed: number,
  world: Omit<EngineWorld, 'faults'> & { readonly faults: Faults },
  report: { readonly reached: (name: Sometimes) => void; readonly found: (what: string) => void },
): Chains {
  const { clock, random, faults } = world;
  const choice = Random.named(seed, 'chains');
  const size = () => choice.pick([1, 2, 2, 2, 3, 3]);
  const sizes = { stt: size(), llm: size(), tts: size() };
  const backoffMs = choice.ms(2_000, 6_000);
  const brokenReply = choice.pick(['fail', 'end'] as const);
  const hedge = choice.chance(0.6);
  const stream = choice.chance(0.85);
  const sickbay = new Sickbay(clock, faults, sizes);
  const watch = new ChainWatch({ clock, sickbay, backoffMs, maxBackoffMs: MAX_BACKOFF_MS, ...report });
  const transcripts = new Transcripts(world.said, report.found);
  const mild: FaultChoice = {
    does: (point) => HARMLESS.has(point) && faults.does(point),
    get calm() {
      return faults.calm;
    },
  };
  const members: EngineWorld = { ...world, faults: mild };
  const options = (kind: EngineKind): ChainOptions => ({
    ...{ clock, hedge, firstByteMs: FIRST_BYTE_MS[kind], stream: stream || kind === 'stt' },
    breaker: { failures: 3, windowMs: 30_000, backoffMs, maxBackoffMs: MAX_BACKOFF_MS },
    onEvent: watch.onEvent,
  });

  /** The engine's events for a request, changed by its sickness. */
  function answer<Event>(
    { kind, place, name }: Place,
    well: Well<Event>,
    sick: (sickness: Sickness) => AsyncIterable<Event>,
    signal: AbortSignal,
  ): AsyncIterable<Event> {
    const sickness = sickbay.ails(kind, place);
    if (sickness === 'error' && random.chance(0.3)) throw failure(kind, world);
    const slowMs =
      !sickness && faults.does('chain.slow')
        ? faults.stream('chain.slow').ms(FIRST_BYTE_MS[kind] / 4, FIRST_BYTE_MS[kind] / 2)
        : 0;
    const request = watch.asked(kind, name, signal);
    return (async function* () {
      try {
        if (slowMs > 0) await pause(clock, slowMs, signal);
        for await (const event of sickness ? sick(sickness) : well()) {
          request.answers();
          yield event;
        }
      } finally {
        request.over();
      }
    })();
  }

  const chained = <Engine>(kind: EngineKind, make: (at: Place) => Engine): Engine[] =>
    Array.from({ length: sizes[kind] }, (_, place) =>
      make({ kind, place, name: ENGINE_NAMES[place] ?? 'z' }),
    );

  const stt = chainStt(
    chained('stt', (at): SttEngine => {
      const engine = plannedStt(members, at.name);
      return {
        ...engine,
        transcribe: (audio, request, signal) => {
          const well = () => transcripts.note(audio, (heard) => engine.transcribe(heard, request, signal));
          return answer(at, well, (sickness) => sickStt(sickness, well, world, signal), signal);
        },
      };
    }),
    options('stt'),
  );
  const llm = chainLlm(
    chained('llm', (at): LlmEngine => {
      const engine = plannedLlm(members, at.name);
      return {
        ...engine,
        reply: (request, signal) => {
          const well = () => engine.reply(request, signal);
          return answer(at, well, (sickness) => sickLlm(sickness, well, world, signal), signal);
        },
      };
    }),
    { ...options('llm'), brokenReply },
  );
  const tts = chainTts(
    chained('tts', (at): TtsEngine => {
      const engine = plannedTts(members, at.name);
      return {
        ...engine,
        synthesize: (request, signal) => {
          const well = () => engine.synthesize(request, signal);
          return answer(at, well, (sickness) => sickTts(sickness, well, world, signal), signal);
        },
      };
    }),
    { ...options('tts'), resamplers: nearestResampler },
  );
  return {
    // Cached phrases stay available while engines are sick.
    engines: { stt: transcripts.check(stt), llm, tts: withFillers(tts, world) },
    ...{ sickbay, watch, brokenReply },
    close: async () => {
      await Promise.all([stt.close(), llm.close(), tts.close()]);
    },
  };
}

interface Place {
  readonly kind: EngineKind;
  readonly place: number;
  readonly name: string;
}

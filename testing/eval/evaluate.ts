import { type Dialog, withDialog, withRecogniser } from '../../actors/dialog/mod.ts';
import { defaultEarParameters, type EarParameters } from '../../actors/ear/front-end.ts';
import type { SpeechDetectorParameters } from '../../actors/speech-detector.ts';
import type { EspeakTtsOptions } from '../../adapters/tts/espeak/espeak.ts';
import { defaultParameters, type SessionParameters } from '../../machines/parameters.ts';
import { converse } from './converse.ts';
import { type EvalEngineOptions, type EvalEngines, evalEngines } from './engines.ts';
import type { ModelledLatency } from './held-time.ts';
import { type Evaluation, measured, summed } from './measure.ts';
import type { EvalScenario } from './scenario.ts';

/** Of a machine that answers in time, as measured with one session (lab/results.md). */
export const MODELLED_LATENCY: ModelledLatency = { vadMs: 3, sttMs: 40, llmMs: 1, ttsMs: 20 };

export interface EvaluateOptions {
  readonly dialog: Dialog;
  /** Without what the dialog adds to them. Default: those of a session. */
  readonly parameters?: SessionParameters;
  readonly detector?: SpeechDetectorParameters;
  /** Default: that of a server. */
  readonly ear?: EarParameters;
  readonly vad?: EvalEngineOptions['vad'];
  readonly espeak?: EspeakTtsOptions;
  readonly spotStops?: EvalEngineOptions['spotStops'];
  readonly stopWord?: EvalEngineOptions['stopWord'];
  /** eSpeak voice of the robot. */
  readonly robotVoice?: string;
  readonly latency?: ModelledLatency;
  /** Called after each conversation. */
  readonly onConversation?: (scenario: string, voice: string) => void;
}

/**
 * Holds the conversations of `scenarios` on virtual time with the embedded engines, and measures them: one result for
 * each scenario, and all in sum. The same input gives the same result. Rejects with AUDIO_FILE_UNREADABLE,
 * AUDIO_FILE_INVALID or an error of the engines.
 */
export async function evaluate(
  scenarios: readonly EvalScenario[],
  options: EvaluateOptions,
): Promise<{ readonly scenarios: readonly Evaluation[]; readonly all: Evaluation }> {
  const { vad, spotStops = 'never', stopWord = true, espeak, robotVoice, detector, onConversation } = options;
  const { latency = MODELLED_LATENCY, ear = defaultEarParameters, parameters = defaultParameters } = options;
  const engines = new Map<Dialog, EvalEngines>();
  const wakeful = new Map<string, Dialog>();
  const results: Evaluation[] = [];
  try {
    for (const scenario of scenarios) {
      const { wake, attention = parameters.attention.mode } = scenario;
      const sleeping = wakeful.get(wake) ?? { ...options.dialog, wake: [wake] };
      wakeful.set(wake, sleeping);
      const dialog = attention === 'wake' ? sleeping : options.dialog;
      const hired =
        engines.get(dialog) ?? (await evalEngines({ dialog, spotStops, stopWord, ...(vad && { vad }) }));
      engines.set(dialog, hired);
      const parts: Evaluation[] = [];
      for (const voice of scenario.voices) {
        const held = await converse(scenario, voice, {
          ...{ dialog, latency, engines: hired, ear, attention },
          parameters: withRecogniser(withDialog(parameters, dialog), true),
          ...(espeak && { espeak }),
          ...(detector && { detector }),
          ...(robotVoice !== undefined && { robotVoice }),
        });
        parts.push(measured(scenario.name, held, dialog));
        onConversation?.(scenario.name, voice);
      }
      results.push(summed(scenario.name, parts));
    }
  } finally {
    for (const one of engines.values()) await one.close();
  }
  return { scenarios: results, all: summed('all', results) };
}

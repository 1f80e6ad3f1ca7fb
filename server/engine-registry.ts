import type { EngineKind } from '../actors/subjects.ts';
import type { DescribedKind, EngineDescriptor } from '../adapters/engine.ts';
import { dialog } from '../adapters/llm/dialog/engine.ts';
import { openai as openaiLlm } from '../adapters/llm/openai/engine.ts';
import { remote as remoteLlm } from '../adapters/llm/remote/engine.ts';
import { openaiRealtime } from '../adapters/speech/openai-realtime/engine.ts';
import { openai as openaiStt } from '../adapters/stt/openai/engine.ts';
import { remote as remoteStt } from '../adapters/stt/remote/engine.ts';
import { sherpa as sherpaStt } from '../adapters/stt/sherpa/engine.ts';
import { soundswallower } from '../adapters/stt/soundswallower/engine.ts';
import { wyoming as wyomingStt } from '../adapters/stt/wyoming/engine.ts';
import { edge } from '../adapters/tts/edge/engine.ts';
import { espeak } from '../adapters/tts/espeak/engine.ts';
import { minimax } from '../adapters/tts/minimax/engine.ts';
import { openai as openaiTts } from '../adapters/tts/openai/engine.ts';
import { remote as remoteTts } from '../adapters/tts/remote/engine.ts';
import { sherpa as sherpaTts } from '../adapters/tts/sherpa/engine.ts';
import { wyoming as wyomingTts } from '../adapters/tts/wyoming/engine.ts';

/** Every kind, in the order in which a turn uses them. */
export const ENGINE_KINDS = ['stt', 'llm', 'tts'] as const satisfies readonly EngineKind[];
/** The kinds that are configured, with the models that take the place of all three. */
export const DESCRIBED_KINDS = [...ENGINE_KINDS, 'speech'] as const satisfies readonly DescribedKind[];

/**
 * Every engine. The configuration, its reference, the chains and the tables in docs/reference/engines.md are derived from this.
 */
export const ENGINES = {
  stt: [soundswallower, sherpaStt, openaiStt, wyomingStt, remoteStt],
  llm: [dialog, openaiLlm, remoteLlm],
  tts: [espeak, sherpaTts, edge, openaiTts, minimax, wyomingTts, remoteTts],
  speech: [openaiRealtime],
} as const satisfies AllEngines;

type AllEngines = { readonly [Kind in DescribedKind]: readonly EngineDescriptor<Kind>[] };

/** The engines of one kind. */
export function enginesOf<Kind extends DescribedKind>(kind: Kind): AllEngines[Kind] {
  const all: AllEngines = ENGINES;
  return all[kind];
}

/** The engine for a name in `engines.<kind>`: a built-in one, or `openai` for a name in `<kind>.servers`. */
export function engineOf<Kind extends DescribedKind>(
  kind: Kind,
  name: string,
): EngineDescriptor<Kind> | undefined {
  const engines: readonly EngineDescriptor<Kind>[] = enginesOf(kind);
  return engines.find((engine) => engine.name === name) ?? engines.find((engine) => engine.name === 'openai');
}

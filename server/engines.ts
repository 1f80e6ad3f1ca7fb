import { type Dialog, dialogActions } from '../actors/dialog/mod.ts';
import type { LlmEngine } from '../actors/ports/llm.ts';
import type { SttEngine } from '../actors/ports/stt.ts';
import type { TtsEngine } from '../actors/ports/tts.ts';
import type { EngineKind } from '../actors/subjects.ts';
import { dialogLlm } from '../adapters/llm/dialog.ts';
import { type OpenAiTool, openaiLlm } from '../adapters/llm/openai.ts';
import { openaiStt } from '../adapters/stt/openai.ts';
import { soundswallowerStt } from '../adapters/stt/soundswallower.ts';
import { edgeTts } from '../adapters/tts/edge.ts';
import { espeakTts } from '../adapters/tts/espeak.ts';
import { openaiTts } from '../adapters/tts/openai.ts';
import type { Json, JsonObject } from '../machines/json.ts';
import type { Config } from './config/schema.ts';

/** The engines that run in this process. */
export interface LocalEngines {
  readonly stt?: SttEngine;
  readonly llm?: LlmEngine;
  readonly tts?: TtsEngine;
}

/** Makes the configured engine of each of `kinds`; none for those that are `remote`. Nothing is loaded yet. */
export function makeEngines(config: Config, dialog: Dialog, kinds: readonly EngineKind[]): LocalEngines {
  const stt = kinds.includes('stt') ? makeStt(config, dialog) : undefined;
  const llm = kinds.includes('llm') ? makeLlm(config, dialog) : undefined;
  const tts = kinds.includes('tts') ? makeTts(config) : undefined;
  return { ...(stt && { stt }), ...(llm && { llm }), ...(tts && { tts }) };
}

function makeStt({ engines, stt }: Config, dialog: Dialog): SttEngine | undefined {
  switch (engines.stt) {
    case 'soundswallower':
      return soundswallowerStt({ dialog, workers: stt.workers });
    case 'openai':
      return openaiStt(stt.openai);
    case 'remote':
      return undefined;
  }
}

function makeLlm({ engines, llm }: Config, dialog: Dialog): LlmEngine | undefined {
  switch (engines.llm) {
    case 'dialog':
      return dialogLlm({ dialog });
    case 'openai': {
      const { systemPrompt } = llm;
      return openaiLlm({
        ...llm.openai,
        ...(systemPrompt === undefined ? {} : { systemPrompt }),
        tools: toolsOf(dialog),
      });
    }
    case 'remote':
      return undefined;
  }
}

function makeTts({ engines, tts }: Config): TtsEngine | undefined {
  switch (engines.tts) {
    case 'espeak':
      return espeakTts({ ...tts.espeak, workers: tts.workers });
    case 'edge':
      return edgeTts(tts.edge);
    case 'openai':
      return openaiTts(tts.openai);
    case 'remote':
      return undefined;
  }
}

/** The robot's actions as a language model's tools: the arguments are those that the dialog file uses. */
function toolsOf(dialog: Dialog): OpenAiTool[] {
  return [...dialogActions(dialog).keys()].map((name) => {
    const uses = dialog.entries.flatMap((entry) => entry.actions).filter((action) => action.name === name);
    const properties: Record<string, Json> = {};
    for (const { args } of uses)
      for (const [key, value] of Object.entries(args)) properties[key] = { type: jsonType(value) };
    const parameters: JsonObject = { type: 'object', properties };
    return { name, description: `Has the robot do: ${name.replaceAll(/[_-]/gu, ' ')}`, parameters };
  });
}

/** A slot such as `{meters}` may become a number or a word. */
function jsonType(value: Json): Json {
  if (typeof value === 'number') return 'number';
  if (typeof value === 'boolean') return 'boolean';
  return typeof value === 'string' && /^\{.*\}$/u.test(value) ? ['number', 'string'] : 'string';
}

import { type Dialog, dialogActions } from '../actors/dialog/mod.ts';
import type { Bus } from '../actors/ports/bus.ts';
import type { LlmEngine } from '../actors/ports/llm.ts';
import type { SttEngine } from '../actors/ports/stt.ts';
import type { TtsEngine } from '../actors/ports/tts.ts';
import { remoteLlm, remoteStt, remoteTts } from '../actors/work/mod.ts';
import type { ReportsConnections } from '../adapters/http/stats.ts';
import { dialogLlm } from '../adapters/llm/dialog/dialog.ts';
import { type OpenAiTool, openaiLlm } from '../adapters/llm/openai/openai.ts';
import { realClock } from '../adapters/real-clock.ts';
import { openaiStt } from '../adapters/stt/openai/openai.ts';
import { soundswallowerStt } from '../adapters/stt/soundswallower/soundswallower.ts';
import { edgeTts } from '../adapters/tts/edge/edge.ts';
import { espeakTts } from '../adapters/tts/espeak/espeak.ts';
import { openaiTts } from '../adapters/tts/openai/openai.ts';
import { ParleyError } from '../machines/errors.ts';
import type { Json, JsonObject } from '../machines/json.ts';
import type { Config } from './config/schema.ts';

/** An engine as its adapter makes it. */
export type Made<Engine> = Engine & Partial<ReportsConnections>;

export interface MakerParts {
  /** For `remote` engines of a chain. */
  readonly bus: Bus;
  /** Told of threads that crashed. */
  readonly onProblem?: (error: ParleyError) => void;
}

/**
 * Whose work an engine elsewhere does when a chain of this process asks it: no session's, for what was asked is
 * cancelled by the chain itself.
 */
const CHAIN_SCOPE = { session: 'chain', generation: 0 };

/** Makes the recogniser `name`, as the configuration describes it. Nothing is loaded yet. Throws CONFIG_INVALID. */
export function makeStt(
  name: string,
  { stt }: Config,
  dialog: Dialog,
  { bus, onProblem }: MakerParts,
): Made<SttEngine> {
  switch (name) {
    case 'soundswallower':
      return soundswallowerStt({ dialog, workers: stt.workers, ...(onProblem && { onCrash: onProblem }) });
    case 'openai':
      return openaiStt(stt.openai);
    case 'remote': {
      const { engine, partials } = stt.remote;
      return { ...remoteStt(bus, realClock, engine, CHAIN_SCOPE), name, tellsPartials: partials };
    }
    default:
      return openaiStt({ ...serverOf(stt.servers, 'stt', name), name });
  }
}

/** Makes the language engine `name`. */
export function makeLlm(name: string, { llm }: Config, dialog: Dialog, { bus }: MakerParts): Made<LlmEngine> {
  const { systemPrompt } = llm;
  const prompted = { ...(systemPrompt === undefined ? {} : { systemPrompt }), tools: toolsOf(dialog) };
  switch (name) {
    case 'dialog':
      return dialogLlm({ dialog });
    case 'openai':
      return openaiLlm({ ...llm.openai, ...prompted });
    case 'remote':
      return { ...remoteLlm(bus, realClock, llm.remote.engine, CHAIN_SCOPE), name };
    default:
      return openaiLlm({ ...serverOf(llm.servers, 'llm', name), ...prompted, name });
  }
}

/** Makes the speech engine `name`. */
export function makeTts(name: string, { tts }: Config, { bus, onProblem }: MakerParts): Made<TtsEngine> {
  switch (name) {
    case 'espeak':
      return espeakTts({ ...tts.espeak, workers: tts.workers, ...(onProblem && { onCrash: onProblem }) });
    case 'edge':
      return edgeTts(tts.edge);
    case 'openai':
      return openaiTts(tts.openai);
    case 'remote':
      return { ...remoteTts(bus, realClock, tts.remote.engine, CHAIN_SCOPE), name };
    default:
      return openaiTts({ ...serverOf(tts.servers, 'tts', name), name });
  }
}

/** All that the sound of the engine `name` depends on besides the request, as text; undefined if it is not known here. */
export function soundOf(name: string, { tts }: Config): string | undefined {
  switch (name) {
    case 'espeak':
      return JSON.stringify(tts.espeak);
    case 'edge':
      return JSON.stringify(tts.edge);
    case 'remote':
      return undefined;
    default: {
      const { apiKey: _secret, ...sound } =
        name === 'openai' ? tts.openai : serverOf(tts.servers, 'tts', name);
      return JSON.stringify(sound);
    }
  }
}

function serverOf<Server>(servers: Readonly<Record<string, Server>>, kind: string, name: string): Server {
  const server = Object.hasOwn(servers, name) ? servers[name] : undefined;
  if (!server) throw new ParleyError('CONFIG_INVALID', `engines.${kind}: there is no engine ${name}`);
  return server;
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

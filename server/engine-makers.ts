import type { Dialog } from '../actors/dialog/mod.ts';
import type { Bus } from '../actors/ports/bus.ts';
import type { EngineKind } from '../actors/subjects.ts';
import type { EngineOf, Made } from '../adapters/engine.ts';
import { ParleyError } from '../machines/errors.ts';
import type { Config } from './config/schema.ts';
import { engineOf } from './engine-registry.ts';
import { toolsOf } from './offered-actions.ts';

export interface MakerParts {
  /** For `remote` engines of a chain. */
  readonly bus: Bus;
  /** Receives the crashes of threads. */
  readonly onProblem?: (error: ParleyError) => void;
}

/** Makes the engine `name` as configured, without loading its model yet. Rejects with CONFIG_INVALID. */
export async function makeEngine<Kind extends EngineKind>(
  kind: Kind,
  name: string,
  config: Config,
  dialog: Dialog,
  parts: MakerParts,
): Promise<Made<EngineOf[Kind]>> {
  const { systemPrompt } = config.llm;
  const made = engineOf(kind, name)?.make(optionsOf(kind, name, config), {
    ...parts,
    ...{ name, dialog, tools: toolsOf(config, dialog) },
    ...(systemPrompt !== undefined && { systemPrompt }),
  });
  return made ?? unknownEngine(kind, name);
}

/**
 * Everything besides the request that determines the sound of the engine `name`, as text; undefined if unknown here.
 */
export function soundOf(name: string, config: Config): string | undefined {
  return engineOf('tts', name)?.sound(optionsOf('tts', name, config));
}

function optionsOf(kind: EngineKind, name: string, config: Config): unknown {
  const group: Readonly<Record<string, unknown>> = config[kind];
  const { servers } = config[kind];
  if (engineOf(kind, name)?.name === name) return group[name];
  return Object.hasOwn(servers, name) ? servers[name] : unknownEngine(kind, name);
}

function unknownEngine(kind: EngineKind, name: string): never {
  throw new ParleyError('CONFIG_INVALID', `engines.${kind}: there is no engine ${name}`);
}

import { randomUUID } from 'node:crypto';
import type { Dialog } from '../actors/dialog/mod.ts';
import type { SessionDeps } from '../actors/session/session.ts';
import type { EngineKind } from '../actors/subjects.ts';
import { baseLanguage } from '../machines/policies/text.ts';
import type { Config } from './config/schema.ts';
import type { OfferedEngine } from './endpoints/wyoming/info.ts';
import type { WyomingParts } from './endpoints/wyoming/parts.ts';
import { engineOf } from './engine-registry.ts';
import type { LocalEngines } from './engines.ts';
import { offeredActions } from './offered-actions.ts';
import { packageVersion } from './version.ts';

/** The services of the Wyoming protocol; undefined if nothing of it is configured. */
export function wyomingServices(
  config: Config,
  dialog: Dialog,
  { engines, parameters }: Pick<SessionDeps, 'engines' | 'parameters'>,
  own: LocalEngines | undefined,
): WyomingParts | undefined {
  const { wyoming: options, language, voice } = config;
  if (options.port === undefined && options.satellites.length === 0) return undefined;
  const offered = <Kind extends EngineKind>(kind: Kind): readonly OfferedEngine<Kind>[] => {
    const replaced = own?.[kind];
    if (replaced) return [{ name: replaced.name, summary: 'An engine of this server' }];
    return config.engines[kind].map((name) => {
      const { summary = name, can } = engineOf(kind, name) ?? {};
      return { name, summary, can };
    });
  };
  const scope = () => ({ session: `wyoming-${randomUUID()}`, generation: 0 });
  const hasActions = offeredActions(config, dialog).length > 0;
  const [stt, llm, tts] = [offered('stt'), offered('llm'), offered('tts')];
  return {
    engines: {
      stt: () => engines.stt(scope()),
      llm: () => engines.llm(scope()),
      tts: () => engines.tts(scope()),
    },
    ...{ options, language, voice, reply: parameters.reply, reading: parameters.reading },
    offer: {
      ...{ version: packageVersion(), stt, llm, tts, hasActions },
      voice: voice ?? tts[0]?.name ?? 'default',
      dialogLanguages: [dialog, ...(dialog.others ?? [])].map((one) => baseLanguage(one.language)),
      languages: options.languages.length > 0 ? options.languages : [language],
    },
  };
}

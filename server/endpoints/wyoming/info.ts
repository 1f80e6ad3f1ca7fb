import type { AbilitiesOf } from '../../../adapters/engine.ts';

/** An engine as it is offered. */
export interface OfferedEngine<Kind extends keyof AbilitiesOf = keyof AbilitiesOf> {
  readonly name: string;
  readonly summary: string;
  /** Unknown for an engine that is not in the registry. */
  readonly can?: AbilitiesOf[Kind] | undefined;
}

export interface Offer {
  readonly version: string;
  readonly stt: readonly OfferedEngine<'stt'>[];
  readonly llm: readonly OfferedEngine<'llm'>[];
  readonly tts: readonly OfferedEngine<'tts'>[];
  /** Name of the server's default voice. */
  readonly voice: string;
  /** For engines that know many. */
  readonly languages: readonly string[];
  /** For engines that understand only the dialog. */
  readonly dialogLanguages: readonly string[];
  /** The language engine has actions. */
  readonly hasActions: boolean;
}

const ATTRIBUTION = { name: 'Parley', url: 'https://www.npmjs.com/package/parley-voice' };

/** The data of `info`. */
export function infoOf({
  version,
  stt,
  llm,
  tts,
  voice,
  languages,
  dialogLanguages,
  hasActions,
}: Offer): object {
  const artifact = (name: string, description: string) => ({
    ...{ name, description, attribution: ATTRIBUTION, installed: true, version },
  });
  const languagesOf = ({ can }: OfferedEngine) => {
    if (!can || typeof can.languages === 'string') return languages;
    const onlyDialog = 'understands' in can && can.understands === 'the dialog';
    return onlyDialog ? can.languages.filter((one) => dialogLanguages.includes(one)) : can.languages;
  };
  const models = (engines: readonly OfferedEngine[]) =>
    engines.map((engine) => ({
      ...artifact(engine.name, engine.summary),
      languages: languagesOf(engine),
    }));
  const program = (description: string) => artifact('parley', description);
  return {
    asr: [
      {
        ...program('Speech recognition of Parley'),
        ...{ models: models(stt), supports_transcript_streaming: stt[0]?.can?.partials ?? false },
      },
    ],
    tts: [
      {
        ...program('Speech of Parley'),
        voices: tts
          .slice(0, 1)
          .map((engine) => ({ ...artifact(voice, engine.summary), languages: languagesOf(engine) })),
        supports_synthesize_streaming: true,
      },
    ],
    handle: [
      {
        ...program('Conversation of Parley'),
        ...{ models: models(llm), supports_handled_streaming: true },
      },
    ],
    intent: hasActions ? [{ ...program('Actions of Parley’s dialog'), models: models(llm) }] : [],
    ...{ wake: [], mic: [], snd: [] },
  };
}

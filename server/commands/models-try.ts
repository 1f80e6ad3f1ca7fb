import type { Command } from 'commander';
import { parseDialog } from '../../actors/dialog/mod.ts';
import { inProcessBus } from '../../adapters/bus/in-process.ts';
import type { EngineOf } from '../../adapters/engine.ts';
import { type InstalledModel, resolveModel } from '../../adapters/models/resolve.ts';
import { realClock } from '../../adapters/real-clock.ts';
import { detectModel } from '../../adapters/sherpa/model-folder.ts';
import { writeWav } from '../../adapters/wav.ts';
import { ParleyError } from '../../machines/errors.ts';
import { baseLanguage } from '../../machines/policies/text.ts';
import type { Config } from '../config/schema.ts';
import { readDialog } from '../dialog-file.ts';
import { makeEngine } from '../engines.ts';
import { check, checkedLanguages, passed, SENTENCES } from '../models/check.ts';
import { catalogueOf } from '../models/configured.ts';
import { hear, paceOf, say, seconds } from '../models/measure.ts';
import { print } from '../terminal.ts';
import { readRecording } from '../transcribe/recording.ts';
import { configOf, type SetExitCode } from './config-flags.ts';
import { writeOutput } from './output.ts';

/** What `try` and `check` know of a model: the port that it serves, and its languages; none for an undescribed folder. */
interface Subject {
  readonly name: string;
  readonly kind: 'stt' | 'tts';
  readonly languages: readonly string[];
  readonly config: Config;
}

/** Adds arguments and action of `parley models try`. */
export function tryModel(command: Command): Command {
  return command
    .argument('<name>', 'name or folder of a model')
    .argument('<input...>', 'WAV files for a recogniser, the text for a voice')
    .option('--out <file.wav>', 'where a voice is written to', 'parley-try.wav')
    .action(async (name: string, input: string[], _options, self: Command) => {
      const { out } = self.opts<{ out: string }>();
      const subject = await subjectOf(name, self);
      const { config, kind } = subject;
      if (kind === 'tts') {
        const said = await withEngine('tts', 'sherpa', config, (tts) =>
          say(tts, input.join(' '), languageOf(subject), realClock),
        );
        await writeOutput(out, writeWav(said.pcm));
        print(out);
        console.error(`${paceOf(said)}, first audio after ${seconds(said.firstAudioMs)}`);
        return;
      }
      await withEngine('stt', 'sherpa', config, async (stt) => {
        for (const file of input) {
          const heard = await hear(stt, await readRecording(file), languageOf(subject), realClock);
          const language = heard.language === undefined ? '' : ` [${heard.language}]`;
          print(`${file}: ${heard.text === '' ? '(nothing)' : heard.text}${language}`);
          console.error(`${paceOf(heard)}, ${heard.partials} partial transcripts`);
        }
      });
    });
}

/** Adds arguments and action of `parley models check`. */
export function checkModel(command: Command, setExitCode: SetExitCode): Command {
  return command
    .argument('<name>', 'name or folder of a model')
    .action(async (name: string, _options, self) => {
      const { config, kind, languages, ...subject } = await subjectOf(name, self);
      const known = checkedLanguages(languages.length > 0 ? languages : [config.language]);
      // The embedded recogniser knows only English.
      const tested = kind === 'stt' ? known : known.filter((language) => language === 'en');
      if (tested.length === 0)
        throw new ParleyError(
          'LANGUAGE_UNSUPPORTED',
          `there are no sentences to check ${subject.name} with; use: parley models try ${subject.name}`,
        );
      const results = await withEngine('stt', kind === 'stt' ? 'sherpa' : 'soundswallower', config, (stt) =>
        withEngine('tts', kind === 'tts' ? 'sherpa' : 'espeak', config, (tts) =>
          check(kind, { stt, tts }, tested, realClock),
        ),
      );
      for (const one of results) {
        const { language, expected, heard, right } = one;
        print(`${language}: ${Math.round(right * 100)} % of "${expected}" as "${heard}", ${paceOf(one)}`);
      }
      if (passed(results)) print(`${subject.name}: ok`);
      else {
        print(`${subject.name}: less than half of the words were right in each language`);
        setExitCode(1);
      }
    });
}

/** Finds the model that a command names. Rejects like `resolveModel`, and with CONFIG_INVALID for one without a voice or a recogniser. */
async function subjectOf(name: string, command: Command): Promise<Subject> {
  const { config } = configOf(command);
  const model = await resolveModel(name, config.models.dir, await catalogueOf(config));
  const kind = await portOf(model);
  const port = kind === 'tts' ? 'tts' : 'stt';
  if (!['streaming-stt', 'stt', 'tts'].includes(kind))
    throw new ParleyError('CONFIG_INVALID', `${name} is a ${kind}: only recognisers and voices can be tried`);
  const subject = { name, kind: port, languages: model.description?.languages ?? [] } as const;
  return { ...subject, config: configOf(command, { [`${port}.sherpa.model`]: model.dir }).config };
}

async function portOf({ dir, description }: InstalledModel): Promise<string> {
  return description?.kind ?? (await detectModel(dir)).kind;
}

/** The configured language if the model knows it, else the first of the model. */
function languageOf({ config, languages }: Subject): string {
  const knows = languages.some((language) => baseLanguage(language) === baseLanguage(config.language));
  return knows ? config.language : (languages[0] ?? config.language);
}

async function withEngine<Kind extends 'stt' | 'tts', Result>(
  kind: Kind,
  name: string,
  config: Config,
  use: (engine: EngineOf[Kind]) => Promise<Result>,
): Promise<Result> {
  const dialog = name === 'soundswallower' ? SPOKEN : await readDialog(config);
  const engine = await makeEngine(kind, name, config, dialog, { bus: inProcessBus() });
  try {
    // What it takes to load is not its pace.
    await engine.warm?.();
    return await use(engine);
  } finally {
    await engine.close();
  }
}

/** The embedded recogniser understands the sentences of the check. */
const SPOKEN = parseDialog(
  JSON.stringify({
    entries: (SENTENCES.en ?? []).map(({ text }, at) => ({ id: `s${at}`, phrases: [text], replies: ['ok'] })),
  }),
);

import { withDialog, withRecogniser } from '../../actors/dialog/mod.ts';
import { sha256 } from '../../adapters/store/sha256.ts';
import { checkJournal, faultError } from '../../machines/journal/check.ts';
import type { Journal } from '../../machines/journal/record.ts';
import type { SessionParameters } from '../../machines/parameters.ts';
import { type Recording, type Rehearing, rehear } from '../../testing/eval/recorded/rehear.ts';
import { rehearingLines } from '../../testing/eval/recorded/report.ts';
import type { ConfigSource } from '../config/layers.ts';
import type { Config } from '../config/schema.ts';
import { parameterKeys } from '../config/schema.ts';
import { readDialog } from '../dialog-file.ts';
import { earOf } from '../ear.ts';
import { readJournalFile } from '../journal-file.ts';
import { isJournalFile, withStore } from './data-store.ts';

/**
 * Gives the recorded audio of a session (its id, or the file of an exported journal) to a session of now, with the
 * recorded parameters and those that the command line changes. Rejects with JOURNAL_NO_AUDIO and the errors of a journal.
 */
export async function rehearSession(
  name: string,
  config: Config,
  sources: ReadonlyMap<string, ConfigSource>,
): Promise<{ readonly lines: readonly string[]; readonly report: Rehearing }> {
  const recording = await read(name, config.dataDir);
  const dialog = await readDialog(config);
  const { parameters } = recording.journal.header;
  const given = withRecogniser(withDialog(config, dialog), true);
  const changed = [...sources].filter(([, { kind }]) => kind === 'flag').map(([key]) => key);
  const report = await rehear(recording, {
    dialog,
    parameters: changedParameters(parameters, given, changed),
    ...{ detector: config.vad, ear: await earOf(config), vad: config.vad, espeak: config.tts.espeak },
  });
  return { lines: rehearingLines(report, changed), report };
}

async function read(name: string, dataDir: string): Promise<Recording> {
  const recording = isJournalFile(name)
    ? await readJournalFile(name)
    : await withStore(dataDir, async (store) => ({
        journal: await store.readJournal(name),
        audio: await store.readAudio(name),
      }));
  requireIntact(recording.journal);
  return recording;
}

/** A journal that breaks off is of use up to there; one that was changed is not. */
function requireIntact(journal: Journal): void {
  const fault = checkJournal(journal, sha256);
  if (fault && fault.code !== 'JOURNAL_INCOMPLETE') throw faultError(fault);
}

/** What a key decides besides its own parameter. */
const DECIDES: Readonly<Record<string, readonly string[]>> = {
  'bargeIn.firstWordsMs': ['bargeIn.confirmSpeechMs'],
  dialog: ['actions', 'phrases', 'words'],
};

/** The recorded parameters, with those of `keys` as they are `given`. */
function changedParameters(
  recorded: SessionParameters,
  given: SessionParameters,
  keys: readonly string[],
): SessionParameters {
  const names = parameterKeys.filter(({ name }) => keys.includes(name)).map(({ path }) => path);
  const more = keys.flatMap((key) => DECIDES[key] ?? []).map((name) => name.split('.'));
  return [...names, ...more].reduce((changed, path) => withValueAt(changed, given, path), recorded);
}

/** `into` with the value that `from` has at `path`, if both have that group. */
function withValueAt<T extends object>(into: T, from: object, path: readonly string[]): T {
  const [name = '', ...rest] = path;
  if (!(name in into)) return into;
  const [own, other]: unknown[] = [Reflect.get(into, name), Reflect.get(from, name)];
  if (rest.length === 0) return { ...into, [name]: other };
  return isGroup(own) && isGroup(other) ? { ...into, [name]: withValueAt(own, other, rest) } : into;
}

function isGroup(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

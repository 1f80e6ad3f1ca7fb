/** How well the embedded recogniser hears Chinese, Japanese and Korean, spoken by the embedded voice.
 * Run: `npx tsx lab/hearing/languages.ts [--together en,zh,ja] [--verbose] [LANGUAGE…]`.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type Dialog, expandPhrase, matchDialog, parseDialog } from '../../actors/dialog/mod.ts';
import { soundswallowerStt } from '../../adapters/stt/soundswallower/soundswallower.ts';
import { espeakTts } from '../../adapters/tts/espeak/espeak.ts';
import { speaker } from '../../server/demo/user-voice.ts';
import { asUtterance, pieces } from './speech.ts';

const VOICES: Readonly<Record<string, readonly string[]>> = {
  en: ['en-us', 'en-us+f3', 'en-us+m7'],
  zh: ['cmn', 'cmn+m3', 'cmn+f3'],
  ja: ['ja', 'ja+f3', 'ja+m7'],
  ko: ['ko', 'ko+f3', 'ko+m7'],
};
/** An entry with slots has many sentences: this many of each are spoken. */
const MOST_OF_ENTRY = 6;

/** As people talk to a machine. */
const WORDS_A_MINUTE = 150;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { together: { type: 'string', default: '' }, verbose: { type: 'boolean' } },
});
const together = values.together.split(',').filter(Boolean);

async function robot(language: string): Promise<Dialog> {
  const name = language === 'en' ? 'robot' : `robot.${language}`;
  return parseDialog(await readFile(`examples/${name}.dialog.yaml`, 'utf8'), name);
}

/** Sentences of every entry. eSpeak NG reads no Chinese characters in Japanese. */
function sentencesOf({ entries, slots, language }: Dialog): readonly { id: string; text: string }[] {
  return entries.flatMap(({ id, phrases }) => {
    const all = phrases
      .flatMap((phrase) => expandPhrase(phrase, slots, 10_000))
      .map((text) => (language === 'en' ? text : text.replaceAll(' ', '')))
      .filter((text) => language !== 'ja' || !/\p{Script=Han}/u.test(text));
    const count = Math.min(MOST_OF_ENTRY, all.length);
    return Array.from({ length: count }, (_, i) => ({
      id,
      text: all[Math.floor((i * all.length) / count)] ?? '',
    }));
  });
}

const dialogs = new Map<string, Dialog>();
for (const language of Object.keys(VOICES)) dialogs.set(language, await robot(language));
const [main, ...others] = dialogs.values();
if (!main) throw new Error('no dialog');
const engine = soundswallowerStt({ dialog: { ...main, others }, workers: 1, decodersPerWorker: 2, together });

const voices = Object.values(VOICES)
  .flat()
  .map((voice) => ({ voice, tts: espeakTts({ voice, ratePerMinute: WORDS_A_MINUTE }) }));

async function speak(text: string, voice: string) {
  const said = voices.find((one) => one.voice === voice);
  if (!said) throw new Error(`no voice ${voice}`);
  return asUtterance((await (await speaker(said.tts))(text)).samples);
}

/** The entry and language that are heard in a sentence while the conversation is in `language`; null if it is rejected. */
async function hear(text: string, voice: string, language: string) {
  const audio = pieces(await speak(text, voice));
  for await (const event of engine.transcribe(audio, { language }, new AbortController().signal)) {
    if (event.type !== 'final' || event.text === '') continue;
    const said = event.language ?? language;
    const dialog = dialogs.get(said);
    return { said, text: event.text, id: dialog && matchDialog(dialog, event.text)?.entry.id };
  }
  return null;
}

try {
  const asked = together.length > 0 ? together : positionals.length > 0 ? positionals : Object.keys(VOICES);
  for (const language of asked) {
    const dialog = dialogs.get(language);
    if (!dialog) continue;
    const counts = { right: 0, wrong: 0, rejected: 0 };
    for (const voice of VOICES[language] ?? [])
      for (const { id, text } of sentencesOf(dialog)) {
        const heard = await hear(text, voice, together.length > 0 ? (together[0] ?? 'en') : language);
        const how = !heard ? 'rejected' : heard.said === language && heard.id === id ? 'right' : 'wrong';
        counts[how]++;
        if (values.verbose && how !== 'right') console.log(how, voice, text, id, '->', heard);
      }
    const foreign = { accepted: 0, all: 0 };
    for (const [other, its] of dialogs) {
      if (other === language || together.length > 0) continue;
      for (const { text } of sentencesOf(its)) {
        foreign.all++;
        if (await hear(text, VOICES[other]?.[0] ?? other, language)) foreign.accepted++;
      }
    }
    const all = counts.right + counts.wrong + counts.rejected;
    const rest =
      foreign.all > 0
        ? `; ${foreign.accepted} of ${foreign.all} sentences of other languages taken for its own`
        : '';
    console.log(
      `${language}: ${counts.right} of ${all} right, ${counts.wrong} wrong, ${counts.rejected} rejected${rest}`,
    );
  }
} finally {
  await engine.close();
  for (const { tts } of voices) await tts.close();
}

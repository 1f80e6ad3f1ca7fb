import { type Dialog, expandPhrase, matchDialog } from '../../../actors/dialog/mod.ts';
import { consistsOf } from '../../../machines/policies/text.ts';
import { OTHERS_TO_FIT } from '../recognition-sentences.ts';
import { speak } from '../speech.ts';
import type { Trial } from './trials.ts';

/** Voices to fit with; lab/hearing/recognition.ts reports others. A variant of `en-gb` sounds like `en-gb` itself. */
const VOICES = ['en-us+m1', 'en-us+f1', 'en-gb-scotland+m4', 'en-gb-x-rp'];
const MOST_OF_ENTRY = 4;
/** Sentences of one phrase that are listed to choose from. */
const MOST_SENTENCES = 10_000;

/** Sentences of the dialog and other speech, said by espeak-ng: some of each entry. */
export function syntheticTrials(dialog: Dialog): readonly Trial[] {
  const some = chosen(dialog, MOST_OF_ENTRY);
  const spoken = VOICES.flatMap((voice) => [
    ...some.map((said) => ({ voice, text: said, said, isRight: sameMeaning(dialog, said) })),
    ...OTHERS_TO_FIT.map((text) => ({ voice, text, isRight: () => false })),
  ]).map(({ voice, text, ...trial }) => ({
    ...trial,
    name: `${voice}: ${text}`,
    audio: () => speak(text, voice),
  }));
  return spoken.map((trial) => ({
    ...trial,
    half: 0,
    group: 'synthetic',
    grammar: 'robot',
  }));
}

/** At most `most` sentences of each entry, evenly spaced through its expansion, and the backchannels that are not among them. */
export function chosen({ entries, slots, grammar, backchannels }: Dialog, most: number): readonly string[] {
  const some = entries.flatMap(({ phrases }) => {
    const all = phrases.flatMap((phrase) => expandPhrase(phrase, slots, MOST_SENTENCES));
    const count = Math.min(most, all.length);
    return Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)] ?? '');
  });
  return [...some, ...backchannels.filter((said) => !grammar.reach(said.split(' ')).ends)];
}

/** Tests for the same entry with the same slots, or for any two backchannels. */
export function sameMeaning(dialog: Dialog, expected: string): (heard: string) => boolean {
  return (heard) => {
    const isBackchannel = (text: string) => consistsOf(text, dialog.backchannels, dialog.language);
    if (isBackchannel(expected) && isBackchannel(heard)) return true;
    const meant = matchDialog(dialog, expected);
    const got = matchDialog(dialog, heard);
    if (!meant || !got) return expected === heard;
    return meant.entry === got.entry && JSON.stringify(meant.slots) === JSON.stringify(got.slots);
  };
}

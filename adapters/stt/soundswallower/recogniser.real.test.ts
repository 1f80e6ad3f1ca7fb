import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseDialog } from '../../../actors/dialog/mod.ts';
import { speak } from '../../../lab/hearing/speech.ts';
import { loadRecognisers } from './recogniser.ts';
import { threadDataOf } from './soundswallower.ts';
import { isInDoubt, judge } from './verdict.ts';

const dialog = parseDialog(
  readFileSync(new URL('../../../examples/robot.dialog.yaml', import.meta.url), 'utf8'),
);

describe('an utterance that is rejected with some doubt', () => {
  it('is heard slower, and compared with other words only if the sentence may be taken', async () => {
    const [recogniser] = await loadRecognisers(threadDataOf(dialog, 1));
    const heard = async (text: string) => {
      recogniser?.begin();
      await recogniser?.push((await speak(text, 'en-us')).samples);
      const evidence = await recogniser?.hear();
      if (!evidence) throw new Error(`"${text}" was taken for silence`);
      const { slower, ...first } = evidence;
      expect(isInDoubt(judge(first, 0))).toBe(true);
      return slower?.own.text;
    };
    expect(await heard('elephant')).toBe('tell me a joke');
    expect(await heard('back up')).toBeUndefined();
  });
});

describe('the text so far', () => {
  it('does not begin with the "hmm" that a sentence begins like, and has a listener’s sound from its second result on', async () => {
    const [recogniser] = await loadRecognisers(threadDataOf(dialog, 1));
    const partials = async (text: string) => {
      const { samples } = await speak(text, 'en-gb');
      recogniser?.begin();
      const texts: string[] = [];
      for (let at = 0; at < samples.length; at += 320) {
        const partial = await recogniser?.push(samples.subarray(at, at + 320));
        if (partial !== undefined) texts.push(partial);
      }
      recogniser?.abort();
      return texts;
    };
    expect(await partials('turn left')).toEqual(['turn left']);
    expect(await partials('mm-hmm')).toEqual(['mhm']);
  });
});

import type { ErrorRecord } from '../../machines/errors.ts';
import { discardedOf } from '../../machines/session/halt/discarded.ts';
import type { Happens, Representative, SessionModelState } from './session-model.ts';

/** The words of speech that other input has discarded, and the failure of its recognisers. */
export function discardedRepresentatives(
  words: { readonly request: string; readonly halt: string },
  error: ErrorRecord,
): readonly Representative[] {
  const of = (name: string, event: (utterance: number) => Happens): Representative => ({
    name,
    source: 'discarded',
    event: ({ snapshot, alive }: SessionModelState) => {
      const [oldest] = discardedOf(snapshot.context);
      return oldest && alive.includes('discarded') ? event(oldest.utterance.number) : undefined;
    },
  });
  const known = (text: string) => (utterance: number) =>
    ({ type: 'discarded.words', utterance, output: { text } }) as const;
  return [
    of('discarded.words: words', known(words.request)),
    of('discarded.words: halt', known(words.halt)),
    of('discarded.words: failure', (utterance) => ({ type: 'discarded.words', utterance, error })),
    of('discarded: failure', () => ({ type: 'xstate.error.actor.discarded', error })),
  ];
}

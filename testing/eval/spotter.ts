import { type Dialog, haltPhrases } from '../../actors/dialog/mod.ts';
import type { StopListener, StopSpotter, StopWanted } from '../../actors/ports/stop-spotter.ts';
import { loadSoundswallower } from '../../adapters/soundswallower/decoder.ts';
import type { Finding } from '../../adapters/spotter/finding.ts';
import { spotterGrammar } from '../../adapters/spotter/soundswallower/grammar.ts';
import { Listener } from '../../adapters/spotter/soundswallower/listener.ts';
import { stopEar } from '../../adapters/spotter/word/stop.ts';
import { STOP } from '../../adapters/spotter/word/word.ts';

/** A spotter of stops that virtual time can wait for. */
export interface EvalSpotter extends StopSpotter {
  /** Resolves when it has heard all audio that it was given; undefined if it has. Rejects if a decoder failed. */
  readonly heard: () => Promise<void> | undefined;
}

/** Listens in this thread, to one session at a time. `word`: whether "stop" is also listened for as a whole word. */
export async function evalSpotter(dialog: Dialog, when: StopWanted, word = true): Promise<EvalSpotter> {
  const loaded = await loadSoundswallower();
  const grammar = spotterGrammar(haltPhrases(dialog), new Map(dialog.pronunciations), loaded.dictionary);
  const ear = word && grammar.phrases.includes(STOP) ? await stopEar() : undefined;
  const ears = await Listener.make(loaded, grammar, ear);
  let work = Promise.resolve();
  let waiting = 0;
  const then = (next: () => Promise<void> | void) => {
    waiting += 1;
    work = work.then(next).then(() => {
      waiting -= 1;
    });
  };
  return {
    ...{
      name: 'soundswallower',
      phrases: grammar.phrases,
      when,
      close: () => work.then(() => ear?.embedding.close()),
    },
    heard: () => (waiting > 0 ? work : undefined),
    listen(listener) {
      let over = false;
      then(() => ears.begin((finding) => over || tell(listener, finding)));
      return {
        push: (samples) => then(() => ears.push(samples)),
        end: () => then(() => ears.end()),
        abort() {
          over = true;
          then(() => ears.abort());
        },
      };
    },
  };
}

function tell(listener: StopListener, finding: Finding): void {
  if (finding.type === 'suspected') listener.onSuspected(finding.phrase, finding.sample);
  else if (finding.type === 'confirmed') listener.onConfirmed(finding.phrase);
  else listener.onRefuted();
}

import { type Dialog, haltPhrases } from '../../actors/dialog/mod.ts';
import type { StopListener, StopSpotter, StopWanted } from '../../actors/ports/stop-spotter.ts';
import { loadSoundswallower } from '../../adapters/soundswallower/decoder.ts';
import { spotterGrammar } from '../../adapters/spotter/soundswallower/grammar.ts';
import { type Finding, Spotter } from '../../adapters/spotter/soundswallower/spotter.ts';

/** A spotter of stops that virtual time can wait for. */
export interface EvalSpotter extends StopSpotter {
  /** Resolves when it has heard all audio that it was given; undefined if it has. Rejects if a decoder failed. */
  readonly heard: () => Promise<void> | undefined;
}

/** Listens in this thread, to one session at a time. */
export async function evalSpotter(dialog: Dialog, when: StopWanted): Promise<EvalSpotter> {
  const loaded = await loadSoundswallower();
  const grammar = spotterGrammar(haltPhrases(dialog), new Map(dialog.pronunciations), loaded.dictionary);
  const spotter = await Spotter.make(loaded, grammar);
  let work = Promise.resolve();
  let waiting = 0;
  const then = (next: () => Promise<void> | void) => {
    waiting += 1;
    work = work.then(next).then(() => {
      waiting -= 1;
    });
  };
  return {
    ...{ name: 'soundswallower', phrases: grammar.phrases, when, close: () => work },
    heard: () => (waiting > 0 ? work : undefined),
    listen(listener) {
      let over = false;
      then(() => spotter.begin((finding) => over || tell(listener, finding)));
      return {
        push: (samples) => then(() => spotter.push(samples)),
        end: () => then(() => spotter.end()),
        abort() {
          over = true;
          then(() => spotter.abort());
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

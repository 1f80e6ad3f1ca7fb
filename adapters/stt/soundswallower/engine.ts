import { constant, count, list } from '../../../machines/options.ts';
import { defineEngine } from '../../engine.ts';

export const soundswallower = defineEngine({
  kind: 'stt',
  name: 'soundswallower',
  summary: 'SoundSwallower with the dialog file as its grammar, in threads of this process',
  options: {
    // A process serves the users of one robot; `processes` adds more.
    workers: constant(
      count(1, 'Number of recogniser threads in this process, for each language that is spoken.'),
    ),
    together: list(
      [],
      'Languages that are heard together, such as en,zh: one may follow another by voice. Others are heard only while the conversation is in them. See docs/how-to/languages.md.',
    ),
  },
  can: { offline: true, languages: ['en', 'zh', 'ja', 'ko'], partials: true, understands: 'the dialog' },
  make: async ({ workers, together }, { dialog, onProblem }) => {
    const { soundswallowerStt } = await import('./soundswallower.ts');
    return soundswallowerStt({ dialog, workers, together, ...(onProblem && { onCrash: onProblem }) });
  },
});

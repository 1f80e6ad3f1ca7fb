import { dialogIn } from '../../../actors/dialog/mod.ts';
import { count } from '../../../machines/options.ts';
import { defineEngine } from '../../engine.ts';

export const soundswallower = defineEngine({
  kind: 'stt',
  name: 'soundswallower',
  summary: 'SoundSwallower with the dialog file as its grammar, in threads of this process',
  options: { workers: count(1, 'Number of recogniser threads in this process.') },
  can: { offline: true, languages: ['en'], partials: true, understands: 'the dialog' },
  make: async ({ workers }, { dialog, onProblem }) => {
    const { soundswallowerStt } = await import('./soundswallower.ts');
    const english = dialogIn(dialog, 'en') ?? dialog;
    return soundswallowerStt({ dialog: english, workers, ...(onProblem && { onCrash: onProblem }) });
  },
});

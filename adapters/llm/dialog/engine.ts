import { defineEngine } from '../../engine.ts';
import { dialogLlm } from './dialog.ts';

export const dialog = defineEngine({
  kind: 'llm',
  name: 'dialog',
  summary: 'The dialog file: phrases, replies and actions. The same question gets the same answer',
  options: {},
  can: { offline: true, languages: 'many', streams: true, answers: 'the dialog' },
  make: async (_options, parts) => dialogLlm({ dialog: parts.dialog }),
});

import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { parseDialog } from './parse.ts';
import { suggestedPhrases } from './suggest.ts';

it('suggests a question, a long answer to interrupt, and something that moves the robot', async () => {
  const file = new URL('../../examples/robot.dialog.yaml', import.meta.url);
  const dialog = parseDialog(await readFile(file, 'utf8'), 'robot.dialog.yaml');

  expect(suggestedPhrases(dialog, 3)).toEqual(['how are you', 'tell me a story', 'go forward']);
});

it('suggests the phrases that exist, and never a stop', () => {
  const dialog = parseDialog(
    'entries: [{ id: halt, halt: true, phrases: halt }, { id: hello, phrases: "hello [there]", replies: Hi }]',
    'small.dialog.yaml',
  );

  expect(suggestedPhrases(dialog, 3)).toEqual(['hello']);
});

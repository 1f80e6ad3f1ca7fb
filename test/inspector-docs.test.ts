import { existsSync, readFileSync, statSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseJournalFile } from '../server/journal-file.ts';

const docs = new URL('../docs/how-to/', import.meta.url);
const text = readFileSync(new URL('debug.md', docs), 'utf8');
/** Of the issue. */
const LARGEST_PICTURE = 200_000;

it('the pictures of docs/how-to/debug.md are there, and small', () => {
  const pictures = [...text.matchAll(/!\[[^\]]+\]\(([^)]+)\)/gu)].map(([, path = '']) => new URL(path, docs));
  expect(pictures.length).toBeGreaterThanOrEqual(5);
  for (const picture of pictures) {
    expect(existsSync(picture), picture.pathname).toBe(true);
    expect(statSync(picture).size).toBeLessThan(LARGEST_PICTURE);
  }
});

it('the session of the walk-through is the one that it describes', () => {
  const file = readFileSync(new URL('../examples/stalled-llm.jsonl', import.meta.url), 'utf8');
  const { journal } = parseJournalFile(file, 'stalled-llm.jsonl');
  const timeouts = journal.records.filter(({ commands }) => commands.includes('LLM_TIMEOUT'));
  expect(timeouts.map(({ source, event }) => [source, event.includes('llmFirstToken')])).toEqual([
    ['timer', true],
  ]);
  const kept = journal.records.flatMap(({ commands }) => commands.match(/"reason":"\w+"/gu) ?? []);
  expect(new Set(kept)).toEqual(new Set(['"reason":"failed"', '"reason":"completed"']));
});

it('the keys are all explained', () => {
  // As text: the file itself is the page's, and this test knows no window.
  const source = readFileSync(new URL('../web/inspect/app/keys.ts', import.meta.url), 'utf8');
  const keys = [...source.matchAll(/^ {2}\['([^']+)', '/gmu)].flatMap(([, one = '']) => one.split(' '));
  expect(keys.length).toBeGreaterThan(8);
  for (const key of keys) if (key !== 'Space' && key !== 'Esc') expect(text).toContain(`\`${key}\``);
});

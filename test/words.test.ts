/** Keeps unclear words out of comments, texts and docs: the actor is named, and the verb says what happens. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';

const root = fileURLToPath(new URL('../', import.meta.url));
const ALLOWED = fileURLToPath(new URL('words-allowed.json', import.meta.url));

/** What to write instead is in the comment. */
const PATTERNS: Readonly<Record<string, RegExp>> = {
  // notify, publish, report, send, get
  told: /\b(?:un)?told\b|\btells?\b(?! me\b)/giu,
  // the role: client, server, user, executor
  nobody: /\b(?:nobody|somebody|whoever|anybody|no one)\b/giu,
  // "is not a …", "expected …", "invalid …"
  'is no': /\b(?<!there )(?:is|are|was|were) no (?!longer\b|more\b|other\b|less\b|need\b|way\b)[a-z]/giu,
  // previous, older
  'of before': /\b(?:of before|the ones? before|those before)\b/giu,
};

/** Generated pages, recorded conversations, and what people say. */
const LEFT_OUT =
  /^(?:docs\/reference\/configuration\.md|lab\/|examples\/|bench\/|test\/words|test\/golden\/|.*common-words\.ts$|machines\/language\/|machines\/policies\/reading\/languages\/|package-lock\.json|dist\/)/u;
const TEXTS = /\.(?:ts|tsx|mjs|js|py|md)$/u;
/** Comments and strings of TypeScript and JavaScript. */
const SAID = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/gu;

type Counts = Readonly<Record<string, Readonly<Record<string, number>>>>;
const allowed: Counts = z
  .record(z.string(), z.record(z.string(), z.number()))
  .parse(JSON.parse(readFileSync(ALLOWED, 'utf8')));
const found = count();
// WORDS=count npx vitest run test/words.test.ts
if (process.env.WORDS === 'count') writeFileSync(ALLOWED, `${JSON.stringify(found, null, 2)}\n`);

function count(): Counts {
  const files = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).split('\n');
  const counts: Record<string, Record<string, number>> = {};
  for (const name of Object.keys(PATTERNS)) counts[name] = {};
  for (const file of files) {
    if (!TEXTS.test(file) || LEFT_OUT.test(file)) continue;
    const said = saidIn(file);
    for (const [name, pattern] of Object.entries(PATTERNS)) {
      const times = said.match(pattern)?.length ?? 0;
      const of = counts[name];
      if (of && times > 0) of[file] = times;
    }
  }
  return counts;
}

function saidIn(file: string): string {
  let text = '';
  try {
    text = readFileSync(`${root}${file}`, 'utf8');
  } catch {
    return ''; // A file that was deleted and not yet committed.
  }
  return /\.(?:md|py)$/u.test(file) ? text : (text.match(SAID) ?? []).join('\n');
}

const sum = (counts: Readonly<Record<string, number>> = {}) =>
  Object.values(counts).reduce((all, one) => all + one, 0);

describe('comments, texts and docs', () => {
  it.each(Object.keys(PATTERNS))('have "%s" in no more places than before', (name) => {
    const [now, before] = [found[name] ?? {}, allowed[name] ?? {}];
    const more = Object.entries(now).filter(([file, times]) => times > (before[file] ?? times));
    expect(more.map(([file, times]) => `${file}: ${times}, allowed are ${before[file]}`)).toEqual([]);
    // A file that was moved takes its words along; a new one may not bring more.
    expect(sum(now)).toBeLessThanOrEqual(sum(before));
  });
});

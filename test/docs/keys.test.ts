import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { REMOVED_KEYS } from '../../server/config/removed.ts';
import { pages } from './fences.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Each language in `byLanguage` has members of these names. */
const OF_A_LANGUAGE = /^(?:phrases|words)\./u;
/** Evaluations set constants too, and their pages say which. */
const EVALUATIONS = /^lab\//u;

it('docs name no key of the configuration that was removed', () => {
  const named = pages
    .filter((page) => !EVALUATIONS.test(page))
    .flatMap((page) =>
      [...readFileSync(join(root, page), 'utf8').matchAll(/`([a-z][\w-]*(?:\.[\w-]+)+)(?::[^`]*)?`/giu)]
        .map(([, name = '']) => name)
        .filter((name) => REMOVED_KEYS.has(name) && !OF_A_LANGUAGE.test(name))
        .map((name) => `${page}: ${name}`),
    );
  expect(named).toEqual([]);
});

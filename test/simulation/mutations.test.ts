import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { MUTATIONS } from '../../scripts/mutations.mjs';

it.each(MUTATIONS)('the fault “$what” can be planted in $file', ({ file, find }) => {
  const source = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
  expect(source.split(find).length - 1).toBe(1);
});

import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { FAULTS } from '../../lab/mutations/faults.ts';
import { scoreOf, written } from '../../lab/mutations/score.ts';

const fileOf = (path: string) => new URL(`../../${path}`, import.meta.url);

it.each(FAULTS)('the fault “$what” can be planted in $file', ({ file, find, tests = [] }) => {
  const source = readFileSync(fileOf(file), 'utf8');
  expect(source.split(find).length - 1).toBe(1);
  expect(tests.filter((path) => !existsSync(fileOf(path)))).toEqual([]);
});

const fault = { what: 'a stop is lost', file: 'actors/session/runner.ts', find: 'a', put: 'b' };

it('the score counts faults by folder, and names those that were missed', () => {
  const results = [
    { index: 1, fault, caught: 'seed 1' },
    { index: 2, fault, caught: undefined },
    { index: 3, fault: { ...fault, file: 'machines/kernel.ts', harmless: 'why' }, caught: undefined },
  ];
  expect(scoreOf(results)).toEqual({
    text: [
      'folder | planted | caught | harmless | missed',
      'actors/session | 2 | 1 | 0 | a stop is lost',
      'machines | 1 | 0 | 1 | none',
    ].join('\n'),
    missed: 1,
  });
});

it('the page keeps the rows of faults that did not run', () => {
  const page = '# Page\n\n| | fault |\n|---|---|\n| 1 | old |\n| 3 | kept |\n';
  const results = [
    { index: 2, fault, caught: undefined },
    { index: 1, fault, caught: 'a | b' },
  ];
  expect(written(page, results)).toBe(
    [
      '# Page\n\n| | fault |\n|---|---|',
      '| 1 | a stop is lost | `actors/session/runner.ts` | a \\| b |',
      '| 2 | a stop is lost | `actors/session/runner.ts` | nothing: **not caught** |',
      '| 3 | kept |\n',
    ].join('\n'),
  );
});

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { pages } from './fences.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Pages whose links are checked; the examples of the last ones are not tested. */
const linking = [...pages, 'CHANGELOG.md', 'clients/python/README.md'];
const textOf = (page: string) => readFileSync(join(root, page), 'utf8');

interface Link {
  readonly page: string;
  readonly target: string;
  readonly path: string;
  readonly anchor: string;
}

const links: readonly Link[] = linking.flatMap((page) =>
  [...withoutCode(textOf(page)).matchAll(/\]\(([^)\s]+)\)/gu)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/u.test(target))
    .map((target) => {
      const [file = '', anchor = ''] = target.split('#');
      return { page, target, path: file === '' ? page : normalize(join(dirname(page), file)), anchor };
    }),
);

it('README, docs and lab link only to files that exist', () => {
  const dead = links.filter(({ path }) => !existsSync(join(root, path)));
  expect(dead.map(({ page, target }) => `${page}: ${target}`)).toEqual([]);
});

it('README, docs and lab link only to headings that exist', () => {
  const dead = links.filter(
    ({ path, anchor }) =>
      anchor !== '' && path.endsWith('.md') && existsSync(join(root, path)) && !anchorsOf(path).has(anchor),
  );
  expect(dead.map(({ page, target }) => `${page}: ${target}`)).toEqual([]);
});

it('each page of docs says at its top whom it serves and what it answers', () => {
  const silent = pages.filter(
    (page) =>
      /^docs\/(?:how-to|reference|explanation)\//u.test(page) &&
      !/^# .+\n\nFor [\s\S]{10,500}?It answers:/u.test(textOf(page)),
  );
  expect(silent).toEqual([]);
});

it('the docs stay short: a page that says more takes the place of another', () => {
  const own = pages.filter((page) => page.startsWith('docs/'));
  // Their length follows from the schema and from the catalogue.
  const written = own.filter((page) => !/^docs\/reference\/(?:configuration|errors)\.md$/u.test(page));
  const lines = written.reduce((sum, page) => sum + textOf(page).split('\n').length - 1, 0);
  expect(own.length).toBeLessThanOrEqual(35);
  expect(lines).toBeLessThanOrEqual(4_880);
});

function withoutCode(text: string): string {
  return text.replace(/^\s*```[\s\S]*?^\s*```/gmu, '');
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of withoutCode(textOf(page)).matchAll(/^#{1,6} (.+)$/gmu)) {
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/gu, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/gu, '-');
    let anchor = slug;
    for (let n = 1; anchors.has(anchor); n++) anchor = `${slug}-${n}`;
    anchors.add(anchor);
  }
  return anchors;
}

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The languages whose examples must run, or say why they do not. */
const TESTED = new Set(['yaml', 'sh', 'ts', 'js', 'json', 'mjs', 'html']);

/** A fenced example of a page, as it is printed. */
export interface Fence {
  /** `README.md:53`, the line of its first line of code. */
  readonly at: string;
  readonly language: string;
  /** The HTML comment above it, without its brackets; empty if there is none. */
  readonly marker: string;
  readonly code: string;
}

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The pages whose examples are tested. */
export const pages: readonly string[] = [
  'README.md',
  'web/README.md',
  'clients/typescript/README.md',
  ...['docs', 'lab'].flatMap((folder) =>
    readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => `${folder}/${name}`)
      .sort(),
  ),
];

/** The examples of `page` in languages that can be tested. An indented fence, as in a list, is printed without the indent. */
export function fencesOf(page: string): Fence[] {
  const lines = readFileSync(`${root}${page}`, 'utf8').split('\n');
  const fences: Fence[] = [];
  for (let at = 0; at < lines.length; at++) {
    const opening = lines[at]?.match(/^(\s*)```(\S*)/);
    if (!opening) continue;
    const [, indent = '', language = ''] = opening;
    const code: string[] = [];
    const first = at + 1;
    for (at++; at < lines.length && lines[at]?.trim() !== '```'; at++)
      code.push(lines[at]?.startsWith(indent) ? (lines[at]?.slice(indent.length) ?? '') : (lines[at] ?? ''));
    if (!TESTED.has(language)) continue;
    const above = lines.slice(0, first - 1).findLast((line) => line.trim() !== '');
    const marker = above?.match(/^\s*<!-- (.*) -->$/)?.[1] ?? '';
    fences.push({ at: `${page}:${first + 1}`, language, marker, code: `${code.join('\n')}\n` });
  }
  return fences;
}

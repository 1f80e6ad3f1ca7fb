import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const page = readFileSync(new URL('../../docs/how-to/test-your-robot.md', import.meta.url), 'utf8');
const folder = new URL('./examples/', import.meta.url);

describe('docs/how-to/test-your-robot.md', () => {
  it('shows each example as the suite runs it', () => {
    const shown = [...page.matchAll(/<!-- (\S+) -->\n\n```ts\n(.*?)\n```/gs)].map(([, file, code]) => [
      file,
      code,
    ]);
    const run = readdirSync(folder).map((name) => [
      `test/model/examples/${name}`,
      readFileSync(new URL(name, folder), 'utf8')
        .trim()
        .replace("'../../../testing/mod.ts'", "'parley-voice/testing'"),
    ]);
    expect(Object.fromEntries(shown)).toEqual(Object.fromEntries(run));
  });

  it('shows no code that the suite does not run', () => {
    expect(page.match(/```ts/g)).toHaveLength(readdirSync(folder).length);
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const page = readFileSync(new URL('../../docs/how-to/test-your-robot.md', import.meta.url), 'utf8');
const folder = new URL('./examples/', import.meta.url);

describe('docs/how-to/test-your-robot.md', () => {
  it('shows or links each example as the suite runs it, and no other code', () => {
    const shown = [...page.matchAll(/<!-- (\S+) -->\n\n```ts\n(.*?)\n```/gs)].map(([, file, code]) => [
      file,
      code,
    ]);
    const linked = [...page.matchAll(/\(\.\.\/\.\.\/(test\/model\/examples\/\S+)\)/g)].map(
      ([, file]) => file,
    );
    const examples = readdirSync(folder).map((name) => `test/model/examples/${name}`);
    const run = examples
      .filter((file) => !linked.includes(file))
      .map((file) => [
        file,
        readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
          .trim()
          .replace("'../../../testing/mod.ts'", "'parley-voice/testing'"),
      ]);
    expect(Object.fromEntries(shown)).toEqual(Object.fromEntries(run));
    expect(linked.filter((file) => !examples.includes(file ?? ''))).toEqual([]);
    expect(page.match(/```ts/g)).toHaveLength(run.length);
  });
});

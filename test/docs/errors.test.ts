import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { ADVICE } from '../../machines/advice.ts';
import { ERRORS, isErrorCode } from '../../machines/errors.ts';

const page = fileURLToPath(new URL('../../docs/reference/errors.md', import.meta.url));

it('docs/reference/errors.md lists the error catalogue (regenerate it with `npx vitest run test/docs/errors.test.ts -u`)', async () => {
  const between = /(<!-- errors: made from the catalogue -->\n\n)[\s\S]*?(\n<!-- end of errors -->)/u;
  const text = await readFile(page, 'utf8');
  expect(text).toMatch(between);
  await expect(text.replace(between, (_, head, tail) => head + table() + tail)).toMatchFileSnapshot(page);
});

/** Pages that an advice names become links, relative to the page. */
function table(): string {
  const rows = Object.keys(ERRORS)
    .filter(isErrorCode)
    .map((code) =>
      `| \`${code}\` | ${ERRORS[code]} | ${ADVICE[code]} |`.replaceAll(
        /docs\/([\w-]+)\/([\w-]+)\.md/gu,
        '[$2.md](../$1/$2.md)',
      ),
    );
  return `| code | what is wrong | what to do |\n|---|---|---|\n${rows.join('\n')}\n`;
}

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseDialog } from '../../actors/dialog/mod.ts';
import { resolveConfig } from '../../server/config/load.ts';
import { folderOfFile } from '../support/after-test.ts';
import { fencesOf, pages } from './fences.ts';
import { dialogOf, testPrintedCommands } from './printed-commands.ts';

const fences = pages.flatMap(fencesOf);
const marked = (pattern: RegExp) =>
  fences.filter(({ marker }) => pattern.test(marker)).map((fence) => [fence.at, fence] as const);

const folder = folderOfFile();

describe('examples of README and docs', () => {
  it('each say how they are tested, or why they are not', () => {
    const known =
      /^(example: (dialog|dialog entries|configuration|yaml|run.*|\S+\.ts)|not run: .+|run by \S+|test\/\S+)$/;
    const silent = fences.filter(({ marker }) => !known.test(marker));
    expect(silent.map(({ at, marker }) => `${at} ${marker}`)).toEqual([]);
  });

  it.each(marked(/^example: dialog$/))('%s is a dialog file', (_at, { code }) => {
    expect(parseDialog(code).entries).not.toEqual([]);
  });

  it.each(marked(/^example: dialog entries$/))('%s is part of a dialog file', (_at, { code }) => {
    expect(parseDialog(dialogOf(code)).entries).not.toEqual([]);
  });

  it.each(marked(/^example: configuration$/))('%s is a configuration without warnings', (at, { code }) => {
    const file = join(folder, `${at.replace(/\W/g, '-')}.yaml`);
    writeFileSync(file, code);
    expect(resolveConfig({ file, cwd: folder }).warnings).toEqual([]);
  });

  it.each(marked(/^example: yaml$/))('%s is YAML', (_at, { code }) => {
    expect(parse(code)).toEqual(expect.any(Object));
  });

  testPrintedCommands(['README.md']);
});

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { temporaryFolder } from '../test/support/after-test.ts';
import { hashOfSources, machineHash, writeMachineHash } from './machine-hash.ts';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  mkdirSync(join(folder, 'session'));
  source('kernel.ts', "import { canonical } from './canonical.ts';\nimport type { Log } from './log.ts';\n");
  source('session/machine.ts', "import {\n  a,\n  b,\n} from './reply.ts';\nexport * from '../errors.ts';\n");
  for (const name of ['canonical.ts', 'log.ts', 'session/reply.ts', 'errors.ts', 'invariants.ts'])
    source(name, '// nothing\n');
});

function source(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

it('the machine hash changes with every source of the machine, and with no other', () => {
  const before = hashOfSources(folder);
  for (const name of ['invariants.ts', 'log.ts']) {
    source(name, '// changed\n');
    expect(hashOfSources(folder)).toBe(before);
  }
  for (const name of ['canonical.ts', 'session/reply.ts', 'errors.ts']) {
    const text = readFileSync(join(folder, name), 'utf8');
    source(name, `${text}// changed\n`);
    expect(hashOfSources(folder)).not.toBe(before);
    source(name, text);
    expect(hashOfSources(folder)).toBe(before);
  }
});

it('the machine hash does not depend on line endings', () => {
  const before = hashOfSources(folder);
  source('canonical.ts', '// nothing\r\n');
  expect(hashOfSources(folder)).toBe(before);
});

it('the build saves the hash of the sources', () => {
  writeMachineHash(folder, folder);
  expect(JSON.parse(readFileSync(join(folder, 'machine-hash.json'), 'utf8'))).toEqual({
    sources: hashOfSources(folder),
  });
  expect(machineHash()).toMatch(/^[0-9a-f]{64}$/u);
});

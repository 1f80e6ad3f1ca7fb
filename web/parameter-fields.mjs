// Describes the session's parameters for the inspector's form, from the schema of the configuration.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const ENTRY = `
  import { z } from 'zod';
  import { parameterGroups } from './machines/parameters.ts';
  import { keysOf } from './server/config/keys.ts';
  export const keys = keysOf(z.object(parameterGroups()));
`;

/** A field a parameter: its name, kind, unit, default and meaning. */
export async function parameterFields() {
  const { outputFiles } = await build({
    stdin: { contents: ENTRY, resolveDir: root, loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    logLevel: 'warning',
  });
  const source = Buffer.from(outputFiles[0].contents).toString('base64');
  const { keys } = await import(`data:text/javascript;base64,${source}`);
  return keys.filter(isEditable).map(({ name, kind, meaning, defaultValue }) => ({
    name,
    kind,
    unit: unitOf(name),
    meaning,
    defaultValue,
  }));
}

/** Word lists by language have no form: they stay as recorded. */
function isEditable({ kind }) {
  return kind !== 'lists by name' && kind !== 'groups by name';
}

function unitOf(name) {
  if (name.endsWith('Ms')) return 'ms';
  if (name.endsWith('Chars')) return 'letters';
  return '';
}

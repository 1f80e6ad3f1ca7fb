/** Another build of the same program: its chart has one more state, and a member of its context has another name. */
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const BEFORE = 'lastGeneration';
const AFTER = 'newestGeneration';

/** What changes in each file; `MIGRATIONS` is what a developer would write. */
const CHANGES: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  'machines/session/presence/region.js': [
    ["target: 'here', actions", "target: 'returned', actions"],
    [
      'states: {',
      "states: {\n            returned: { on: { away: 'away', resumed: 'away', 'speech.start': 'here' } },",
    ],
  ],
  'machines/session/context-version.js': [
    ['CONTEXT_VERSION = 1', 'CONTEXT_VERSION = 2'],
    [
      'MIGRATIONS = []',
      `MIGRATIONS = [{
    from: 1,
    up: (snapshot) => {
        const { ${BEFORE}, ...context } = snapshot.context;
        return { ...snapshot, context: { ...context, ${AFTER}: ${BEFORE} } };
    },
    down: (snapshot) => {
        const { ${AFTER}, ...context } = snapshot.context;
        const { value } = snapshot;
        return {
            ...snapshot,
            value: value.presence === 'returned' ? { ...value, presence: 'here' } : value,
            context: { ...context, ${BEFORE}: ${AFTER} },
        };
    },
}]`,
    ],
  ],
};

/** Makes the other build in `folder`, which must be below the project's; returns where `program`, a compiled one, runs with it. */
export async function otherBuild(program: string, folder: string): Promise<string> {
  const dist = join(root, 'dist');
  await mkdir(folder, { recursive: true });
  for (const name of ['machines', 'actors', 'server', 'adapters', 'testing'])
    await cp(join(dist, name), join(folder, 'dist', name), { recursive: true });
  for (const name of ['web', 'clients', 'vendor'])
    await symlink(join(dist, name), join(folder, 'dist', name));
  for (const name of ['package.json', 'examples', 'native'])
    await symlink(join(root, name), join(folder, name));
  for (const name of ['machines', 'actors', 'server'])
    for (const path of await readdir(join(folder, 'dist', name), { recursive: true })) {
      if (!path.endsWith('.js')) continue;
      const file = join(folder, 'dist', name, path);
      const text = await readFile(file, 'utf8');
      let changed = text.replaceAll(new RegExp(`\\b${BEFORE}\\b`, 'gu'), AFTER);
      for (const [find, replacement] of CHANGES[join(name, path)] ?? []) {
        if (changed.split(find).length !== 2) throw new Error(`${path} does not have “${find}” once`);
        changed = changed.replace(find, () => replacement);
      }
      if (changed !== text) await writeFile(file, changed);
    }
  await writeFile(join(folder, 'dist/machines/machine-hash.json'), '{"sources":"another build"}');
  const own = join(folder, basename(program));
  const text = await readFile(program, 'utf8');
  await writeFile(own, text.replaceAll(join(root, 'dist/'), join(folder, 'dist/')));
  return own;
}

// Bundles the pages for the browser. Every file has its own URL: nothing is inline, nothing comes from other servers.
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { parameterFields } from './parameter-fields.mjs';

const here = dirname(fileURLToPath(import.meta.url));

/** One entry per script. Worklets run in the audio thread, so they are separate scripts. */
const TALK = {
  talk: 'talk/main.ts',
  'worklet-capture': '../clients/typescript/src/browser/worklets/capture.ts',
  'worklet-playout': '../clients/typescript/src/browser/worklets/playout.ts',
};
const REPORT = { 'inspect/report/report': 'report/main.ts' };
const INSPECT = { 'inspect/inspect': 'inspect/main.tsx' };
const COPIES = {
  'index.html': 'talk/index.html',
  'icon.svg': 'talk/icon.svg',
  'inspect/index.html': 'inspect/index.html',
  'inspect/report/index.html': 'report/index.html',
};
const STYLES = {
  talk: 'talk/talk.css',
  'inspect/inspect': 'inspect/inspect.css',
  'inspect/report/report': 'report/report.css',
};
/** Source files of the inspector. */
const INSPECTOR_FILES = [
  'inspect/index.html',
  'inspect/inspect.js',
  'inspect/inspect.css',
  'inspect/parameters.json',
];

const SHARED = {
  bundle: true,
  format: 'esm',
  target: ['chrome110', 'firefox115', 'safari16'],
  legalComments: 'none',
  logLevel: 'warning',
};

/** The catalogue of errors with only those that the page itself can raise: the server writes the texts of its own. */
const ownErrors = {
  name: 'own-errors',
  setup(bundle) {
    bundle.onLoad({ filter: /machines[\\/]errors\.ts$/ }, async ({ path }) => {
      const sources = await Promise.all(['../machines', 'inspect'].map(sourceText));
      const source = await readFile(path, 'utf8');
      const contents = source.replace(/^ {2}([A-Z_\d]+):\s*'.*',\n/gm, (entry, code) =>
        sources.some((text) => text.includes(`'${code}'`)) ? entry : '',
      );
      return { contents, loader: 'ts' };
    });
  },
};

/** XState's functions for running actors, which the page has none of: it only steps snapshots. In its bundle they throw. */
const ACTORS_ONLY = [
  ...[
    'update',
    'start',
    'executeStop',
    'subscribe',
    'executeSendTo',
    'resolveSendTo',
    '_stopProcedure',
    '_process',
  ],
  ...[
    'schedule',
    '_reportError',
    '_stop',
    '_error',
    '_complete',
    'unregisterRecursively',
    'executeRaise',
    'executeSpawn',
  ],
  ...[
    'executeCancel',
    'executeEmit',
    'resolveEmit',
    'resolveLog',
    'executeLog',
    'cancelAll',

    'restoreSnapshot',
  ],
  ...[
    'getPersistedSnapshot',
    'persistContext',
    'serializeHistoryValue',
    'select',
    'attachDevTools',
    'retryResolveSendTo',
  ],
  ...['flush', '_unregister'],
];

/** XState without those, and its errors about a wrong chart without their texts: the server has run the same chart. */
const lessXState = {
  name: 'less-xstate',
  setup(bundle) {
    const unused = new RegExp(
      `^( *)((?:function )?(?:${ACTORS_ONLY.join('|')})\\((?:[^()\\n{]|\\{[^}]*\\})*\\) \\{)\\n[^]*?\\n\\1\\}`,
      'gm',
    );
    bundle.onLoad({ filter: /node_modules[\\/]xstate[\\/]dist[\\/].*\.js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const contents = source
        .replace(unused, "$1$2throw new Error('xstate')}")
        .replace(
          /new Error\(\s*(?:\/\/.*\s*)?(?:`(?:[^`$]|\$(?!\{)|\$\{(?:[^}`]|`[^`]*`)*\})*`|"[^"]*"|'[^']*')\s*\)/g,
          "new Error('xstate')",
        );
      return { contents, loader: 'js' };
    });
  },
};

/** Members that only XState itself uses: its private ones, and long names that occur in no source of ours. */
const XSTATES_OWN =
  /^(_[a-z].*|getStateNodeById|getPersistedSnapshot|getTransitionData|deferredActorIds|attachDevTools|restoreSnapshot|retryResolve|syncSnapshot|historyValue|eventListeners|systemId|cancelAll|ownEvents|actorRef|scheduler|receivers|onSnapshot|sendParent|assignment|getSnapshot)$/;

/** All TypeScript of a folder but its tests and the catalogues of errors themselves. */
async function sourceText(folder) {
  const names = await readdir(join(here, folder), { recursive: true });
  const wanted = names.filter(
    (name) => /\.tsx?$/.test(name) && !/\.test\.|errors\.ts$|advice\.ts$/.test(name),
  );
  const texts = await Promise.all(wanted.map((name) => readFile(join(here, folder, name), 'utf8')));
  return texts.join('');
}

export async function buildPages(outDir) {
  await mkdir(join(outDir, 'inspect/report'), { recursive: true });
  const [fields] = await Promise.all([
    parameterFields(),
    build({ ...SHARED, entryPoints: located(TALK), outdir: outDir }),
    build({ ...SHARED, entryPoints: located(REPORT), outdir: outDir, minify: true }),
    build({
      ...SHARED,
      entryPoints: located(INSPECT),
      outdir: outDir,
      minify: true,
      jsx: 'automatic',
      jsxImportSource: 'preact',
      plugins: [ownErrors, lessXState],
      mangleProps: XSTATES_OWN,
      // The same schemas, checked by a fraction of the library.
      alias: { 'zod/mini': join(here, 'inspect/wire-check.ts') },
    }),
    build({ ...SHARED, entryPoints: located(STYLES), outdir: outDir, minify: true }),
  ]);
  const copies = Object.entries(COPIES);
  await Promise.all([
    writeFile(join(outDir, 'inspect/parameters.json'), JSON.stringify(fields)),
    ...copies.map(([name, source]) => copyFile(join(here, source), join(outDir, name))),
  ]);
}

/** Size of what the inspector's page loads, gzipped as the server does, in bytes. */
export async function inspectorSize(outDir) {
  const sizes = INSPECTOR_FILES.map(
    async (name) => gzipSync(await readFile(join(outDir, name)), { level: 9 }).length,
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

function located(entries) {
  return Object.fromEntries(Object.entries(entries).map(([name, source]) => [name, join(here, source)]));
}

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** The import directions of docs/design.md, section 2. */
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MAX_LINES = 400;

interface Source {
  /** From the root, with slashes. */
  readonly path: string;
  readonly text: string;
  /** What it imports at run time or for its types: a path from the root, or the name of a package. */
  readonly imports: readonly { readonly from: string; readonly typeOnly: boolean }[];
}

function sources(folder: string): Source[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/u.test(entry.name) && !entry.name.endsWith('.d.ts'))
    .map((entry) => {
      const file = join(entry.parentPath, entry.name);
      const text = readFileSync(file, 'utf8');
      return { path: relative(ROOT, file), text, imports: importsOf(file, text) };
    })
    .filter(({ path }) => !path.includes('node_modules'));
}

function importsOf(file: string, text: string): Source['imports'] {
  const found: { from: string; typeOnly: boolean }[] = [];
  const patterns =
    /^(?:import|export)\s+(type\s)?[^;'"]*?from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gmu;
  for (const [, type, named, bare, dynamic] of withoutComments(text).matchAll(patterns)) {
    const name = named ?? bare ?? dynamic ?? '';
    const from = name.startsWith('.') ? relative(ROOT, normalize(join(dirname(file), name))) : name;
    found.push({ from, typeOnly: type !== undefined });
  }
  return found;
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//gu, '').replace(/^\s*\/\/.*$/gmu, '');
}

function isTest({ path }: Source): boolean {
  return /\.test\.tsx?$|-test-util\.ts$|conformance\.ts$/u.test(path);
}

/** Imports of product code that `allowed` does not know, as `file → import`. */
function forbidden(files: readonly Source[], allowed: (from: string, source: Source) => boolean): string[] {
  return files
    .filter((source) => !isTest(source))
    .flatMap((source) =>
      source.imports
        .filter(({ from }) => !allowed(from, source))
        .map(({ from }) => `${source.path} → ${from}`),
    );
}

function within(folders: readonly string[], from: string): boolean {
  return folders.some((folder) => from.startsWith(`${folder}/`));
}

/** What engines of several kinds are made of. */
const SHARED_ADAPTERS = ['http', 'models', 'nats', 'onnx', 'sherpa', 'soundswallower', 'wyoming'].map(
  (name) => `adapters/${name}`,
);

function isOurs(from: string): boolean {
  return within(
    ['machines', 'actors', 'adapters', 'server', 'web', 'test', 'testing', 'bench', 'scripts', 'clients'],
    from,
  );
}

const machines = sources('machines');
const actors = sources('actors');
const adapters = sources('adapters');
const server = sources('server');
const web = sources('web');
const client = sources('clients/typescript/src');
/** What the wire is made of, without its checks. */
const WIRE = ['machines/wire.ts', 'machines/audio.ts', 'machines/errors.ts', 'machines/json.ts'];

describe('this test', () => {
  it('sees every kind of import, and none in a comment', () => {
    const text = `import { a } from './a.ts';
import type {
  B,
} from '../b.ts';
import 'c';
export * from "d"; // of another style: the formatter forbids it
export { e } from 'e';
// import { f } from 'f';
/** import { g } from 'g'; */
const h = await import('h');
`;
    const found = importsOf(join(ROOT, 'machines/session/x.ts'), text).map(({ from }) => from);
    expect(found).toEqual(['machines/session/a.ts', 'machines/b.ts', 'c', 'e', 'h']);
  });

  it('reads the folders', () => {
    for (const files of [machines, actors, adapters, server, web, client])
      expect(files.length).toBeGreaterThan(10);
  });
});

describe('machines/', () => {
  it('import xstate and their own files only; the schema of the parameters also zod', () => {
    const schema = ['machines/parameters.ts', 'machines/options.ts'];
    const allowed = (from: string, { path }: Source) =>
      from === 'xstate' || within(['machines'], from) || (from === 'zod' && schema.includes(path));
    expect(forbidden(machines, allowed)).toEqual([]);
  });

  it('are pure: no clock, no chance, no timer, no process, no I/O', () => {
    const impure =
      /\bDate\b(?!\s*:)|\bMath\.random\b|\b(?:setTimeout|setInterval|setImmediate|queueMicrotask|fetch)\s*\(|\bperformance\b|\bprocess\.|\bglobalThis\b|\bcrypto\b|\bconsole\b|\bnew Intl\b|\btoLocale\w+/u;
    const found = machines
      .filter((source) => !isTest(source))
      .flatMap(({ path, text }) => {
        const match = impure.exec(withoutComments(text));
        return match ? [`${path}: ${match[0]}`] : [];
      });
    expect(found).toEqual([]);
  });
});

describe('actors/', () => {
  it('import machines/, their own files and pure packages only', () => {
    const packages = ['xstate', 'zod', 'yaml'];
    expect(
      forbidden(actors, (from) => packages.includes(from) || within(['machines', 'actors'], from)),
    ).toEqual([]);
  });

  it('have tests that need no adapter', () => {
    const found = actors.flatMap((source) =>
      source.imports
        .filter(({ from }) => within(['adapters', 'server', 'web'], from))
        .map(({ from }) => `${source.path} → ${from}`),
    );
    expect(found).toEqual([]);
  });
});

describe('adapters/', () => {
  it('import actors/, machines/, their own port and what all adapters share, never another port', () => {
    const allowed = (from: string, { path }: Source) => {
      if (!isOurs(from)) return true;
      if (within(['machines', 'actors'], from)) return true;
      const port = path.split('/').slice(0, 2).join('/');
      const shared = /^adapters\/[^/]+\.ts$/u.test(from) || within(SHARED_ADAPTERS, from);
      return shared || (path.split('/').length > 2 && from.startsWith(`${port}/`));
    };
    expect(forbidden(adapters, allowed)).toEqual([]);
  });
});

describe('server/', () => {
  it('imports no test, benchmark or page; what users may test with, it may too', () => {
    const layers = ['machines', 'actors', 'adapters', 'server', 'testing'];
    expect(forbidden(server, (from) => !isOurs(from) || within(layers, from))).toEqual([]);
  });
});

describe('server/door/ and server/endpoints/', () => {
  it('the door knows no endpoint', () => {
    const door = server.filter(({ path }) => within(['server/door'], path));
    expect(door.length).toBeGreaterThan(5);
    expect(forbidden(door, (from) => !within(['server/endpoints'], from))).toEqual([]);
  });

  it('an endpoint imports no other endpoint, and reaches sessions through the door only', () => {
    const endpoints = server.filter(
      ({ path }) => within(['server/endpoints'], path) && path.split('/').length > 3,
    );
    expect(endpoints.length).toBeGreaterThan(20);
    const allowed = (from: string, { path }: Source) => {
      const own = path.split('/').slice(0, 3).join('/');
      if (within(['server/endpoints'], from)) return from.startsWith(`${own}/`);
      return !from.startsWith('actors/session/session');
    };
    expect(forbidden(endpoints, allowed)).toEqual([]);
  });

  it('registers each endpoint of a folder in one line', () => {
    const folders = new Set(
      server.flatMap(({ path }) => /^server\/endpoints\/([^/]+)\/endpoint\.ts$/u.exec(path)?.[1] ?? []),
    );
    const all = new Set(server.flatMap(({ path }) => /^server\/endpoints\/([^/]+)\//u.exec(path)?.[1] ?? []));
    expect(folders).toEqual(all);
    const list = server.find(({ path }) => path === 'server/endpoints/mod.ts');
    for (const folder of all)
      expect(list?.imports.map(({ from }) => from)).toContain(`server/endpoints/${folder}/endpoint.ts`);
  });
});

describe('web/', () => {
  it('imports its own files, the client, and from machines/ what the wire is made of', () => {
    // The inspector runs sessions again in the page: it has the whole machine, and the inspector's own wire.
    const inspector = (from: string) =>
      within(['machines'], from) || from === 'server/endpoints/inspect/wire.ts';
    // The page of the report shows what the command prints.
    const report = (from: string) => /^server\/analytics\/(?:report|render)\.ts$/u.test(from);
    const allowed = (from: string, { path }: Source) =>
      !isOurs(from) ||
      within(['web'], from) ||
      (within(['web/report'], path) && report(from)) ||
      WIRE.includes(from) ||
      (from === 'clients/typescript/src/browser/mod.ts' && within(['web/talk'], path)) ||
      (within(['web/inspect'], path) && inspector(from));
    expect(forbidden(web, allowed)).toEqual([]);
  });

  it('shares with the server what is pure: the inspector’s wire imports zod/mini alone', () => {
    const wire = server.find(({ path }) => path === 'server/endpoints/inspect/wire.ts');
    expect(wire?.imports.map(({ from }) => from)).toEqual(['zod/mini']);
  });
});

describe('clients/typescript/', () => {
  it('imports its own files and what the wire is made of; in Node also ws, and nothing else', () => {
    const allowed = (from: string, { path }: Source) =>
      within(['clients/typescript/src'], from) ||
      WIRE.includes(from) ||
      (within(['clients/typescript/src/node'], path) && ['ws', 'node:stream'].includes(from));
    expect(forbidden(client, allowed)).toEqual([]);
  });

  it('knows nothing of browser or Node in what both share', () => {
    const shared = client.filter(({ path }) => !/^clients\/typescript\/src\/(?:browser|node)\//u.test(path));
    const allowed = (from: string) =>
      !within(['clients/typescript/src/browser', 'clients/typescript/src/node'], from);
    expect(forbidden(shared, allowed)).toEqual([]);
  });
});

describe('every source file', () => {
  it(`has at most ${MAX_LINES} lines`, () => {
    const long = [...machines, ...actors, ...adapters, ...server, ...web, ...client]
      .filter((source) => !isTest(source))
      .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
      .filter(({ lines }) => lines > MAX_LINES);
    expect(long).toEqual([]);
  });
});

describe('a long test', () => {
  it('has its short form beside it: the file of the same name, or of how that begins', () => {
    const tests = ['adapters', 'server', 'test', 'testing'].flatMap(sources).map(({ path }) => path);
    const long = tests.filter((path) => path.endsWith('.long.test.ts'));
    const short = tests.filter((path) => /(?<!\.long)\.test\.ts$/u.test(path));
    const begins = (path: string) => short.some((one) => path.startsWith(one.replace('.test.ts', '')));
    expect(long).not.toEqual([]);
    expect(long.filter((path) => !begins(path))).toEqual([]);
  });
});

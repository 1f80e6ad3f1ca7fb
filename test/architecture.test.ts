import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** The import directions of docs/explanation/architecture.md, section 2. */
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
    /^(?:import|export)\s+(type\s)?([^;'"]*?)from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gmu;
  for (const [, type, names, named, bare, dynamic] of withoutComments(text).matchAll(patterns)) {
    const name = named ?? bare ?? dynamic ?? '';
    const from = name.startsWith('.') ? relative(ROOT, normalize(join(dirname(file), name))) : name;
    // A dynamic import waits for its use, so it closes no circle.
    found.push({ from, typeOnly: type !== undefined || dynamic !== undefined || onlyTypes(names) });
  }
  return found;
}

/** Whether all names in braces are imported as types. */
function onlyTypes(names = ''): boolean {
  const braces = /^\{([\s\S]*)\}\s*$/u.exec(names);
  return braces?.[1]?.split(',').every((name) => /^\s*(?:type\s|$)/u.test(name)) ?? false;
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
const SHARED_ADAPTERS = [
  'http',
  'models',
  'nats',
  'onnx',
  'rosbridge',
  'sherpa',
  'soundswallower',
  'wyoming',
].map((name) => `adapters/${name}`);

function isOurs(from: string): boolean {
  return within(
    ['machines', 'actors', 'adapters', 'server', 'web', 'test', 'testing', 'lab', 'scripts', 'clients'],
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
const WIRE = [
  'machines/wire.ts',
  'machines/audio-message.ts',
  'machines/audio.ts',
  'machines/errors.ts',
  'machines/json.ts',
];

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
    const packages = ['xstate', 'zod', 'yaml', '@cfworker/json-schema'];
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
  it('imports its own files and what the wire is made of; in Node also ws, for Opus its codec, and nothing else', () => {
    const allowed = (from: string, { path }: Source) =>
      within(['clients/typescript/src'], from) ||
      WIRE.includes(from) ||
      (within(['clients/typescript/src/node'], path) &&
        ['ws', 'node:stream', 'libopus-wasm'].includes(from)) ||
      (path === 'clients/typescript/src/browser/opus.ts' && from === 'libopus-wasm');
    expect(forbidden(client, allowed)).toEqual([]);
  });

  it('knows nothing of browser or Node in what both share', () => {
    const shared = client.filter(({ path }) => !/^clients\/typescript\/src\/(?:browser|node)\//u.test(path));
    const allowed = (from: string) =>
      !within(['clients/typescript/src/browser', 'clients/typescript/src/node'], from);
    expect(forbidden(shared, allowed)).toEqual([]);
  });
});

/** Files that import each other in a circle at run time, each circle as one sorted list. */
function circles(files: readonly Source[]): string[][] {
  const imports = new Map(
    files.map(({ path, imports: all }) => [
      path,
      all.filter(({ typeOnly }) => !typeOnly).map(({ from }) => from),
    ]),
  );
  const reachable = (start: string) => {
    const seen = new Set<string>();
    const open = [...(imports.get(start) ?? [])];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (seen.has(next) || !imports.has(next)) continue;
      seen.add(next);
      open.push(...(imports.get(next) ?? []));
    }
    return seen;
  };
  const reached = new Map([...imports.keys()].map((path) => [path, reachable(path)]));
  const found = new Map<string, string[]>();
  for (const [path, all] of reached) {
    if (!all.has(path)) continue;
    const circle = [...all].filter((other) => reached.get(other)?.has(path)).sort();
    found.set(circle.join(), circle);
  }
  return [...found.values()];
}

describe('imports at run time', () => {
  it('form no circle: what a file needs is loaded before it', () => {
    const testing = sources('testing');
    expect(circles([...machines, ...actors, ...adapters, ...server, ...testing, ...web, ...client])).toEqual(
      [],
    );
  });

  it('do not include imports of types, also of single names', () => {
    const text = `import type { A } from './a.ts';
import { type B, type C } from './b.ts';
import { type D, d } from './d.ts';
export type * from './e.ts';
`;
    const values = importsOf(join(ROOT, 'machines/x.ts'), text).filter(({ typeOnly }) => !typeOnly);
    expect(values.map(({ from }) => from)).toEqual(['machines/d.ts']);
  });
});

describe('the model of a session', () => {
  it('is types alone, so that every file may import it', () => {
    for (const name of ['model', 'events', 'commands']) {
      const file = machines.find(({ path }) => path === `machines/session/${name}.ts`);
      const statements = withoutComments(file?.text ?? '').match(/^[a-z].*$/gmu) ?? [];
      expect(statements.length).toBeGreaterThan(5);
      const others = statements.filter(
        (line) => !/^(?:import type|(?:export )?(?:type|interface)) /u.test(line),
      );
      expect(others).toEqual([]);
    }
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
    const short = tests.filter((path) => path.endsWith('.test.ts') && !path.endsWith('.long.test.ts'));
    const begins = (path: string) =>
      short.some((one) => path.startsWith(one.replace(/(\.real)?\.test\.ts$/u, '')));
    expect(long).not.toEqual([]);
    expect(long.filter((path) => !begins(path))).toEqual([]);
  });
});

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ParleyError } from '../../machines/errors.ts';
import type { JournalHeader } from '../../machines/journal/record.ts';
import type { ReplayKernel } from '../../machines/journal/replay.ts';

/** Another version of the machine. */
export interface OtherVersion {
  kernel(header: JournalHeader): ReplayKernel;
  /** Deletes temporary files. */
  close(): void;
}

/**
 * Loads the machine of another checkout or built package (a folder) or of a git revision of the repository in the
 * working directory. Throws REPLAY_AGAINST.
 */
export async function loadVersion(what: string): Promise<OtherVersion> {
  const folder = resolve(what);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return loadFolder(folder, () => {});
  const checkout = checkOut(what);
  const free = () => rmSync(checkout, { recursive: true, force: true });
  try {
    return await loadFolder(checkout, free);
  } catch (error) {
    free();
    throw error;
  }
}

async function loadFolder(folder: string, close: () => void): Promise<OtherVersion> {
  const kernels = await load(folder, 'kernel');
  const machines = await load(folder, join('session', 'machine'));
  const { SessionKernel: Kernel } = kernels;
  const { sessionMachine: machine } = machines;
  if (typeof Kernel !== 'function' || machine === undefined)
    throw new ParleyError('REPLAY_AGAINST', `${folder} has no SessionKernel and sessionMachine`);
  return {
    kernel: (header) => {
      const kernel: unknown = Reflect.construct(Kernel, [
        // Up to 0.2.0 each parameters had a machine of their own.
        typeof machine === 'function'
          ? Reflect.apply(machine, undefined, [header.parameters])
          : header.parameters,
        header.input,
      ]);
      if (!isKernel(kernel)) throw new ParleyError('REPLAY_AGAINST', `${folder} has another kind of kernel`);
      return kernel;
    },
    close,
  };
}

function isKernel(kernel: unknown): kernel is ReplayKernel {
  if (typeof kernel !== 'object' || kernel === null) return false;
  const has = (name: string, type: string) => typeof Reflect.get(kernel, name) === type;
  return (
    has('initial', 'object') &&
    has('context', 'object') &&
    has('step', 'function') &&
    has('popTimer', 'function')
  );
}

/** Loads a module of the machine: from the sources if they exist, which needs tsx; otherwise compiled. */
async function load(folder: string, name: string): Promise<Record<string, unknown>> {
  const source = join(folder, 'machines', `${name}.ts`);
  const built = ['dist/machines', 'machines']
    .map((path) => join(folder, path, `${name}.js`))
    .find(existsSync);
  try {
    if (existsSync(source)) return await importSource(pathToFileURL(source).href);
    if (built) return await importBuilt(pathToFileURL(built).href);
  } catch (cause) {
    throw new ParleyError('REPLAY_AGAINST', `${folder}: ${String(cause)}`, { cause });
  }
  throw new ParleyError('REPLAY_AGAINST', `${folder} has no machines/${name}`);
}

async function importSource(url: string): Promise<Record<string, unknown>> {
  const { tsImport } = await import('tsx/esm/api');
  const module: Record<string, unknown> = await tsImport(url, import.meta.url);
  return module;
}

async function importBuilt(url: string): Promise<Record<string, unknown>> {
  const module: Record<string, unknown> = await import(url);
  return module;
}

/** Extracts the machine's sources of a revision to a temporary folder, with the packages of this installation. */
function checkOut(revision: string): string {
  const known = spawnSync('git', [
    'rev-parse',
    '--verify',
    '--quiet',
    '--end-of-options',
    `${revision}^{commit}`,
  ]);
  if (known.status !== 0)
    throw new ParleyError('REPLAY_AGAINST', `${revision} is neither a folder nor a revision of git here`);
  const folder = mkdtempSync(join(tmpdir(), 'parley-against-'));
  const top = spawnSync('git', ['rev-parse', '--show-toplevel'], { encoding: 'utf8' }).stdout.trim();
  const tar = spawnSync(
    'git',
    ['archive', '--format=tar', known.stdout.toString().trim(), 'machines', 'package.json'],
    {
      maxBuffer: 64 * 1024 * 1024,
      cwd: top,
    },
  );
  const unpacked = spawnSync('tar', ['-x', '-C', folder], { input: tar.stdout });
  if (tar.status !== 0 || unpacked.status !== 0) {
    rmSync(folder, { recursive: true, force: true });
    throw new ParleyError(
      'REPLAY_AGAINST',
      `${revision}: ${tar.stderr.toString()}${String(unpacked.stderr ?? '')}`,
    );
  }
  const packages = join(folder, 'node_modules');
  mkdirSync(packages, { recursive: true });
  const xstate = dirname(createRequire(import.meta.url).resolve('xstate/package.json'));
  symlinkSync(xstate, join(packages, 'xstate'), 'dir');
  return folder;
}

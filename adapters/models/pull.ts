import { copyFile, mkdir, readdir, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { Clock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { type UnpackedFile, unpack } from './archive.ts';
import { CATALOGUE, type CatalogueModel } from './catalogue.ts';
import { DESCRIPTION_FILE, type ModelDescription } from './description.ts';
import { codeOf, diskError, type Fingerprint, fingerprint, reasonOf } from './disk.ts';
import { discard, download } from './download.ts';
import { lockPath, type ModelLock, readLock, writeLock } from './lock.ts';
import { ARCHIVE, inWorkspace } from './workspace.ts';

/** What a pull does at the moment. */
export type PullProgress =
  | {
      readonly step: 'download';
      readonly from: string;
      readonly bytes: number;
      readonly total: number | undefined;
    }
  | { readonly step: 'check' }
  /** `part`: 0 to 1. */
  | { readonly step: 'unpack'; readonly part: number };

export interface PullOptions {
  readonly modelsDir: string;
  readonly clock: Clock;
  /** Maximum size of the archive, and of what is in it, in bytes. */
  readonly maxBytes: number;
  /** A folder, or the address of one, that has the archive under its own name; instead of the sources in the catalogue. */
  readonly from?: string | undefined;
  readonly onProgress?: (progress: PullProgress) => void;
  readonly signal?: AbortSignal;
  readonly catalogue?: readonly CatalogueModel[];
  /** Free bytes of the disk that has this folder. */
  readonly freeBytes?: (dir: string) => Promise<number>;
}

export interface Pulled {
  readonly dir: string;
  /** False if it was on this machine already. */
  readonly fetched: boolean;
}

/**
 * Fetches a model of the catalogue into `modelsDir`. The folder of the model appears complete or not at all. Rejects with MODEL_UNKNOWN,
 * MODEL_DOWNLOAD, MODEL_CHECKSUM, MODEL_ARCHIVE, MODEL_NO_ROOM, MODEL_DAMAGED, OUTPUT_FAILED or CANCELLED.
 */
export async function pullModel(name: string, options: PullOptions): Promise<Pulled> {
  const model = (options.catalogue ?? CATALOGUE).find((one) => one.name === name);
  if (!model) throw new ParleyError('MODEL_UNKNOWN', name);
  const dir = resolve(options.modelsDir, name);
  if (await exists(dir)) return { dir, fetched: false };
  try {
    return await inWorkspace(name, resolve(options.modelsDir), (workspace) =>
      pullInto(workspace, model, dir, options),
    );
  } catch (cause) {
    throw diskError(cause) ?? new ParleyError('OUTPUT_FAILED', `${dir}: ${reasonOf(cause)}`, { cause });
  }
}

async function pullInto(
  workspace: string,
  model: CatalogueModel,
  dir: string,
  options: PullOptions,
): Promise<Pulled> {
  const { name } = model;
  const lock = await readLock(name, options.modelsDir);
  const archive = await fetchArchive(workspace, model, lock, options);
  const unpacked = join(workspace, 'unpacked');
  // What an earlier pull left.
  await rm(unpacked, { recursive: true, force: true });
  await mkdir(unpacked);
  let root = '';
  let inside: readonly UnpackedFile[] = [];
  try {
    const files = await unpackInto(unpacked, archive, fileOf(model), options);
    root = await rootOf(unpacked);
    inside = files.map((file) => ({ ...file, path: file.path.slice(root.length) }));
    requireFiles(model, inside);
  } catch (error) {
    // The expected checksum is unknown: the fault may be of this download.
    if (model.sha256 === undefined) await discardIn(workspace, archive.path);
    throw error;
  }
  const found: ModelLock = { archive: archive.print, files: inside };
  const kept = await writeLock(name, options.modelsDir, workspace, found);
  requireSame(name, options.modelsDir, found.archive, kept.archive);
  const folder = join(unpacked, root);
  await writeFile(join(folder, DESCRIPTION_FILE), `${JSON.stringify(describe(model), undefined, 1)}\n`);
  return { dir, fetched: await moveTo(folder, dir) };
}

/** A source that is not a tar file is the one file of its model. */
async function unpackInto(
  folder: string,
  { path, print }: Archive,
  name: string,
  { maxBytes, onProgress }: PullOptions,
): Promise<readonly UnpackedFile[]> {
  if (/\.tar(?:\.(?:bz2|gz))?$/u.test(name))
    return unpack(path, folder, { maxBytes, onProgress: (part) => onProgress?.({ step: 'unpack', part }) });
  await copyFile(path, join(folder, name));
  return [{ path: name, ...print }];
}

/** The name under which a model is published. */
function fileOf({ sources }: CatalogueModel): string {
  return basename(new URL(sources[0] ?? '').pathname);
}

interface Archive {
  readonly path: string;
  readonly print: Fingerprint;
}

/** The verified archive of a model. Each source is tried; the error is that of the last. */
async function fetchArchive(
  workspace: string,
  model: CatalogueModel,
  lock: ModelLock | undefined,
  options: PullOptions,
): Promise<Archive> {
  let failure: unknown;
  for (const source of sourcesOf(model, options.from)) {
    try {
      const path = await fetchFrom(source, workspace, model, options);
      options.onProgress?.({ step: 'check' });
      const print = await fingerprint(path);
      try {
        const { bytes, sha256 } = model;
        if (sha256 !== undefined)
          requireSame(model.name, undefined, print, { bytes: bytes ?? print.bytes, sha256 });
        if (lock) requireSame(model.name, options.modelsDir, print, lock.archive);
      } catch (error) {
        await discardIn(workspace, path);
        throw error;
      }
      return { path, print };
    } catch (error) {
      const another =
        error instanceof ParleyError && ['MODEL_DOWNLOAD', 'MODEL_CHECKSUM'].includes(error.code);
      if (!another) throw error;
      failure = error;
    }
  }
  throw failure;
}

/** Discards a download, but not an archive of the user. */
async function discardIn(workspace: string, path: string): Promise<void> {
  if (path.startsWith(workspace)) await discard(path);
}

/** Paths of files, or addresses. */
function sourcesOf(model: CatalogueModel, from: string | undefined): readonly string[] {
  if (from === undefined) return model.sources;
  const file = fileOf(model);
  if (/^https?:\/\//u.test(from)) return [new URL(file, from.endsWith('/') ? from : `${from}/`).href];
  return [join(from, file)];
}

async function fetchFrom(
  source: string,
  workspace: string,
  model: CatalogueModel,
  { clock, maxBytes, freeBytes = freeOn, onProgress, signal = new AbortController().signal }: PullOptions,
): Promise<string> {
  if (!/^https?:/u.test(source)) {
    if (await exists(source)) return source;
    throw new ParleyError('MODEL_DOWNLOAD', `there is no file ${resolve(source)}`);
  }
  const path = join(workspace, ARCHIVE);
  await download(source, path, {
    ...{ clock, maxBytes, signal, bytes: model.bytes },
    reserve: async (bytes) => {
      const free = await freeBytes(workspace);
      if (bytes > free) throw new ParleyError('MODEL_NO_ROOM', `${bytes} bytes are needed, ${free} are free`);
    },
    onProgress: (bytes, total) => onProgress?.({ step: 'download', from: source, bytes, total }),
  });
  return path;
}

async function freeOn(dir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dir);
  return bavail * bsize;
}

/** `expected` is of the lock in `modelsDir`, or of the catalogue. */
function requireSame(
  name: string,
  modelsDir: string | undefined,
  found: Fingerprint,
  expected: Fingerprint,
): void {
  if (found.sha256 === expected.sha256 && found.bytes === expected.bytes) return;
  const where = modelsDir === undefined ? 'the catalogue' : lockPath(name, modelsDir);
  throw new ParleyError(
    'MODEL_CHECKSUM',
    `${name} has ${found.bytes} bytes with SHA-256 ${found.sha256}; ${where} says ${expected.bytes} and ${expected.sha256}`,
  );
}

/** The folder that the archive consists of, with a slash; empty if it has its files at the top. */
async function rootOf(unpacked: string): Promise<string> {
  const entries = await readdir(unpacked, { withFileTypes: true });
  const [only] = entries;
  return entries.length === 1 && only?.isDirectory() ? `${only.name}/` : '';
}

function requireFiles({ name, files }: CatalogueModel, found: readonly UnpackedFile[]): void {
  for (const path of Object.values(files).flat()) {
    const isThere = found.some((file) => file.path === path || file.path.startsWith(`${path}/`));
    if (!isThere) throw new ParleyError('MODEL_ARCHIVE', `${name} lacks ${path}`);
  }
}

function describe({ kind, type, languages, files }: CatalogueModel): ModelDescription {
  return { kind, type, languages, files };
}

/** False if another pull was first. */
async function moveTo(folder: string, dir: string): Promise<boolean> {
  try {
    await rename(folder, dir);
    return true;
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(codeOf(error)) && (await exists(dir))) return false;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

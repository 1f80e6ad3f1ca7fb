import type { EngineKind } from '../../actors/subjects.ts';
import type { CatalogueModel } from '../../adapters/models/catalogue.ts';
import type { PullProgress } from '../../adapters/models/pull.ts';
import { realClock } from '../../adapters/real-clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { didYouMean } from '../../machines/policies/did-you-mean.ts';
import type { Config } from '../config/schema.ts';
import { catalogueOf, configuredModels, requireModels } from './configured.ts';

/**
 * Sees to it that the configured models are on this machine, for a worker those of its `kinds`: with `pull` it fetches those that are not, with
 * progress on standard error. Rejects with MODEL_MISSING, MODEL_UNKNOWN, MODEL_DAMAGED, or like `pullModel`.
 */
export async function prepareModels(
  config: Config,
  pull: boolean,
  kinds?: readonly EngineKind[],
): Promise<void> {
  if (pull) {
    const catalogue = await catalogueOf(config);
    for (const name of configuredModels(config, kinds))
      if (catalogue.some((model) => model.name === name)) await pullShown(name, config, catalogue);
  }
  await requireModels(config, kinds);
}

/** Fetches a model with progress on standard error; resolves with its folder. Rejects like `pullModel`. */
export async function pullShown(
  name: string,
  { models }: Config,
  catalogue: readonly CatalogueModel[],
  from?: string,
): Promise<string> {
  if (!catalogue.some((model) => model.name === name)) throw unknownModel(name, catalogue);
  // Archives and downloads are needed by this command only.
  const { pullModel } = await import('../../adapters/models/pull.ts');
  const show = progressLine(name);
  try {
    const { dir, fetched } = await pullModel(name, {
      ...{ modelsDir: models.dir, maxBytes: models.maxBytes, catalogue, from },
      ...{ clock: realClock, onProgress: show.progress },
    });
    show.end(fetched ? 'ready' : 'is here already');
    return dir;
  } catch (error) {
    show.end();
    throw error;
  }
}

export function unknownModel(name: string, catalogue: readonly CatalogueModel[]): ParleyError {
  const meant = didYouMean(
    name,
    catalogue.map((model) => model.name),
  );
  return new ParleyError('MODEL_UNKNOWN', meant === undefined ? name : `${name}; did you mean ${meant}?`);
}

/** Bytes for people, such as `122 MB`. */
export function megabytes(bytes: number): string {
  return `${Math.max(1, Math.round(bytes / 1e6))} MB`;
}

/** One line that changes on a terminal; elsewhere a line for each tenth. */
function progressLine(name: string) {
  const terminal = process.stderr.isTTY;
  let last = '';
  return {
    progress(progress: PullProgress) {
      const line = `${name}: ${textOf(progress, terminal ? 1 : 10)}`;
      if (line === last) return;
      last = line;
      process.stderr.write(terminal ? `\r\u001b[K${line}` : `${line}\n`);
    },
    end(what?: string) {
      if (terminal && last !== '') process.stderr.write('\r\u001b[K');
      if (what !== undefined) process.stderr.write(`${name}: ${what}\n`);
    },
  };
}

function textOf(progress: PullProgress, stepPercent: number): string {
  const percent = (part: number) => `${Math.floor((part * 100) / stepPercent) * stepPercent} %`;
  switch (progress.step) {
    case 'download': {
      const { bytes, total, from } = progress;
      const host = new URL(from).host;
      if (total === undefined) return `downloading from ${host}`;
      return `downloading from ${host}: ${percent(bytes / Math.max(1, total))} of ${megabytes(total)}`;
    }
    case 'check':
      return 'checking';
    case 'unpack':
      return `unpacking: ${percent(progress.part)}`;
  }
}

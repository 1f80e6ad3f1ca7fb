import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../machines/clock.ts';
import {
  type HttpStep,
  type Received,
  type ScriptedServer,
  scriptedServer,
} from '../../testing/loopback/http-script.ts';
import { realClock } from '../real-clock.ts';
import type { CatalogueModel } from './catalogue.ts';
import { type Pulled, type PullOptions, pullModel } from './pull.ts';
import { tarOf } from './tar-test-util.ts';

export interface Asked {
  readonly path: string;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  readonly outcome: Promise<'answered' | 'gone'>;
}

export const ARCHIVE = tarOf([
  { path: 'published/model.onnx', content: 'weights'.repeat(2_000) },
  { path: 'published/tokens.txt', content: 'a 0\n' },
]);
export const SHA256 = createHash('sha256').update(ARCHIVE).digest('hex');
export const ETAG = { etag: '"one"' };
export const HALF = 8_000;

/** A folder of models, and a publisher of the model `small` that answers by `script`. */
export class PullRig {
  readonly dir: string;
  readonly server: ScriptedServer<Asked>;
  readonly clock: ReturnType<typeof patientClock>;
  /** What the server does with its requests, in order; then the last one again. */
  script: ((asked: Asked) => readonly HttpStep[])[] = [whole];

  private constructor(dir: string, server: ScriptedServer<Asked>) {
    this.dir = dir;
    this.server = server;
    this.clock = patientClock();
  }

  static async open(): Promise<PullRig> {
    const read = ({ incoming, url, outcome }: Received): Asked => ({
      path: url.pathname,
      range: incoming.headers.range,
      ifRange: incoming.headersDistinct['if-range']?.[0],
      outcome,
    });
    const server = await scriptedServer(realClock, read, (asked) => rig.#answer(asked));
    const rig = new PullRig(await mkdtemp(join(tmpdir(), 'parley-pull-')), server);
    return rig;
  }

  async close(): Promise<void> {
    await this.server.close();
    await rm(this.dir, { recursive: true });
  }

  model(more: Partial<CatalogueModel> = {}): CatalogueModel {
    return {
      ...{ name: 'small', kind: 'stt', type: 'transducer', languages: ['en'], summary: 's', licence: 'MIT' },
      origin: 'https://example.org',
      sources: [`${this.server.baseURL}/small.tar`],
      files: { model: 'model.onnx', tokens: 'tokens.txt' },
      ...more,
    };
  }

  pull(more: Partial<CatalogueModel> = {}, options: Partial<PullOptions> = {}): Promise<Pulled> {
    return pullModel('small', {
      ...{ modelsDir: this.dir, clock: this.clock, maxBytes: 1_000_000, catalogue: [this.model(more)] },
      ...options,
    });
  }

  /** The names in the folder of models, but for what a failed pull keeps to resume. */
  async names(): Promise<readonly string[]> {
    return (await readdir(this.dir)).filter((name) => !name.startsWith('.')).toSorted();
  }

  /** `Range` and `If-Range` of each request. */
  asked(): readonly (readonly (string | undefined)[])[] {
    return this.server.requests.map(({ range, ifRange }) => [range, ifRange]);
  }

  /** The connection breaks once the half is on the disk. */
  breakAtHalf(): Partial<PullOptions> {
    return atHalf(() => this.server.sockets.destroyAll());
  }

  #answer(asked: Asked): readonly HttpStep[] {
    const next = this.script.length > 1 ? this.script.shift() : this.script[0];
    return next?.(asked) ?? [];
  }
}

/** Pauses between attempts end at once. A reader waits for data until `stall`. */
function patientClock() {
  const waiting = new Set<() => void>();
  return {
    nowMs: () => 0,
    setTimer(delayMs, fire) {
      if (delayMs < 30_000) {
        const immediate = setImmediate(fire);
        return { cancel: () => clearImmediate(immediate) };
      }
      waiting.add(fire);
      return { cancel: () => waiting.delete(fire) };
    },
    stall() {
      for (const fire of [...waiting]) fire();
    },
  } satisfies Clock & { stall(): void };
}

export function whole(): HttpStep[] {
  return full(ARCHIVE);
}

export function full(body: Uint8Array, headers: Record<string, string> = ETAG): HttpStep[] {
  const length = { 'content-length': String(body.length) };
  return [
    { do: 'head', status: 200, headers: { ...length, ...headers } },
    { do: 'send', bytes: body },
    { do: 'end' },
  ];
}

/** The first half of the archive, and then nothing. */
export function half(headers: Record<string, string> = ETAG): () => HttpStep[] {
  const length = { 'content-length': String(ARCHIVE.length) };
  return () => [
    { do: 'head', status: 200, headers: { ...length, ...headers } },
    { do: 'send', bytes: ARCHIVE.subarray(0, HALF) },
    { do: 'hang' },
  ];
}

/** Does something once the half is on the disk. */
export function atHalf(act: () => void): Partial<PullOptions> {
  let done = false;
  return {
    onProgress: (progress) => {
      if (done || progress.step !== 'download' || progress.bytes !== HALF) return;
      done = true;
      setImmediate(act);
    },
  };
}

/** The rest that was asked for. */
export function rest({ range }: Asked): HttpStep[] {
  const from = Number(/^bytes=(\d+)-$/u.exec(range ?? '')?.[1]);
  const headers = {
    ...ETAG,
    'content-length': String(ARCHIVE.length - from),
    'content-range': `bytes ${from}-${ARCHIVE.length - 1}/${ARCHIVE.length}`,
  };
  return [{ do: 'head', status: 206, headers }, { do: 'send', bytes: ARCHIVE.subarray(from) }, { do: 'end' }];
}

import { ParleyError } from '../../machines/errors.ts';
import { INSPECT_SESSIONS_PATH, type LiveSession, sessionsPage } from '../endpoints/inspect/wire.ts';
import type { ProcessFacts } from './table.ts';

const TIMEOUT_MS = 5_000;

/** A running server, asked again and again. */
export class Watched {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  #before: { readonly cpuSeconds: number; readonly atMs: number } | undefined;

  constructor(url: string, token: string | undefined) {
    this.#url = url.replace(/^ws/u, 'http').replace(/\/$/u, '');
    this.#headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  }

  /** The live sessions of all servers on its bus. Rejects with SERVER_UNREACHABLE or UNAUTHORISED. */
  async sessions(): Promise<readonly LiveSession[]> {
    const page = sessionsPage.safeParse(JSON.parse(await this.#get(`${INSPECT_SESSIONS_PATH}?limit=1`)));
    if (!page.success) throw new ParleyError('SERVER_UNREACHABLE', `${this.#url} is of another version`);
    return page.data.live;
  }

  /** What the asked process, and those of the same supervisor, take of their machine. Without metrics, nothing is known. */
  async process(): Promise<ProcessFacts> {
    const text = await this.#get('/metrics').catch((error: unknown) => {
      if (error instanceof ParleyError && error.code === 'SERVER_UNREACHABLE') return '';
      throw error;
    });
    // Several processes of one supervisor have a label each.
    const value = (name: string) => {
      const found = [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'gmu'))];
      return found.length === 0 ? undefined : found.reduce((sum, [, one]) => sum + Number(one), 0);
    };
    const [cpuSeconds, atMs] = [value('process_cpu_seconds_total'), performance.now()];
    const before = this.#before;
    this.#before = cpuSeconds === undefined ? undefined : { cpuSeconds, atMs };
    const cpu =
      before && cpuSeconds !== undefined
        ? ((cpuSeconds - before.cpuSeconds) * 1_000) / (atMs - before.atMs)
        : undefined;
    const levels = [...text.matchAll(/^parley_degradation_level(?:\{.*\})? (\d+)$/gmu)].map(([, level]) =>
      Number(level),
    );
    const others = text.matchAll(/^parley_server_load\{.*?\bserver="([^"]+)".*\} (\S+)$/gmu);
    return {
      ...{ cpu, memoryBytes: value('process_resident_memory_bytes') },
      degradation: Math.max(0, ...levels),
      others: [...new Map(Array.from(others, ([, server = '', load]) => [server, Number(load)]))],
    };
  }

  async #get(path: string): Promise<string> {
    const unreachable = (reason: string) => new ParleyError('SERVER_UNREACHABLE', `${this.#url}: ${reason}`);
    let response: Response;
    try {
      response = await fetch(`${this.#url}${path}`, {
        headers: this.#headers,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch (cause) {
      throw unreachable(cause instanceof Error ? String(cause.cause ?? cause.message) : String(cause));
    }
    const body = await response.text();
    if (response.status === 401 || response.status === 403)
      throw new ParleyError('UNAUTHORISED', body.trim());
    if (!response.ok) throw unreachable(`${path} is answered with ${response.status}`);
    return body;
  }
}

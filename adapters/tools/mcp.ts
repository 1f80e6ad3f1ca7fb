import {
  type CallToolResult,
  Client,
  ProtocolError,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Backoff } from '../../actors/backoff.ts';
import type { ActionTerms } from '../../machines/action-terms.ts';
import type { Clock, TimerHandle } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { Json } from '../../machines/json.ts';
import type { Tool } from '../../machines/wire.ts';
import { traceHeaders } from '../trace-context.ts';
import { jsonObject, MAX_RESULT, type RemoteTools, shortened } from './remote-tools.ts';

/** A server of the Model Context Protocol: a command (stdio) or an address (streamable HTTP). */
export interface McpServer {
  /** In front of its tools' names: `<name>_<tool>`. */
  readonly name: string;
  readonly command?: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly url?: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Names of its tools that are offered, without the prefix; `*` for all. */
  readonly allow: readonly string[];
  /** Time to connect and to list its tools, ms. */
  readonly connectMs: number;
  readonly terms: ActionTerms;
}

export interface McpParts {
  readonly clock: Clock;
  readonly version: string;
  /** Reports why a server cannot be used, once for each reason. */
  readonly onProblem: (error: ParleyError) => void;
}

/** Waits before the server is tried again, ms. */
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;
/** Above any deadline of an action, which ends the call first. */
const CALL_MS = 2 ** 31 - 1;
/** Of model providers. */
const MAX_NAME = 64;
const MAX_DESCRIPTION = 4_000;

/**
 * The tools of one MCP server. It connects in the background and again when the connection is lost; until then it offers
 * nothing. A call carries its idempotency key as `_meta["parley/idempotency-key"]` and is never sent twice. Within a trace it carries `_meta.traceparent`, over HTTP also the header. Errors: TOOL_UNREACHABLE,
 * TOOL_FAILED (the tool says so).
 */
export class McpTools implements RemoteTools {
  tools: readonly Tool[] = [];
  onChange = (): void => {};
  readonly #server: McpServer;
  readonly #parts: McpParts;
  readonly #backoff = new Backoff(FIRST_RETRY_MS, LONGEST_RETRY_MS);
  /** The server's name of each offered tool. */
  readonly #names = new Map<string, string>();
  #client: Client | undefined;
  #retry: TimerHandle | undefined;
  #closed = false;
  #reported = '';

  constructor(server: McpServer, parts: McpParts) {
    this.#server = server;
    this.#parts = parts;
    void this.#connect();
  }

  async call({ name, args, key }: Parameters<RemoteTools['call']>[0], signal: AbortSignal): Promise<Json> {
    const own = this.#names.get(name);
    const client = this.#client;
    if (!client || own === undefined) throw new ParleyError('TOOL_UNREACHABLE', `${name}: not connected`);
    const meta = { ...(key !== undefined && { 'parley/idempotency-key': key }), ...traceHeaders() };
    try {
      const result = await client.callTool(
        {
          ...{ name: own, arguments: args },
          ...(Object.keys(meta).length > 0 && { _meta: meta }),
        },
        { signal, timeout: CALL_MS },
      );
      const text = textOf(result);
      if (result.isError) throw new ParleyError('TOOL_FAILED', `${name}: ${text.slice(0, 500)}`);
      const { structuredContent } = result;
      const fits = structuredContent && JSON.stringify(structuredContent).length <= MAX_RESULT;
      return fits ? jsonObject.parse(structuredContent) : { text };
    } catch (cause) {
      if (signal.aborted) throw new ParleyError('CANCELLED', undefined, { cause });
      if (cause instanceof ParleyError) throw cause;
      // The server refused the call; anything else is of the connection, which over HTTP shows only here.
      const refused = cause instanceof ProtocolError;
      if (!refused) this.#lost(client, messageOf(cause));
      const code = refused ? 'TOOL_FAILED' : 'TOOL_UNREACHABLE';
      throw new ParleyError(code, `${name}: ${messageOf(cause)}`, { cause });
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#retry?.cancel();
    await this.#client?.close();
  }

  async #connect(): Promise<void> {
    const { version } = this.#parts;
    const client = new Client(
      { name: 'parley', version },
      { listChanged: { tools: { autoRefresh: false, onChanged: () => void this.#list(client) } } },
    );
    this.#client = client;
    client.onclose = () => this.#lost(client, 'the connection was closed');
    try {
      const timeout = this.#server.connectMs;
      await client.connect(this.#transport(), { timeout });
      await this.#list(client);
    } catch (error) {
      this.#lost(client, messageOf(error));
    }
  }

  async #list(client: Client): Promise<void> {
    try {
      const { tools } = await client.listTools(undefined, { timeout: this.#server.connectMs });
      if (this.#closed || this.#client !== client) return;
      this.#backoff.reset();
      this.#reported = '';
      this.#offer(tools);
    } catch (error) {
      this.#lost(client, messageOf(error));
    }
  }

  #offer(tools: readonly McpTool[]): void {
    const { name: prefix, allow, terms } = this.#server;
    this.#names.clear();
    const offered: Tool[] = [];
    for (const { name: own, description = '', inputSchema } of tools) {
      if (!allow.includes('*') && !allow.includes(own)) continue;
      const name = `${prefix}_${own}`.replaceAll(/[^A-Za-z0-9_-]/gu, '_').slice(0, MAX_NAME);
      if (this.#names.has(name)) continue;
      this.#names.set(name, own);
      const parameters = jsonObject.parse(inputSchema);
      offered.push({ name, description: description.slice(0, MAX_DESCRIPTION), parameters, ...terms });
    }
    this.tools = offered;
    this.onChange();
  }

  #lost(client: Client, why: string): void {
    if (this.#closed || this.#client !== client) return;
    this.#client = undefined;
    // It may hold a process or a stream.
    void client.close().catch(() => {});
    if (this.tools.length > 0) this.#offer([]);
    if (this.#reported !== why)
      this.#parts.onProblem(new ParleyError('TOOL_UNREACHABLE', `MCP server ${this.#server.name}: ${why}`));
    this.#reported = why;
    this.#retry = this.#parts.clock.setTimer(this.#backoff.nextMs(), () => void this.#connect());
  }

  #transport() {
    const { command, args, env, url, headers } = this.#server;
    if (command !== undefined)
      return new StdioClientTransport({ command, args: [...args], env: { ...env }, stderr: 'ignore' });
    return new StreamableHTTPClientTransport(new URL(url ?? ''), {
      requestInit: { headers: { ...headers } },
      fetch: (target, init) => {
        const all = new Headers(init?.headers);
        for (const [name, value] of Object.entries(traceHeaders())) all.set(name, value);
        return fetch(target, { ...init, headers: all });
      },
    });
  }
}

type McpTool = Awaited<ReturnType<Client['listTools']>>['tools'][number];

function textOf({ content }: CallToolResult): string {
  const pieces = content.map((piece) => (piece.type === 'text' ? piece.text : `(${piece.type})`));
  return shortened(pieces.join('\n'));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

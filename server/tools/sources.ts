import { schemaProblems } from '../../actors/calls/call-check.ts';
import type { ActionPort } from '../../actors/ports/action.ts';
import type { ToolSource } from '../../actors/ports/tools.ts';
import { realClock } from '../../adapters/real-clock.ts';
import type { RemoteTools } from '../../adapters/tools/remote-tools.ts';
import type { ParleyError } from '../../machines/errors.ts';
import type { Config } from '../config/schema.ts';
import { packageVersion } from '../version.ts';

/** The tools that this server calls itself: HTTP requests and MCP servers. */
export interface ServerTools extends ToolSource {
  /** Runs their calls; `others` runs those of the dialog and of clients. */
  port(others: ActionPort): ActionPort;
  close(): Promise<void>;
}

/** Opens the tools of the configuration; undefined if there are none. It waits for no server. */
export async function openTools(
  { http, mcp, terms }: Config['tools'],
  onProblem: (error: ParleyError) => void,
): Promise<ServerTools | undefined> {
  const sources: RemoteTools[] = [];
  // After an interruption it is not known whether a request was carried out, so it runs to its end unless the configuration says otherwise.
  const unless = { whenInterrupted: 'finish' } as const;
  if (Object.keys(http).length > 0) {
    const { httpTools } = await import('../../adapters/tools/http.ts');
    sources.push(httpTools(Object.entries(http).map(([name, tool]) => ({ ...unless, name, ...tool }))));
  }
  if (Object.keys(mcp).length > 0) {
    const { McpTools } = await import('../../adapters/tools/mcp.ts');
    const parts = { clock: realClock, version: packageVersion(), onProblem };
    for (const [
      name,
      { policy, question, whenInterrupted = 'finish', deadlineMs, ...server },
    ] of Object.entries(mcp)) {
      const own = { whenInterrupted, ...(policy && { policy }), ...(question && { question }) };
      sources.push(
        new McpTools({ ...server, name, terms: { ...own, ...(deadlineMs && { deadlineMs }) } }, parts),
      );
    }
  }
  if (sources.length === 0) return undefined;
  const watchers = new Set<() => void>();
  const reported = new Set<string>();
  const reportSchemas = ({ tools }: RemoteTools) => {
    for (const problem of schemaProblems(tools)) {
      if (!reported.has(problem.message)) onProblem(problem);
      reported.add(problem.message);
    }
  };
  for (const source of sources) {
    reportSchemas(source);
    source.onChange = () => {
      reportSchemas(source);
      for (const watcher of watchers) watcher();
    };
  }
  return {
    get tools() {
      return sources
        .flatMap(({ tools }) => tools)
        .filter(({ name }) => terms[name]?.policy !== 'refused')
        .slice(0, MAX_TOOLS);
    },
    watch(onChange) {
      watchers.add(onChange);
      return () => watchers.delete(onChange);
    },
    port: (others) => ({
      run(request, signal) {
        const source = sources.find(({ tools }) => tools.some(({ name }) => name === request.name));
        return source ? source.call(request, signal) : others.run(request, signal);
      },
    }),
    async close() {
      await Promise.all(sources.map((source) => source.close()));
    },
  };
}

/** Limit of the model providers. */
const MAX_TOOLS = 128;

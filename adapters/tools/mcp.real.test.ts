/** Against a real MCP server of npm, by stdio and by streamable HTTP. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ParleyError } from '../../machines/errors.ts';
import { realClock } from '../real-clock.ts';
import { type McpServer, McpTools } from './mcp.ts';

const EVERYTHING = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/server-everything/dist/index.js', import.meta.url),
);
const LONG_MS = 60_000;
const STDIO = { command: process.execPath, args: [EVERYTHING, 'stdio'] };

function mcp(options: Partial<McpServer>) {
  const problems: ParleyError[] = [];
  const server = {
    ...{ name: 'test', args: [], env: {}, headers: {}, allow: ['*'], connectMs: 20_000 },
    ...{ terms: { whenInterrupted: 'finish' as const }, ...options },
  };
  const tools = new McpTools(server, {
    ...{ clock: realClock, version: '0' },
    onProblem: (error) => problems.push(error),
  });
  onTestFinished(() => tools.close());
  /** Resolves at the next change of the tools for which `is` holds. */
  const until = (is: () => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => is() && resolve();
      tools.onChange = look;
      look();
    });
  const call = (name: string, args: object, signal = new AbortController().signal) =>
    tools.call({ session: 's', id: '1-a', name, args: { ...args }, key: 's/1/1-a' }, signal);
  return { tools, problems, until, call };
}

/** A free port, which no other process takes within the test. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function httpServer(port: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [EVERYTHING, 'streamableHttp'], {
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  for await (const line of child.stderr ?? []) if (/listening/iu.test(String(line))) break;
  return child;
}

describe('the tools of an MCP server', () => {
  it(
    'are offered and called over stdio',
    async () => {
      const { tools, call, until } = mcp({ ...STDIO, allow: ['echo', 'get-sum', 'get-structured-content'] });
      expect(tools.tools).toEqual([]);
      await until(() => tools.tools.length > 0);
      expect(tools.tools).toMatchObject([
        { name: 'test_echo', whenInterrupted: 'finish', parameters: { type: 'object' } },
        { name: 'test_get-structured-content' },
        { name: 'test_get-sum' },
      ]);
      expect(await call('test_echo', { message: 'hello' })).toEqual({ text: 'Echo: hello' });
      expect(await call('test_get-sum', { a: 2, b: 3 })).toMatchObject({
        text: expect.stringContaining('5'),
      });
      expect(await call('test_get-structured-content', { location: 'New York' })).toHaveProperty(
        'temperature',
      );
      await expect(call('test_get-sum', { a: 'two' })).rejects.toMatchObject({ code: 'TOOL_FAILED' });
      await expect(call('test_none', {})).rejects.toMatchObject({ code: 'TOOL_UNREACHABLE' });
    },
    LONG_MS,
  );

  it(
    'can be cancelled while they run',
    async () => {
      const { tools, call, until } = mcp({ ...STDIO, allow: ['trigger-long-running-operation'] });
      await until(() => tools.tools.length > 0);
      const controller = new AbortController();
      const slow = call(
        'test_trigger-long-running-operation',
        { duration: 60, steps: 60 },
        controller.signal,
      );
      controller.abort();
      await expect(slow).rejects.toMatchObject({ code: 'CANCELLED' });
    },
    LONG_MS,
  );

  it(
    'are offered over streamable HTTP, withdrawn when the server goes away, and offered again',
    async () => {
      const port = await freePort();
      const first = await httpServer(port);
      const { tools, call, problems, until } = mcp({ url: `http://127.0.0.1:${port}/mcp`, allow: ['echo'] });
      await until(() => tools.tools.length > 0);
      expect(await call('test_echo', { message: 'hi' })).toEqual({ text: 'Echo: hi' });
      first.kill('SIGKILL');
      await once(first, 'exit');
      await expect(call('test_echo', { message: 'hi' })).rejects.toMatchObject({ name: 'ParleyError' });
      await until(() => tools.tools.length === 0);
      expect(problems[0]).toMatchObject({ code: 'TOOL_UNREACHABLE' });
      await httpServer(port);
      await until(() => tools.tools.length > 0);
      expect(await call('test_echo', { message: 'again' })).toEqual({ text: 'Echo: again' });
    },
    LONG_MS,
  );

  it.each([
    ['that does not exist', { command: '/nonexistent/mcp' }],
    ['that ends at once', { command: process.execPath, args: ['-e', ''] }],
    [
      'that never answers',
      { command: process.execPath, args: ['-e', 'setInterval(() => {}, 1e6)'], connectMs: 300 },
    ],
    ['that speaks something else', { command: process.execPath, args: ['-e', 'console.log("hello")'] }],
    ['without a listener', { url: 'http://127.0.0.1:1/mcp' }],
  ])(
    'of a server %s: nothing is offered, and the operator hears why',
    async (_how, options) => {
      const problem = new Promise<ParleyError>((resolve) => {
        const tools = new McpTools(
          {
            ...{ name: 'test', args: [], env: {}, headers: {}, allow: ['*'], connectMs: 20_000, terms: {} },
            ...options,
          },
          { clock: realClock, version: '0', onProblem: resolve },
        );
        onTestFinished(() => tools.close());
      });
      expect(await problem).toMatchObject({ code: 'TOOL_UNREACHABLE' });
    },
    LONG_MS,
  );
});

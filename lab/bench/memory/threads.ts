import { once } from 'node:events';
import WebSocket from 'ws';
import { z } from 'zod';

/** Memory of one thread, in bytes. */
export interface ThreadMemory {
  /** `main`, or the thread's module. */
  readonly name: string;
  /** V8's heap: pages in use, and live and dead objects in them. */
  readonly heap: number;
  readonly used: number;
  readonly young: number;
  /** Array buffers besides those of WebAssembly. */
  readonly buffers: number;
  /** Memories of WebAssembly, of which untouched pages take none. */
  readonly wasm: readonly number[];
}

const target = z.array(z.object({ webSocketDebuggerUrl: z.string() })).min(1);
const answer = z.object({ id: z.number(), result: z.unknown() });
const attached = z.object({
  method: z.literal('NodeWorker.attachedToWorker'),
  params: z.object({ sessionId: z.string(), workerInfo: z.object({ url: z.string() }) }),
});
const fromWorker = z.object({
  method: z.literal('NodeWorker.receivedMessageFromWorker'),
  params: z.object({ message: z.string() }),
});
const evaluated = z.object({ result: z.object({ value: z.string() }) });
const evaluatedObject = z.object({ result: z.object({ objectId: z.string() }) });
const queried = z.object({ objects: z.object({ objectId: z.string() }) });
const figures = z.object({ heap: z.number(), used: z.number(), young: z.number(), buffers: z.number() });
const sizes = z.array(z.number());

/** Runs in each thread. */
const FIGURES = `(() => {
  const v8 = process.getBuiltinModule('v8');
  const { total_physical_size: heap, used_heap_size: used } = v8.getHeapStatistics();
  const young = v8.getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').physical_space_size;
  return JSON.stringify({ heap, used, young, buffers: process.memoryUsage().arrayBuffers });
})()`;
const SIZES = 'function () { return JSON.stringify([...this].map((memory) => memory.buffer.byteLength)); }';
const ATTACH_MS = 500;
/** A thread that ends does not answer. */
const ANSWER_MS = 30_000;

type Ask = (method: string, params?: object) => Promise<unknown>;

/** Asks every thread of a process whose inspector listens on `port` of this machine. */
export async function threadMemory(port: number): Promise<readonly ThreadMemory[]> {
  const [first] = target.parse(await (await fetch(`http://127.0.0.1:${port}/json/list`)).json());
  const socket = new WebSocket(first?.webSocketDebuggerUrl ?? '', { perMessageDeflate: false });
  await once(socket, 'open');
  const waiting = new Map<number, (result: unknown) => void>();
  const workers: z.infer<typeof attached>['params'][] = [];
  let asked = 0;
  const receive = (text: string) => {
    const message: unknown = JSON.parse(text);
    const replied = answer.safeParse(message);
    if (replied.success) waiting.get(replied.data.id)?.(replied.data.result);
    const worker = attached.safeParse(message);
    if (worker.success) workers.push(worker.data.params);
    const relayed = fromWorker.safeParse(message);
    if (relayed.success) receive(relayed.data.params.message);
  };
  socket.on('message', (data) => receive(data.toString()));
  const request =
    (send: (text: string) => void): Ask =>
    (method, params = {}) =>
      new Promise((resolve, reject) => {
        const id = ++asked;
        const timer = setTimeout(() => reject(new Error(`no answer to ${method}`)), ANSWER_MS);
        waiting.set(id, (result) => {
          clearTimeout(timer);
          resolve(result);
        });
        send(JSON.stringify({ id, method, params }));
      });
  const main = request((text) => socket.send(text));
  await main('NodeWorker.enable', { waitForDebuggerOnStart: false });
  await new Promise((resolve) => setTimeout(resolve, ATTACH_MS));

  const all = [await memoryOf('main', main)];
  const silent: string[] = [];
  for (const { sessionId, workerInfo } of workers) {
    const ask = request((message) => void main('NodeWorker.sendMessageToWorker', { sessionId, message }));
    const name = workerInfo.url.replace(/^.*\/dist\/|\.js$/gu, '');
    const memory = await memoryOf(name, ask).catch(() => undefined);
    if (memory) all.push(memory);
    else silent.push(name);
  }
  socket.close();
  if (silent.length > 0) console.warn(`without an answer: ${silent.join(', ')}`);
  return all;
}

async function memoryOf(name: string, ask: Ask): Promise<ThreadMemory> {
  const { value } = evaluated.parse(await ask('Runtime.evaluate', { expression: FIGURES })).result;
  const prototype = evaluatedObject.parse(
    await ask('Runtime.evaluate', { expression: 'WebAssembly.Memory.prototype' }),
  ).result.objectId;
  const { objects } = queried.parse(await ask('Runtime.queryObjects', { prototypeObjectId: prototype }));
  const memories = evaluated.parse(
    await ask('Runtime.callFunctionOn', { objectId: objects.objectId, functionDeclaration: SIZES }),
  );
  const wasm = sizes.parse(JSON.parse(memories.result.value));
  return { name, ...figures.parse(JSON.parse(value)), wasm };
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../machines/clock.ts';
import { afterTest } from '../../test/support/after-test.ts';
import { concat, type Sound, silence, speak } from '../../test/support/speech.ts';
import { startWorkerThread } from '../worker-thread.ts';
import { sileroHere, sileroVad } from './silero.ts';
import { bundledModelPath } from './silero-path.ts';
import { type SileroThreadOptions, sileroThread } from './silero-thread.ts';
import { type Row, type SpeechModel, WINDOW } from './speech-model.ts';
import { failureOf, listen } from './vad-test-util.ts';

const never = new AbortController().signal;

/** The real thread, with its memory accessible to the test. */
function realThreads() {
  const threads: Worker[] = [];
  const startThread = (options: WorkerOptions) => {
    const worker = startWorkerThread(import.meta.url, 'silero-worker', options);
    threads.push(worker);
    return worker;
  };
  return { threads, startThread };
}

/** A scripted thread that answers 0.25 to all requests; `on` runs additional code per request. */
function scripted(on: string): string {
  return `
    const { parentPort, workerData } = require('node:worker_threads');
    const verdicts = new Float32Array(workerData.memory, workerData.maxRows * 4, workerData.maxRows);
    let asked = 0;
    const answer = (id) => { verdicts.fill(0.25); parentPort.postMessage({ type: 'done', id }); };
    parentPort.on('message', (message) => {
      if (message.type === 'close') return parentPort.close();
      const { id, rows, ended } = message;
      asked++;
      ${on}
      answer(id);
    });
    parentPort.postMessage({ type: 'ready' });`;
}

/** A model in threads that run `code`, on virtual time. */
async function scriptedModel(code: (start: number) => string, options: SileroThreadOptions = {}) {
  const clock = new VirtualClock();
  const threads: Worker[] = [];
  const crashes: string[] = [];
  const load = sileroThread({
    clock,
    onCrash: (error) => crashes.push(error.message),
    startThread: (thread) => {
      const worker = new Worker(code(threads.length), { ...thread, eval: true });
      threads.push(worker);
      afterTest(() => worker.terminate());
      return worker;
    },
    ...options,
  });
  const model = await load('unused', 16, never);
  afterTest(() => model.close());
  return { model, clock, threads, crashes, load };
}

function row(lane: number, samples: Int16Array = new Int16Array(WINDOW)): Row {
  return { lane, samples };
}

function windowsOf({ samples }: Sound): Int16Array[] {
  return Array.from({ length: Math.floor(samples.length / WINDOW) }, (_, i) =>
    samples.slice(i * WINDOW, (i + 1) * WINDOW),
  );
}

async function verdictsOf(model: SpeechModel, runs: readonly (readonly Row[])[]): Promise<number[][]> {
  const all: number[][] = [];
  for (const rows of runs) all.push([...(await model.run(rows))]);
  return all;
}

describe('the model in a thread', () => {
  test('returns bit for bit the verdicts of the model in this thread, for any grouping of runs', async () => {
    const [thread, here] = await Promise.all([
      sileroThread()(bundledModelPath(), 16, never),
      sileroHere(bundledModelPath(), 16, never),
    ]);
    afterTest(() => Promise.all([thread.close(), here.close()]));
    const voices = ['en', 'en+f3', 'en-us'].map((voice) =>
      windowsOf(concat(silence(100), speak('put the kettle on', { voice }))),
    );
    const one = voices[0] ?? [];
    // One window of each voice per run; then many of one lane in a run, with one of another between.
    const apart = one.map((_, i) =>
      voices.flatMap((windows, lane) => windows.slice(i, i + 1).map((w) => row(lane, w))),
    );
    const together = [
      one.slice(0, 6).map((samples) => row(10, samples)),
      [...one.slice(6, 11).map((samples) => row(10, samples)), row(11, one[3]), row(10, one[11])],
    ];
    // The beginning of each window, before the window itself.
    const early = one.map((samples) => [row(30, samples.subarray(0, 320)), row(30, samples)]);
    const alone = one.slice(0, 12).map((samples) => [row(20, samples)]);

    const hurried = await verdictsOf(here, early);
    const expected = await verdictsOf(here, [...apart, ...together]);

    expect(await verdictsOf(thread, early)).toEqual(hurried);
    expect(await verdictsOf(thread, [...apart, ...together])).toEqual(expected);
    const singly = (await verdictsOf(thread, alone)).flat();
    const [first = [], second = []] = expected.slice(-2);
    expect([...first, ...second.slice(0, 5), ...second.slice(6)]).toEqual(singly);
    expect(Math.max(...singly)).toBeGreaterThan(0.9);
    expect(hurried.map(([, whole]) => whole).slice(0, 12)).toEqual(singly);
  });

  test('keeps the state of a lane until it ends', async () => {
    const model = await sileroThread()(bundledModelPath(), 16, never);
    afterTest(() => model.close());
    const windows = windowsOf(speak('put the kettle on', { voice: 'en' })).slice(0, 8);
    const runs = windows.map((samples) => [row(1, samples)]);

    const first = await verdictsOf(model, runs);
    const goingOn = await verdictsOf(model, runs);
    model.end(1);
    const anew = await verdictsOf(model, runs);

    expect(goingOn).not.toEqual(first);
    expect(anew).toEqual(first);
  });

  test('sends ended lanes to the thread with the next run', async () => {
    const { model } = await scriptedModel(() =>
      scripted(
        `if (ended.join() !== (asked === 1 ? '' : asked === 2 ? '7,8' : '')) throw new Error('ended: ' + ended);`,
      ),
    );

    await model.run([row(7), row(8)]);
    model.end(7);
    model.end(8);

    await expect(model.run([row(9)])).resolves.toEqual(Float32Array.of(0.25));
    await expect(model.run([row(9)])).resolves.toEqual(Float32Array.of(0.25));
  });

  test('ends on close, also in the middle of a run', async () => {
    const { threads, startThread } = realThreads();
    const model = await sileroThread({ startThread })(bundledModelPath(), 16, never);
    const exits = threads.map((thread) => once(thread, 'exit'));

    const run = model.run([row(1), row(1), row(1)]);
    const outcome = expect(run).rejects.toMatchObject({ code: 'CANCELLED' });
    await Promise.all([model.close(), model.close()]);

    await outcome;
    expect(await Promise.all(exits)).toEqual([[0]]);
    await expect(model.run([row(1)])).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  test('rejects when loading is aborted, takes too long or fails', async () => {
    const mute =
      'setInterval(() => {}, 1e6); require("node:worker_threads").parentPort.on("message", () => process.exit());';
    const clock = new VirtualClock();
    const startThread = (thread: WorkerOptions) => new Worker(mute, { ...thread, eval: true });
    const aborted = new AbortController();
    const load = sileroThread({ clock, startThread, loadMs: 2_000 });

    const stopped = load('unused', 4, aborted.signal);
    const stoppedToo = expect(stopped).rejects.toMatchObject({ code: 'VAD_FAILED' });
    aborted.abort();
    await stoppedToo;
    await expect(load('unused', 4, aborted.signal)).rejects.toMatchObject({ code: 'VAD_FAILED' });

    const slow = expect(load('unused', 4, never)).rejects.toThrow('within 2000 ms');
    await clock.advance(2_000);
    await slow;
    await expect(sileroThread()('/no/such/model.onnx', 4, never)).rejects.toMatchObject({
      code: 'VAD_FAILED',
      message: expect.stringContaining('/no/such/model.onnx'),
    });
  });
});

describe('when its thread', () => {
  test.each([
    ['ends', 'process.exit(3);', 'code 3'],
    ['throws', 'throw new Error("out of memory");', 'out of memory'],
    ['sends garbage', 'return parentPort.postMessage({ type: "done", id: "one" });', 'id'],
  ])('%s, the run in hand rejects and the next has a new thread', async (_, misdeed, reason) => {
    const { model, threads, crashes } = await scriptedModel((start) => scripted(start === 0 ? misdeed : ''));

    await expect(model.run([row(1)])).rejects.toMatchObject({ code: 'ENGINE_CRASHED' });

    expect(await model.run([row(1), row(2)])).toEqual(Float32Array.of(0.25, 0.25));
    expect(threads).toHaveLength(2);
    expect(crashes).toEqual([expect.stringContaining(reason)]);
  });

  test('cannot run the model, it reports the reason and keeps running', async () => {
    const { model, threads } = await scriptedModel(() =>
      scripted(
        `if (asked === 1) return parentPort.postMessage({ type: 'failed', id, message: 'bad shape' });`,
      ),
    );

    await expect(model.run([row(1)])).rejects.toThrow('bad shape');

    expect(await model.run([row(1)])).toEqual(Float32Array.of(0.25));
    expect(threads).toHaveLength(1);
  });

  test('sends an unrequested answer, it is ignored', async () => {
    const { model } = await scriptedModel(() =>
      scripted(`parentPort.postMessage({ type: 'failed', id: id + 99, message: 'not you' });`),
    );

    expect(await model.run([row(1)])).toEqual(Float32Array.of(0.25));
  });

  test('hangs, it is abandoned after the time limit, and another continues', async () => {
    const hang = `if (asked === 1) { parentPort.postMessage({ type: 'done', id: -1 }); parentPort.removeAllListeners('message'); setInterval(() => {}, 1e6); return; }`;
    const { model, clock, threads, crashes } = await scriptedModel(
      (start) => scripted(start === 0 ? hang : ''),
      { stallMs: 1_000 },
    );
    const [first] = threads;
    if (!first) throw new Error('no thread');
    const stuck = model.run([row(1)]);
    const outcome = expect(stuck).rejects.toMatchObject({ code: 'ENGINE_CRASHED' });
    const next = outcome.then(() => model.run([row(2)]));

    // The thread got the run.
    await once(first, 'message');
    await clock.advance(1_000);
    await clock.advance(3_000);

    expect(await next).toEqual(Float32Array.of(0.25));
    expect(threads).toHaveLength(2);
    expect(crashes).toHaveLength(1);
  });

  test('dies repeatedly, another is started only after a pause, and runs reject meanwhile', async () => {
    const { model, clock, threads } = await scriptedModel(() => scripted('process.exit(1);'));

    for (let deaths = 1; deaths <= 3; deaths++)
      await expect(model.run([row(1)])).rejects.toMatchObject({ code: 'ENGINE_CRASHED' });
    await expect(model.run([row(1)])).rejects.toMatchObject({ code: 'ENGINE_CRASHED' });
    expect(threads).toHaveLength(3);

    await clock.advance(250);
    expect(threads).toHaveLength(4);
  });
});

test('streams in the run of a thread that dies get VAD_FAILED, the others are judged by the next thread', async () => {
  const crashes: string[] = [];
  let starts = 0;
  const load = sileroThread({
    onCrash: ({ code }) => crashes.push(code),
    startThread: (thread) =>
      new Worker(scripted(starts++ === 0 ? 'process.exit(1);' : ''), { ...thread, eval: true }),
  });
  const vad = sileroVad({ gate: false, maxBatch: 1 }, load);
  const failed = failureOf(vad, silence(40));
  const judged = listen(vad, silence(80));

  expect(await failed).toMatchObject({ code: 'VAD_FAILED', cause: { code: 'ENGINE_CRASHED' } });
  expect((await judged).map(({ probability }) => probability)).toEqual([0.25, 0.25]);
  expect(crashes).toEqual(['ENGINE_CRASHED']);
  await vad.close();
});

describe('a process with the detector', () => {
  /** Exit code of a process that has warmed the engine, pushed a second of noise into eight streams and then does `last`. */
  async function endOf(last: string): Promise<{ code: unknown; stderr: string }> {
    const silero = JSON.stringify(new URL('../../dist/adapters/vad/silero.js', import.meta.url).href);
    const script = `
      import { sileroVad } from ${silero};
      const vad = sileroVad({ gate: false, gatherMs: 0 });
      await vad.warm();
      const samples = Int16Array.from({ length: 16_000 }, (_, i) => ((i * 7919) % 4001) - 2000);
      let windows = 0;
      for (let i = 0; i < 8; i++) {
        const stream = vad.open(() => { if (++windows === 20) { ${last} } }, (error) => { throw error; });
        stream.push({ rate: 16_000, samples });
      }`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (data) => {
      stderr += data;
    });
    const [code] = await once(child, 'exit');
    return { code, stderr };
  }

  test.each([
    ['exits in the middle of a run', 'process.exit(7);', 7],
    ['closes it in the middle of a run', 'void vad.close();', 0],
    ['has no more to do', '', 0],
  ])('ends as it should when it %s', async (_, last, code) => {
    expect(await endOf(last)).toEqual({ code, stderr: '' });
  });
});

test('the whole engine gives the same verdicts with and without a thread', async () => {
  const sound = concat(silence(400), speak('three of clubs', { voice: 'en' }), silence(300));
  const verdicts = async (thread: boolean) => {
    const vad = sileroVad({ thread });
    afterTest(() => vad.close());
    return listen(vad, sound);
  };

  expect(await verdicts(true)).toEqual(await verdicts(false));
});

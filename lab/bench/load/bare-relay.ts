import WebSocket from 'ws';
import { z } from 'zod';
import { startProcess } from './child-process.ts';
import { monotonicMs } from './monotonic.ts';
import { callsById } from './reply-parts.ts';
import { enginesReport } from './reports.ts';
import { ENGINE_DELAYS, REPLY } from './world.ts';

const TURNS = 30;
const QUICK_TURNS = 4;
/** The first turns open connections and compile code. */
const WARM_UP = 10;
const QUICK_WARM_UP = 2;
const PAUSE_MS = 300;

/** Time that processes, sockets and Node's HTTP client need for the hops of a turn on this machine, with a bare relay instead of a server: the sum of all delays of a turn not caused by engines, in ms. A lower bound for every server that uses the same engines in the same way.
 */
export async function bareRelay(quick = false): Promise<number[]> {
  const warmUp = quick ? QUICK_WARM_UP : WARM_UP;
  const count = warmUp + (quick ? QUICK_TURNS : TURNS);
  const engines = startProcess({ module: 'engines-process' });
  const relay = startProcess({ module: 'bare-relay-process' });
  try {
    const address = await engines.ask('setup', { delays: ENGINE_DELAYS, reply: REPLY });
    const url = z.string().parse(await relay.ask('start', address));
    const socket = new WebSocket(url, { perMessageDeflate: false });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    const turns: { readonly sentMs: number; readonly firstFrameMs: number }[] = [];
    for (let turn = 0; turn < count; turn++) {
      await new Promise((resolve) => {
        setTimeout(resolve, PAUSE_MS);
      });
      const frame = new Promise<number>((resolve) => socket.once('message', () => resolve(monotonicMs())));
      const sentMs = monotonicMs();
      socket.send('now');
      turns.push({ sentMs, firstFrameMs: await frame });
    }
    const ended = new Promise((resolve) => socket.once('close', resolve));
    socket.close();
    await ended;
    const calls = [...callsById(enginesReport.parse(await engines.ask('take', undefined))).values()];
    return turns.slice(warmUp).flatMap(({ sentMs, firstFrameMs }) => {
      const call = calls.find(({ stt }) => stt && stt.receivedMs > sentMs && stt.receivedMs < firstFrameMs);
      const { stt, llm, tts } = call ?? {};
      const token = llm?.tokensMs[1];
      if (!stt || !llm || token === undefined || tts?.firstMs === undefined) return [];
      const theirs = stt.answeredMs - stt.receivedMs + token - llm.receivedMs + tts.firstMs - tts.receivedMs;
      return [firstFrameMs - sentMs - theirs];
    });
  } finally {
    await relay.stop();
    await engines.stop();
  }
}

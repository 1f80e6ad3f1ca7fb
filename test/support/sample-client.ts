import WebSocket from 'ws';
import { realClock } from '../../adapters/real-clock.ts';
import { decodeAudio } from '../../machines/audio-message.ts';
import { parseJson } from '../../machines/json.ts';
import { SUBPROTOCOL } from '../../machines/wire.ts';
import { Microphone } from '../../server/client/microphone.ts';
import { Speaker } from '../../server/client/speaker.ts';
import type { ClientProgram } from '../../server/conformance/kit.ts';
import type { Message } from '../../server/conformance/peer.ts';

/** Faults that can be planted in the sample client; which check each fails, and what that says. */
export const CLIENT_FAULTS = {
  'hello without actions': ['hello', 'hello lacks actions'],
  'hello with another token': ['hello', 'got another'],
  'a microphone at half speed': ['microphone', '% of real time'],
  'audio messages of 5 ms': ['microphone', 'an audio message of 160 bytes (5 ms)'],
  'played as received': ['played', 'were audible in real time'],
  'played rounded down': ['played', 'expected played {generation: 1, samples: 28968}'],
  'played once': ['played', '1 reports in 1.2 s'],
  'gaps count as played': ['played-gap', 'were audible in real time'],
  'ignores flush': ['flush', 'were audible when it was flushed'],
  'ignores playback': ['pause', 'were played in spite of the pause'],
  'pauses when it is ducked': ['duck', 'expected played {generation: 1, samples: 14400}'],
  'moves while it is held': ['hold', '1-slow reported progress'],
  'sends a result twice': ['action-done', 'action.result done of 1-wave, which has ended'],
  'loses the data of a result': ['action-done', 'expected data {"times":2}, got undefined'],
  'fails without a message': ['action-failed', 'the result has no message'],
  'does unknown actions': ['action-refused', 'expected 1-fly refused'],
  'reports cancelled actions': ['action-cancelled', 'action.result progress of 1-slow, which was cancelled'],
  'one action at a time': ['action-cancelled', 'expected an action.result of 1-wave'],
  'breaks at unknown messages': ['unknown', 'before the end'],
  'sends no pong': ['ping', 'expected a pong'],
  'does not reconnect': ['reconnect', 'expected a connection within 4000 ms'],
  'does not ask to resume': ['reconnect', 'hello asks for session undefined, epoch undefined'],
  'reports actions of the session before': ['reconnect', 'of 1-slow, which was not started here'],
  'reconnects at a constant pace': ['backoff', 'pauses of'],
  'leaves at a warning': ['drain', 'close 1000'],
  'reconnects after 4401': ['fatal-4401', 'it connected again'],
  'reconnects after 4409': ['fatal-4409', 'it connected again'],
} as const;
export type ClientFault = keyof typeof CLIENT_FAULTS;

/** Of the sound by which `played` is checked. */
const SOUND_SAMPLES = 28_968;
const FATAL = [4400, 4401, 4409, 4413];

/** A client that passes the conformance kit, but for its fault. */
export function sampleClient(url: string, token: string, fault?: ClientFault): ClientProgram {
  let stopped = false;
  let held = false;
  let socket: WebSocket;
  let hello: Record<string, unknown> = { type: 'hello', token, actions: 'results' };
  if (fault === 'hello without actions') hello = { type: 'hello', token };
  if (fault === 'hello with another token') hello.token = 'another';
  // A constant pace is seen by pauses that a busy machine does not make half as long again.
  const firstPauseMs = fault === 'reconnects at a constant pace' ? 2_000 : 200;
  let pauseMs = firstPauseMs;
  const slow = new Map<string, NodeJS.Timeout>();
  const send = (message: object | Uint8Array) => {
    if (socket.readyState !== WebSocket.OPEN) return;
    socket.send(message instanceof Uint8Array ? message : JSON.stringify(message));
  };
  const report = (id: unknown, status: string, more: object = {}) =>
    send({ type: 'action.result', id, status, ...more });
  const cancel = (id: string) => {
    clearInterval(slow.get(id));
    slow.delete(id);
  };

  const act = ({ id, name, args, status }: Message) => {
    if (status === 'cancelled') {
      if (fault !== 'reports cancelled actions') cancel(String(id));
    } else if (status !== 'started' || (fault === 'one action at a time' && slow.size > 0)) return;
    else if (name === 'wave') {
      const data =
        fault === 'loses the data of a result' ? {} : { data: { times: (args as { times: number }).times } };
      report(id, 'done', data);
      if (fault === 'sends a result twice') report(id, 'done', data);
    } else if (name === 'fail')
      report(id, 'failed', fault === 'fails without a message' ? {} : { message: 'no' });
    else if (name === 'slow')
      slow.set(
        String(id),
        setInterval(() => held || report(id, 'progress'), 200),
      );
    else report(id, fault === 'does unknown actions' ? 'done' : 'refused');
  };

  const connect = () => {
    socket = new WebSocket(`${url}/v1/session`, SUBPROTOCOL, { autoPong: fault !== 'sends no pong' });
    let speaker = new Speaker(24_000, realClock.nowMs());
    let microphone: Microphone | undefined;
    let received = 0;
    let reported = '';
    let started = 0;
    let isWanted = false;
    const played = () => {
      const nowMs = realClock.nowMs();
      speaker.advance(nowMs);
      const { generation } = speaker.played;
      let { samples } = speaker.played;
      if (fault === 'played as received') samples = received;
      if (fault === 'played rounded down') samples -= samples % 4_800;
      if (fault === 'gaps count as played' && started > 0) samples = Math.floor((nowMs - started) * 24);
      if (fault === 'played once' && samples < SOUND_SAMPLES) return;
      const message = { type: 'played', generation, samples };
      if (samples > 0 && JSON.stringify(message) !== reported) send(message);
      reported = JSON.stringify(message);
    };
    const ticker = setInterval(played, 100);
    socket.on('open', () => send(hello));
    socket.on('error', () => {});
    socket.on('message', (data: Buffer, isBinary) => {
      const nowMs = realClock.nowMs();
      if (isBinary) {
        const frame = decodeAudio(data);
        if (!frame) return;
        if (started === 0) started = nowMs;
        received += frame.pcm.length / 2;
        return speaker.receive(frame, new Int16Array(Uint8Array.from(frame.pcm).buffer), nowMs);
      }
      const message = parseJson(data.toString()) as Message;
      isWanted = message.fatal === true && message.retryAfterMs !== undefined;
      if (message.type === 'ready') {
        speaker = new Speaker(24_000, nowMs);
        pauseMs = firstPauseMs;
        if (fault !== 'does not ask to resume')
          hello = { ...hello, session: message.session, epoch: message.epoch };
        let frames = 0;
        microphone = new Microphone(realClock, (frame) => {
          frames += 1;
          const bytes = new Uint8Array(frame.buffer);
          if (fault === 'a microphone at half speed' && frames % 2 === 0) return;
          send(fault === 'audio messages of 5 ms' ? bytes.subarray(0, 160) : bytes);
        });
      } else if (message.type === 'flush' && fault !== 'ignores flush')
        speaker.flush(Number(message.generation), nowMs);
      else if (message.type === 'playback' && fault !== 'ignores playback')
        speaker.setPaused(
          message.state === 'paused' || (message.state === 'ducked' && fault === 'pauses when it is ducked'),
          nowMs,
        );
      else if (message.type === 'hold') held = message.held === true && fault !== 'moves while it is held';
      else if (message.type === 'action') act(message);
      else if (message.type === 'weather' && fault === 'breaks at unknown messages') socket.close(1000);
      else if (message.code === 'DRAINING' && fault === 'leaves at a warning') socket.close(1000);
    });
    socket.on('close', (code) => {
      clearInterval(ticker);
      microphone?.close();
      if (fault !== 'reports actions of the session before') for (const id of slow.keys()) cancel(id);
      const isFatal = FATAL.includes(code) && !isWanted && fault !== `reconnects after ${code}`;
      if (stopped || isFatal || fault === 'does not reconnect') return;
      setTimeout(() => !stopped && connect(), pauseMs);
      if (fault !== 'reconnects at a constant pace') pauseMs *= 2;
    });
  };
  connect();
  return {
    exited: new Promise(() => {}),
    stop: async () => {
      stopped = true;
      for (const id of slow.keys()) cancel(id);
      socket.terminate();
    },
  };
}

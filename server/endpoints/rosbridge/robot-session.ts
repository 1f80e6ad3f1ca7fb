import type { RosRobot } from '../../../adapters/action/ros/robot.ts';
import { type InputRate, type OutputRate, samplesInMs } from '../../../machines/audio.ts';
import { type ErrorRecord, ParleyError } from '../../../machines/errors.ts';
import type { ActionReport, SessionMessage } from '../../../machines/wire.ts';
import type { Door, SessionHandle } from '../../door/door.ts';
import { TRUSTED } from '../../door/holder.ts';
import { audioMessage, inJson, RosMicrophone } from './audio.ts';
import { Answers, commandOf } from './commands.ts';
import { PUBLISHED, SERVICES, type ServiceName, topicOf } from './interfaces.ts';
import { MappedTopics } from './mapped-topics.ts';
import type { RobotOptions } from './robot-options.ts';

/** Name of the endpoint of these sessions in metrics and logs. */
export const ROS_ROBOT = 'ros-robot';
const BYTES_PER_SAMPLE = 2;
/** Audio given to the door at once. */
const PIECE_MS = 100;
/** Time without a session after one was refused or ended with an error. */
const PAUSE_MS = 2_000;

/** What to connect the robot with. */
export interface RobotParts {
  readonly robot: RosRobot;
  readonly ros: RobotOptions;
}

type ActionMessage = Extract<SessionMessage, { type: 'action' }>;

/**
 * The conversation with a robot that Parley has dialled: microphone, loudspeaker and messages over topics of the robot,
 * and its actions by their mapping. One session at a time; the first words open it, and the end of the connection
 * ends it.
 */
export class RobotSession {
  readonly #door: Door;
  readonly #parts: RobotParts;
  readonly #answers = new Answers();
  readonly #running = new Map<string, AbortController>();
  readonly #microphone: RosMicrophone;
  readonly #topics: MappedTopics;
  #session: SessionHandle | undefined;
  #refusedUntilMs = 0;

  constructor(door: Door, parts: RobotParts) {
    this.#door = door;
    this.#parts = parts;
    const { microphoneRate, audioType } = parts.ros;
    this.#topics = new MappedTopics(parts.ros);
    this.#microphone = new RosMicrophone(microphoneRate, door.resamplers);
    this.#microphone.type = audioType;
  }

  /** Declares everything to the robot, and connects. */
  start(): void {
    const { robot, ros } = this.#parts;
    const { link } = robot;
    for (const [topic, type] of Object.entries(PUBLISHED))
      if (topic !== '/parley/audio/out') link.advertise(topic, type);
    for (const [topic, type] of Object.entries(this.#topics.published)) link.advertise(topic, type);
    for (const [topic, type] of Object.entries(this.#topics.taken))
      link.subscribe(topic, type, (msg) => this.#event(topic, msg));
    if (ros.loudspeaker) link.advertise(ros.loudspeaker, ros.audioType);
    if (ros.microphone) link.subscribe(ros.microphone, ros.audioType, (msg) => this.#hear(msg));
    for (const service of ['/parley/text', '/parley/say'] as const)
      link.subscribe(service, PUBLISHED['/parley/state'], (msg) => this.#say(service, msg));
    for (const service of ['/parley/halt', '/parley/rearm', '/parley/interrupt'] as const)
      link.serve(service, SERVICES[service], () => ({ ...this.#command(service, {}) }));
    link.onLost(() => this.#end());
    link.start();
  }

  close(): void {
    this.#parts.robot.link.close();
    this.#microphone.close();
    this.#end();
  }

  #hear(msg: unknown): void {
    const { ros } = this.#parts;
    const pcm = this.#microphone.take(msg);
    if (typeof pcm === 'string') {
      this.#door.log.warn({ topic: ros.microphone, problem: pcm }, 'audio of the robot cannot be used');
      return;
    }
    const piece = samplesInMs(PIECE_MS, ros.microphoneRate) * BYTES_PER_SAMPLE;
    const session = this.#open();
    for (let at = 0; at < pcm.byteLength; at += piece) session?.audio(pcm.subarray(at, at + piece));
  }

  /** A refusal is published as any error of the session. */
  #say(service: '/parley/text' | '/parley/say', msg: unknown): void {
    const text = typeof msg === 'object' && msg !== null && 'data' in msg ? msg.data : undefined;
    const command = commandOf(service, { text });
    if (typeof command !== 'string') this.#open()?.command(command);
    else this.#door.log.warn({ topic: service, problem: command }, 'words of the robot cannot be used');
  }

  /** A message on a topic that the configuration maps to an event. */
  #event(topic: string, msg: unknown): void {
    const event = this.#topics.eventOf(topic, msg);
    const session = typeof event === 'string' ? undefined : this.#open();
    const { message } = typeof event === 'string' ? { message: event } : this.#answers.give(session, event);
    if (message !== '')
      this.#door.log.warn({ topic, problem: message }, 'an event of the robot cannot be used');
  }

  #command(service: ServiceName, args: object) {
    const command = commandOf(service, args);
    if (typeof command === 'string') return { success: false, message: command };
    const session = this.#open();
    if (!session) return { success: false, message: 'no session can begin at the moment' };
    return this.#answers.give(session, command);
  }

  /** The session, which the first message for it opens. */
  #open(): SessionHandle | undefined {
    const { ros } = this.#parts;
    if (this.#session || this.#door.clock.nowMs() < this.#refusedUntilMs) return this.#session;
    try {
      this.#session = this.#door.open(
        {
          ...{ endpoint: ROS_ROBOT, caller: TRUSTED, results: true, echo: ros.echo, playbackControl: 'drop' },
          // The configuration knows these rates only.
          inputRate: ros.microphoneRate as InputRate,
          outputRate: ros.loudspeakerRate as OutputRate,
          ...(!ros.microphone && { input: 'text' }),
          ...(!ros.loudspeaker && { output: 'text' }),
        },
        {
          opened: () => {},
          message: (message) => this.#message(message),
          audio: ({ pcm }) => this.#play(pcm),
          draining: () => {},
          ended: (error) => {
            if (error) this.#pause(error, 'the session of the robot ended');
            this.#forget();
          },
        },
      );
    } catch (error) {
      if (!(error instanceof ParleyError)) throw error;
      this.#pause(error, 'the robot got no session');
    }
    return this.#session;
  }

  /** What went wrong with a session shall not happen with each further message. */
  #pause({ code, message }: ErrorRecord, what: string): void {
    const { clock, log } = this.#door;
    this.#refusedUntilMs = clock.nowMs() + PAUSE_MS;
    log.warn({ session: this.#session?.session, code, error: message }, what);
  }

  #message(message: SessionMessage): void {
    this.#door.counters.messagesOut += 1;
    if (message.type === 'error' && this.#answers.takes(message)) return;
    this.#parts.robot.link.publish(topicOf(message), { data: JSON.stringify(message) });
    const report = this.#topics.reportOf(message);
    if (report) this.#parts.robot.link.publish(report.topic, report.msg);
    if (message.type === 'action') this.#onAction(message);
  }

  #play(pcm: Uint8Array): void {
    this.#door.counters.audioMessagesOut += 1;
    const { robot, ros } = this.#parts;
    const msg = audioMessage(pcm, ros.loudspeakerRate, ros.audioType);
    robot.link.publish(ros.loudspeaker, { ...Object(inJson(msg)) });
  }

  #onAction({ id, name, args, status, runs }: ActionMessage): void {
    if (status === 'progress' || runs) return;
    if (status !== 'started') {
      this.#running.get(id)?.abort(new ParleyError('CANCELLED'));
      this.#running.delete(id);
      return;
    }
    const controller = new AbortController();
    const { signal } = controller;
    this.#running.set(id, controller);
    const report = (what: ActionReport) => {
      if (signal.aborted) return;
      const { success, message } = this.#answers.report(this.#session, id, what);
      const session = this.#session?.session;
      if (!success) this.#door.log.warn({ session, action: name, problem: message }, 'a result was refused');
    };
    this.#parts.robot.execute(name, args, signal, report).then(report, (error: Error) => {
      if (!signal.aborted) report({ status: 'failed', message: error.message });
    });
  }

  #end(): void {
    this.#session?.close('lost');
    this.#forget();
  }

  #forget(): void {
    this.#session = undefined;
    for (const controller of this.#running.values()) controller.abort(new ParleyError('CANCELLED'));
    this.#running.clear();
  }
}

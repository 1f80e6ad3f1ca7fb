import { pause } from '../../../actors/cancellation.ts';
import type { RosMapping } from '../../../actors/dialog/mod.ts';
import type { ActionPort } from '../../../actors/ports/action.ts';
import type { Clock } from '../../../machines/clock.ts';
import { ParleyError } from '../../../machines/errors.ts';
import type { JsonObject } from '../../../machines/json.ts';
import type { ActionReport } from '../../../machines/wire.ts';
import type { RosEnd, RosLink, RosLinkOptions } from './link.ts';

/** A service call that asks the robot to stop something takes no longer. */
const STOP_MS = 5_000;

export interface RosRobotOptions {
  readonly link: RosLink;
  readonly clock: Clock;
  readonly log: RosLinkOptions['log'];
  /** What executes each action of the dialog, by the action’s name. */
  readonly mappings: ReadonlyMap<string, RosMapping>;
  /** Duration of actions in ms, by name. */
  readonly durationsMs: ReadonlyMap<string, number | undefined>;
}

/** A robot behind its `rosbridge_server`: executes the actions of the dialog that have a mapping. */
export class RosRobot {
  readonly link: RosLink;
  readonly #options: RosRobotOptions;

  constructor(options: RosRobotOptions) {
    this.link = options.link;
    this.#options = options;
  }

  /**
   * Executes an action and resolves with its end. Aborting `signal` stops it on the robot and rejects with CANCELLED.
   * `progress` receives the feedback of a ROS 2 action.
   */
  async execute(
    name: string,
    args: JsonObject,
    signal: AbortSignal,
    progress: (report: ActionReport) => void = () => {},
  ): Promise<ActionReport> {
    const mapping = this.#options.mappings.get(name);
    if (!mapping) return { status: 'refused', message: `${name} has no \`ros\` in the dialog file` };
    const { values, failure } = await this.#run(name, mapping, args, signal, progress);
    const report = reportOf(values);
    return failure === undefined ? report : { ...report, status: 'failed', message: failure };
  }

  /** Actions with a mapping go to the robot, others to `others`, and so do those whose client reports results. */
  port(others: ActionPort): ActionPort {
    return {
      run: async (request, signal) => {
        const { name, args, reported } = request;
        if (reported || !this.#options.mappings.has(name)) return others.run(request, signal);
        const { status, message, data } = await this.execute(name, args, signal);
        if (status !== 'done') throw new ParleyError('ACTION_FAILED', message);
        return data ?? null;
      },
    };
  }

  async #run(
    name: string,
    mapping: RosMapping,
    args: JsonObject,
    signal: AbortSignal,
    progress: (report: ActionReport) => void,
  ): Promise<RosEnd> {
    const { link, clock, durationsMs } = this.#options;
    if ('action' in mapping)
      return link.pursue(mapping.action, mapping.type, args, signal, (values) =>
        progress({ ...reportOf(values), status: 'progress' }),
      );
    if ('service' in mapping) {
      const { service, type, cancel } = mapping;
      const stop = () => void this.#stop(cancel);
      if (cancel) signal.addEventListener('abort', stop, { once: true });
      return link.call(service, type, args, signal).finally(() => signal.removeEventListener('abort', stop));
    }
    const { topic, stop } = mapping;
    if (!link.connected) return { failure: 'the robot is not connected' };
    link.publish(topic, args);
    try {
      await pause(clock, durationsMs.get(name) ?? 0, signal);
    } finally {
      if (stop) link.publish(topic, stop);
    }
    return {};
  }

  async #stop(service: string | undefined): Promise<void> {
    if (!service) return;
    const { link, clock, log } = this.#options;
    const limit = new AbortController();
    const timer = clock.setTimer(STOP_MS, () => limit.abort());
    const { failure } = await link
      .call(service, 'std_srvs/Trigger', {}, limit.signal)
      .catch(() => ({ failure: 'no response' }));
    if (failure !== undefined) log.warn({ service, failure }, 'the robot was not stopped');
    timer.cancel();
  }
}

/** The end that a response or result means: `success: false` is a failure, and `message` is for people. */
function reportOf(values: unknown): ActionReport {
  if (typeof values !== 'object' || values === null || Array.isArray(values)) return { status: 'done' };
  // From JSON; its size is checked where it enters the session.
  const data = values as JsonObject;
  const { success, message } = data;
  return {
    status: success === false ? 'failed' : 'done',
    ...(typeof message === 'string' && message !== '' && { message }),
    ...(Object.keys(data).length > 0 && { data }),
  };
}

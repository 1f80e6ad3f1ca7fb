import { type Dialog, dialogActions, rosMappings } from '../actors/dialog/mod.ts';
import type { ActionPort } from '../actors/ports/action.ts';
import { clientAction } from '../adapters/action/client-action.ts';
import { RosLink } from '../adapters/action/ros/link.ts';
import { RosRobot } from '../adapters/action/ros/robot.ts';
import { realClock } from '../adapters/real-clock.ts';
import type { Config } from './config/schema.ts';
import type { Logger } from './log.ts';

/** The robot that this server dials; undefined without `ros.url`. */
export function robotOf({ ros: { url } }: Config, dialog: Dialog, log: Logger): RosRobot | undefined {
  if (url === undefined) return undefined;
  const shared = { clock: realClock, log };
  return new RosRobot({
    ...{ ...shared, link: new RosLink({ url, ...shared }) },
    ...{ mappings: rosMappings(dialog), durationsMs: dialogActions(dialog) },
  });
}

/** Executes the dialog's actions: on the robot, or by the clients. */
export function executorOf(dialog: Dialog, robot: RosRobot | undefined): ActionPort {
  const byClients = clientAction({ clock: realClock, durationsMs: dialogActions(dialog) });
  return robot?.port(byClients) ?? byClients;
}

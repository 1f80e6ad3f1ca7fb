import type { Json } from '../../json.ts';
import type { Happened, resultIn } from '../actions.ts';
import type { Floor } from '../floor.ts';
import { RunningAct } from './act.ts';

/** Calls a tool of the server, HTTP or MCP, and ends with its result. */
export class RunningTool extends RunningAct {
  override begin(floor: Floor): void {
    const { name, args = {} } = this.plain.input;
    const tool = floor.context.tools?.find((one) => one.name === name);
    const fault = tool ? this.host.program.fits(tool.parameters, args) : `the server has no tool "${name}"`;
    if (fault === undefined) super.begin(floor);
    else this.end('error', { code: 'refused', message: fault }, floor);
  }

  /** A result that is not an object becomes the member `result` of one. */
  protected override output(data: ReturnType<typeof resultIn>['data'], event: Happened | undefined): Json {
    return data ?? (event?.result === undefined ? {} : { result: event.result });
  }
}

import type { Json, JsonObject } from '../../machines/json.ts';

export interface ActionRequest {
  readonly session: string;
  readonly id: string;
  readonly name: string;
  readonly args: JsonObject;
  /** Idempotency key, `<session>/<turn>/<call>`. The call starts at most once; its record is durable by then. */
  readonly key?: string;
  /**
   * The session's client reports the result. A port that leaves the action to the client waits for the abort, which
   * comes with the result.
   */
  readonly reported?: true;
}

/** Port to the robot. */
export interface ActionPort {
  /**
   * Resolves when the action is done. Aborting `signal` stops the robot and ends it with CANCELLED. Rejects with
   * ACTION_FAILED.
   */
  run(request: ActionRequest, signal: AbortSignal): Promise<Json>;
}

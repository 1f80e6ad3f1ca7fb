import type { ErrorCode } from '../../machines/errors.ts';

/** A connection that may become a session. */
export interface Visitor {
  /** Network address of the client. */
  readonly address: string;
  /** Another server passed it on, and has counted it. Default: no. */
  readonly relayed?: boolean | undefined;
  /** Asks the client to leave, with the reason. */
  refuse(code: ErrorCode, detail?: string): void;
  /** Closes the connection at once. */
  terminate(): void;
}

/** A connection registered at the door. */
export interface Visit {
  /** It has a session and no longer counts as waiting. */
  admitted(): void;
  /** Its connection has closed, with this close code if its protocol has one. */
  left(closeCode?: number): void;
}

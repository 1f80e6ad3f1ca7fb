/** A small fault: `put` in place of `find`, which occurs in `file` once. */
export interface Mutation {
  readonly what: string;
  readonly file: string;
  readonly find: string;
  readonly put: string;
  /** Test files of the project `virtual` that must find it, in place of the simulator. */
  readonly tests?: readonly string[];
  /** Why it need not be found. */
  readonly harmless?: string;
}

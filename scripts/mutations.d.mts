/** A small fault: `put` in place of `find`, which occurs in `file` once. */
export interface Mutation {
  readonly what: string;
  readonly file: string;
  readonly find: string;
  readonly put: string;
  /** Why the simulator need not find it. */
  readonly harmless?: string;
}
export const MUTATIONS: readonly Mutation[];

/** Everything that must be closed, in the order of its making. */
export type Closers = (() => Promise<void>)[];

/** Last made, first closed. */
export async function closeAll(closers: Closers): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
}

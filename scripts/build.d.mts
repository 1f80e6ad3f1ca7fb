/** Compiles the sources to dist/ if they are newer. Exits with 1, after the compiler's messages, if they do not compile. */
export function ensureBuilt(options: { readonly checked: boolean }): Promise<void>;

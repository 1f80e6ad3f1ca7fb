/** Moves the files of `from` that `to` lacks, or has with another content, to `to`: each whole. */
export function replaceFiles(from: string, to: string): void;

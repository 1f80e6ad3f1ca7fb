/** A process that runs sessions, as the records of several servers name it. */
export interface Owner {
  /** Where clients and other servers reach it, such as `ws://10.0.0.2:7400`. */
  readonly url: string;
  /** Id of the process; never used again. */
  readonly id: string;
}

/** The name of an owner in a record. */
export function ownerName({ url, id }: Owner): string {
  return `${url}#${id}`;
}

/** Whom a record names; undefined if its process has left the session. */
export function ownerOf(name: string): Owner | undefined {
  const end = name.lastIndexOf('#');
  return end < 0 ? undefined : { url: name.slice(0, end), id: name.slice(end + 1) };
}
